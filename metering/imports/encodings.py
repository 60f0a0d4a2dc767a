"""Encodings from before Unicode: which may be said of a file, and when its bytes do not tell (pure).

In one of 256 characters every byte is a letter somewhere: ř is ø where Czech is read as Western
European. A file is taken for Windows-1252 only where all that it has beyond ASCII reads alike in the
Latin encodings of Windows and stands as in Latin words; else whoever sends it says which one it is.
"""

import re
from dataclasses import dataclass, field

__all__ = ("BEFORE_UNICODE", "ENCODINGS", "Suspicion", "encoding_fault")

_ONE_BYTE = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso-8859-2",
    "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15", "koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp866",
    "mac-roman",
)  # fmt: skip
_MORE_BYTES = ("shift-jis", "euc-jp", "iso-2022-jp", "gb18030", "big5", "euc-kr")
BEFORE_UNICODE = ("iso-8859-1", *_ONE_BYTE, *_MORE_BYTES)
"""As they are said."""
# What is called ISO-8859-1 is Windows-1252 everywhere: the standard has control characters for its marks.
ENCODINGS = {name: name for name in ("utf-8", "utf-8-sig", "utf-16", *_ONE_BYTE, *_MORE_BYTES)} | {
    "iso-8859-1": "cp1252",
    "shift-jis": "cp932",
}
"""Python's codec by what may be said."""

_ASCII = bytes(range(128))
_LATIN = ("cp1250", "cp1254", "cp1257")


def _alike(byte: int) -> bool:
    """Tell whether a byte is the same character in all Latin encodings of Windows."""
    one = bytes([byte])
    western = one.decode("cp1252", "replace")
    return western != "\ufffd" and all(one.decode(name, "replace") == western for name in _LATIN)


_ALIKE = frozenset(byte for byte in range(128, 256) if _alike(byte) and byte != 0xA4)
"""0xA4 is the euro sign of ISO-8859-15, and a mark that nobody uses elsewhere."""
# As no Latin word has it: three letters beyond ASCII in a row, a word of nothing else, or a mark within a
# word (of DOS; but for the apostrophe).
_FOREIGN = re.compile(
    rb"[\xc0-\xff]{3}|(?<![A-Za-z\x80-\xff])[\xc0-\xff]+(?![A-Za-z\x80-\xff])|[A-Za-z][\x80-\x91\x93-\xbf][A-Za-z]"
)
_UNLIKE = re.compile(b"[" + bytes(byte for byte in range(128, 256) if byte not in _ALIKE) + b"]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_SHOWN = ("cp1252", "cp1250", "cp1251", "cp850", "gb18030", "shift-jis")
_OVERLAP = 8
"""Bytes of the piece before that a look at the next one needs."""


@dataclass(slots=True)
class Suspicion:
    """What was seen of the bytes of a file that is not UTF-8, in bounded memory."""

    beyond: set[int] = field(default_factory=set)
    """Which bytes beyond ASCII it has."""
    foreign: bool = False
    """Whether they stand as in no Latin word."""
    _example: bytes = b""
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.beyond.update(chunk.translate(None, _ASCII))
        seen = self._rest + chunk
        found = None if self.foreign else _FOREIGN.search(seen)
        self.foreign = self.foreign or found is not None
        if not self._example:
            found = found or _UNLIKE.search(seen)
            self._example = _word_at(seen, found.start()) if found is not None else b""
        self._rest = seen[-_OVERLAP:]

    @property
    def doubtful(self) -> bool:
        """Whether the bytes could be text of several encodings."""
        return self.foreign or not self.beyond <= _ALIKE

    def readings(self) -> tuple[tuple[str, str], ...]:
        """Return some encodings with a word of the file as each reads it; none where no word is there."""
        found: dict[str, str] = {}
        for name in _SHOWN if self._example else ():
            text = self._example.decode(ENCODINGS[name], "replace")
            if "\ufffd" not in text and text.isprintable():
                found.setdefault(text, name)
        return tuple((name, text) for text, name in found.items())


def _word_at(text: bytes, at: int) -> bytes:
    """Return the word around a place, some bytes of it."""
    first = max(at - 24, 0)
    return next(word.group()[:24] for word in _WORD.finditer(text, first, at + 24) if word.end() > at)


def encoding_fault(suspicion: Suspicion, given: str, *, utf8: bool) -> str:
    """Return why the bytes are not of the encoding that was said; '' where they may be.

    Args:
        suspicion: what was seen of the bytes.
        given: one of `ENCODINGS`.
        utf8: whether all is UTF-8 and something is beyond ASCII: by chance that is next to impossible.
    """
    if utf8 and (given in _ONE_BYTE or given == "iso-8859-1"):
        return f"All bytes are valid UTF-8; read as {given} its text would be garbled. Say encoding=utf-8, or nothing."
    if given.startswith("iso-8859") and given != "iso-8859-1" and any(0x80 <= byte < 0xA0 for byte in suspicion.beyond):
        return f"The file has bytes that are no text in {given}. Is it one of Windows, such as cp1252 or cp1250?"
    return ""
