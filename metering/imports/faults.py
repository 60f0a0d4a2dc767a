"""Why a row of a file could not become an event, and why a file could not be read (pure)."""

from collections.abc import Iterable

from core.errors import ItemCode

__all__ = ("EXCERPT", "FileFault", "RowCode", "RowFault", "excerpt")

EXCERPT = 60
"""How many characters of a value a sentence quotes."""


class RowCode(ItemCode):
    """What is wrong with a row; beside these stand the codes of single events (`EventFault`)."""

    ROW_UNREADABLE = "row_unreadable", "The text of the row breaks the rules of its format."
    ROW_SHORT = "row_short", "The row has fewer fields than the header."
    ROW_LONG = "row_long", "The row has more fields than the header."
    ROW_TOO_LARGE = "row_too_large", "The row is longer than a megabyte."
    TEXT_UNDECODABLE = "text_undecodable", "The row has bytes that are not of the file's encoding."
    JSON_INVALID = "json_invalid", "The line is not a JSON object."
    JSON_DUPLICATE_KEY = "json_duplicate_key", "An object has the same key twice, so that its meaning is a guess."
    VALUE_MISSING = "value_missing", "A cell that the event needs is empty."
    VALUE_UNKNOWN = "value_unknown", "A cell holds none of the values that the mapping knows."
    VALUE_INVALID = "value_invalid", "A cell is not of the kind that the mapping names, or lacks the text to cut from."
    TIME_UNREADABLE = "time_unreadable", "A cell is not a time in the formats of the mapping."
    NOTHING_MATCHED = "nothing_matched", "No rule of the mapping applies, and the mapping wants every row to match."


class RowFault(Exception):
    """One row, or one event of it, is not taken: which column, why, and what to do."""

    def __init__(self, code: RowCode, column: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.column, self.detail = code, column, detail


class FileFault(Exception):
    """The file as a whole can't be read; `code` is stable, `detail` says what to do.

    `candidates` are values of the parameter `pointer` by which it could be read, each with what something of the
    file then reads ('' where that is not told).
    """

    def __init__(
        self, code: str, detail: str, pointer: str = "file", candidates: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer
        self.candidates = tuple(candidates)


def excerpt(value: str) -> str:
    """Return a value as a sentence may quote it: short, printable, in quotation marks."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[: EXCERPT + 1])
    return f"“{shown[:EXCERPT]}{'…' if len(value) > EXCERPT else ''}”"
