"""Lines and CSV rows out of a file's bytes, in bounded memory (pure)."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from metering.imports.faults import RowCode, RowFault
from metering.imports.text import Texture

__all__ = ("MAX_ROW", "Numbered", "csv_rows", "text_lines")

MAX_ROW = 1_000_000
"""How many characters a row may have."""

Numbered: TypeAlias = tuple[int, list[str] | RowFault]
"""A row's number in the file (the header is row 1) and its cells, or why it has none."""

_SURROGATES = range(0xDC80, 0xDD00)


def text_lines(chunks: Iterable[bytes], encoding: str, newline: str = "\n") -> Iterator[str]:
    """Yield lines with their ends; bytes that are not of the encoding become lone surrogates.

    A line beyond `MAX_ROW` is cut there: whoever reads it refuses it for its length.
    """
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    decode = codecs.getincrementaldecoder(encoding)(errors).decode
    rest = ""
    for chunk in chunks:
        lines = (rest + decode(chunk)).split(newline)
        rest = lines.pop()[: MAX_ROW + 1]
        for line in lines:
            yield line + "\n"
    last = rest + decode(b"", True)
    *lines, last = last.split(newline)
    yield from (line + "\n" for line in lines)
    if last:
        yield last


def csv_rows(chunks: Iterable[bytes], texture: Texture, newline: str = "\n") -> Iterator[Numbered]:
    """Yield the rows of a CSV file (RFC 4180), the header first; blank lines are left out.

    A row that breaks the rules is yielded as a fault and reading goes on with the next line.
    """
    lines = text_lines(chunks, texture.encoding, newline)
    first = next(lines, "")
    if first[:4].lower() != "sep=" or len(first.strip()) != 5:
        lines = _before(first, lines)
    reader = csv.reader(lines, delimiter=texture.delimiter, strict=True)
    number, width = 0, 0
    while True:
        begun = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield number, _unreadable(str(error), begun + 1, reader.line_num)
            continue
        if not cells:
            continue
        number += 1
        width = width or len(cells)
        yield number, cells if len(cells) == width else _misshapen(len(cells), width)


def _before(first: str, lines: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from lines


def _unreadable(error: str, first: int, last: int) -> RowFault:
    if "unexpected end" in error or "field limit" in error or last > first:
        where = f"in line {first}" if last <= first else f"in lines {first} to {last}"
        detail = f"A quotation mark is opened {where} and not closed as it should be. Was the file cut off?"
        return RowFault(RowCode.ROW_UNREADABLE, "", detail)
    if "field larger" in error:
        return RowFault(RowCode.ROW_TOO_LARGE, "", "A field has more than 131,072 characters. Shorten it.")
    detail = 'A quotation mark stands inside a field. Double it ("") and put the whole field in quotation marks.'
    return RowFault(RowCode.ROW_UNREADABLE, "", detail)


def _misshapen(count: int, width: int) -> RowFault:
    if count < width:
        detail = f"The row has {count} of {width} fields. Was the file cut off here?"
        return RowFault(RowCode.ROW_SHORT, "", detail)
    detail = (
        f"The row has {count} fields where the header has {width}. Put fields with the delimiter in quotation marks."
    )
    return RowFault(RowCode.ROW_LONG, "", detail)


def undecodable(cells: Iterable[str]) -> int:
    """Return the place of the first cell with bytes that are not of the file's encoding, or -1."""
    for at, cell in enumerate(cells):
        if not cell.isascii() and any(ord(letter) in _SURROGATES for letter in cell):
            return at
    return -1
