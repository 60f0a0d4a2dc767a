"""What a file is: looked at once while it comes in, then its encoding and delimiter (pure)."""

import codecs
import csv
import hashlib
from dataclasses import dataclass, field

from metering.imports.columns import locate, norm
from metering.imports.encodings import BEFORE_UNICODE, ENCODINGS, Suspicion, encoding_fault
from metering.imports.faults import FileFault
from metering.imports.mapping import Mapping

__all__ = ("DELIMITERS", "ENCODINGS", "HEAD", "Scan", "Texture", "delimiter_of", "encoding_of", "format_of")

HEAD = 262_144
"""How much of a file is looked at to tell what it is."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_DELIMITERS = "\"' .-+_\r\n"
"""Marks that stand in cells themselves."""
_EXCEL = "an Excel workbook or another archive. Save the sheet as CSV, or unpack what is in it."
_PACKED = "packed. Unpack it, and send what was in it."
_PAGE = "no table. Export it as CSV, NDJSON or Parquet."
_OTHER_KINDS = {
    b"pk\x03\x04": _EXCEL, b"\xd0\xcf\x11\xe0": _EXCEL, b"\x1f\x8b": _PACKED, b"\x28\xb5\x2f\xfd": _PACKED,
    b"bzh": _PACKED, b"7z\xbc\xaf": _PACKED, b"%pdf": _PAGE, b"<html": _PAGE, b"<!doctype": _PAGE, b"<table": _PAGE,
    b"<?xml": _PAGE,
}  # fmt: skip
"""How files begin (in lower case) that are often taken for tables, and what to do with them."""
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(slots=True)
class Scan:
    """What was seen of a file's bytes, in one pass and bounded memory."""

    size: int = 0
    newlines: int = 0
    head: bytes = b""
    utf8: bool = True
    """Whether all bytes up to now are UTF-8."""
    multibyte: bool = False
    """Whether there was a character of more than one byte before the first wrong one."""
    wrong_at: int = -1
    """Where the first byte stands that is not UTF-8."""
    suspicion: Suspicion = field(default_factory=Suspicion)
    """What its bytes would be in encodings from before Unicode, where it is not UTF-8."""
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(chunk)
        self.newlines += chunk.count(b"\n")
        if len(self.head) < HEAD:
            self.head += chunk[: HEAD - len(self.head)]
        if self.utf8:
            try:
                self._decoder.decode(chunk)
                self.multibyte = self.multibyte or not chunk.isascii()
            except UnicodeDecodeError as error:
                self.utf8, self.wrong_at = False, self.size + error.start
                self.multibyte = self.multibyte or not error.object[: error.start].isascii()
        if not self.utf8:
            self.suspicion.feed(chunk)
        self.size += len(chunk)

    def end(self) -> None:
        """Say that no more comes: a character that is cut off is wrong too."""
        if self.utf8:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.utf8, self.wrong_at = False, self.size

    @property
    def sha256(self) -> bytes:
        """The file's identity."""
        return self._digest.digest()


@dataclass(frozen=True, slots=True)
class Texture:
    """How a text file is written, and in sentences what was assumed."""

    encoding: str
    delimiter: str
    assumed: tuple[str, ...]


def format_of(head: bytes, content_type: str, file_name: str) -> str:
    """Tell csv, ndjson or parquet: by its first bytes, else by what the sender says, else by its look."""
    if head[:4] == b"PAR1":
        return "parquet"
    for mark, said in _OTHER_KINDS.items():
        if head[: len(mark)].lower() == mark:
            raise FileFault("import_unreadable", f"The file is {said}")
    media = content_type.partition(";")[0].strip().lower()
    ending = file_name.rpartition(".")[2].lower()
    if "parquet" in media or ending == "parquet":
        raise FileFault("import_unreadable", "The file is not Parquet: it does not begin with PAR1. Was it cut off?")
    if media in ("application/x-ndjson", "application/ndjson", "application/jsonl") or ending in ("ndjson", "jsonl"):
        return "ndjson"
    if "csv" in media or "tab-separated" in media or ending in ("csv", "tsv"):
        return "csv"
    return "ndjson" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else "csv"


def encoding_of(scan: Scan, given: str | None) -> tuple[str, str]:
    """Return the encoding and a sentence on how it is known.

    Raises:
        FileFault: it can't be told for sure (`import_encoding_unclear`).
    """
    fault = encoding_fault(scan.suspicion, given, utf8=scan.utf8 and scan.multibyte) if given is not None else ""
    if fault:
        raise FileFault("import_encoding_unclear", fault, "encoding")
    if given is not None:
        if given == "utf-16" and scan.head[:2] not in _WIDE_MARKS:
            return "utf-16-le", "Read as UTF-16, little end first, as asked."
        return ENCODINGS[given], f"Read as {given}, as asked."
    marked = _marked(scan.head)
    if marked is not None:
        return marked
    if scan.utf8 and b"\x1b" in scan.head:
        detail = "The file has escape sequences as ISO-2022-JP has them. Say encoding=iso-2022-jp, or save it as UTF-8."
        raise FileFault("import_encoding_unclear", detail, "encoding")
    return ("utf-8", "All bytes are valid UTF-8.") if scan.utf8 else _single_byte(scan)


