"""Which version of the API a request and a statement speak (pure)."""

import re
from enum import Enum

__all__ = ("Version", "version_of_header")

_ONE = re.compile(r"1\.0(\.[0-9]+)?")
_TWO = re.compile(r"2\.0(\.[0-9]+)?")


class Version(Enum):
    """The two generations that are spoken; the value is what answers name."""

    ONE = "1.0.3"
    TWO = "2.0.0"

    @property
    def timestamps(self) -> str:
        """By which standard timestamps are written."""
        return "ISO 8601" if self is Version.ONE else "RFC 3339"

    @property
    def default(self) -> str:
        """The `version` of a statement that says none."""
        return "1.0.0" if self is Version.ONE else "2.0.0"

    def takes(self, version: str) -> bool:
        """Return whether a statement of that version may be sent in a request of this one.

        What was made for 1.0 may be forwarded in a request of 2.0; not the other way.
        """
        return _ONE.fullmatch(version) is not None or (self is Version.TWO and _TWO.fullmatch(version) is not None)


def version_of_header(header: str) -> Version | None:
    """Return the version of `X-Experience-API-Version`, or None where it is not spoken here.

    >>> version_of_header("1.0"), version_of_header("2.0.0"), version_of_header("1.1.0")
    (<Version.ONE: '1.0.3'>, <Version.TWO: '2.0.0'>, None)
    """
    if _ONE.fullmatch(header):
        return Version.ONE
    return Version.TWO if _TWO.fullmatch(header) else None