def _marked(head: bytes) -> tuple[str, str] | None:
    """Return what a byte-order mark says, or the zeros of UTF-16 without one."""
    if head[:3] == codecs.BOM_UTF8:
        return "utf-8-sig", "The byte-order mark says UTF-8."
    if head[:2] in _WIDE_MARKS:
        return "utf-16", "The byte-order mark says UTF-16."
    wide = _wide(head)
    return (wide, f"Every other byte is 0: read as {wide.upper()} without a byte-order mark.") if wide else None


def _wide(head: bytes) -> str:
    even, odd = head[0:2000:2], head[1:2000:2]
    if len(odd) < 2:
        return ""
    if odd.count(0) > len(odd) * 0.7 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > len(even) * 0.7 and odd.count(0) < len(odd) * 0.1 else ""


def _single_byte(scan: Scan) -> tuple[str, str]:
    where = f"byte {scan.wrong_at + 1:,}"
    hint = "Save the file as UTF-8, or say encoding=utf-8 (rows with wrong bytes are then reported) or which it is:"
    hint = f"{hint} {', '.join(BEFORE_UNICODE)}."
    if scan.multibyte:
        raise FileFault(
            "import_encoding_unclear",
            f"The file has characters in UTF-8 and, at {where}, one that is not. {hint}",
            "encoding",
            [("utf-8", "")],
        )
    if 0 in scan.head or any(byte in scan.head for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)):
        raise FileFault(
            "import_encoding_unclear",
            f"The file is neither UTF-8 (see {where}) nor Windows-1252. Is it a text file? {hint}",
            "encoding",
        )
    if scan.suspicion.doubtful:
        ways = scan.suspicion.readings()
        read = f" It may read {', '.join(f'“{text}” ({name})' for name, text in ways)}." if ways else ""
        detail = f"The file is not UTF-8 (see {where}), and its bytes do not tell which encoding it is.{read} {hint}"
        raise FileFault("import_encoding_unclear", detail, "encoding", ways)
    return "cp1252", f"Not UTF-8 (see {where}): read as Windows-1252."


def delimiter_of(head: str, mapping: Mapping, given: str | None) -> tuple[str, str]:
    """Return the delimiter and a sentence on how it is known: by the mapping's columns, else by the header.

    Raises:
        FileFault: it can't be told (`import_delimiter_unclear`).
    """
    if given is not None:
        return given, f"The fields are separated by {_NAMES.get(given, given)}, as asked."
    first = head.partition("\n")[0].strip()
    if first[:4].lower() == "sep=" and len(first) == 5:
        if first[4].isalnum() or first[4] in _NO_DELIMITERS:
            detail = f"The first line says sep={first[4]}, which can't separate fields. Write sep=; or say delimiter=…."
            raise FileFault("import_delimiter_unclear", detail, "delimiter")
        return first[4], f"The first line says that fields are separated by {_NAMES.get(first[4], first[4])}."
    found = {}
    for mark in _NAMES:
        names = _header(head, mark)
        known = len(locate(mapping, names))
        found[mark] = (known, len({norm(name) for name in names}))
    best = max(found, key=lambda mark: found[mark])
    if found[best] == (0, 1):
        detail = (
            f"Nothing that is known separates the fields of the first row, “{first[:60]}”: it has no comma,"
            " semicolon, tab or pipe. Where it is no header, delete the lines above it; else write sep= and the mark as"
            " the first line, or save the file with one of these."
        )
        raise FileFault("import_delimiter_unclear", detail, "delimiter")
    if [found[mark][0] for mark in found].count(found[best][0]) > 1 and found[best][0]:
        tied = [mark for mark in found if found[mark][0] == found[best][0]]
        if len({found[mark] for mark in tied}) < len(tied):
            marks = " or ".join(_NAMES[mark] for mark in tied)
            detail = f"The fields may be separated by {marks}. Say delimiter=… with one of {', '.join(DELIMITERS)}."
            raise FileFault("import_delimiter_unclear", detail, "delimiter", [(_NAMES[mark], "") for mark in tied])
    return best, f"The fields are separated by {_NAMES[best]}."


def _header(head: str, mark: str) -> list[str]:
    try:
        return next(csv.reader(head.splitlines(keepends=True), delimiter=mark), [])
    except csv.Error:
        return []
