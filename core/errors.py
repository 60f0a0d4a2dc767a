"""One class per refusal, each with a stable code that clients may rely on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

__all__ = ("Forbidden", "InputError", "InvalidInput", "ItemCode", "NotFound", "Refused", "pointer_part")


@dataclass(frozen=True, slots=True)
class InputError:
    """One thing that is wrong with an input.

    `pointer` is a JSON pointer (RFC 6901) into the body, or the name of a query parameter.
    """

    pointer: str
    code: str
    detail: str


def pointer_part(name: str) -> str:
    """Return a name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


class Refused(Exception):
    """The base of every refusal: the request was understood and is not done.

    Subclasses set `code` (stable snake_case, documented in the page /docs/errors) and `status` (HTTP);
    `str()` of one is a sentence that says what to do.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra
        """Further members of the problem document, JSON-ready."""


class InvalidInput(Refused):
    """The input is well-formed but not acceptable; every fault is listed in `errors`."""

    code = "invalid_input"
    status = 422

    def __init__(self, *errors: InputError, detail: str | None = None) -> None:
        super().__init__(detail or "; ".join(error.detail for error in errors))
        self.errors = errors


class NotFound(Refused):
    """There is no such thing, or it belongs to another tenant: the two look the same."""

    code = "not_found"
    status = 404

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} '{key}' here. Check the id, and that it is this customer's.")


class Forbidden(Refused):
    """The caller is known but may not do this."""

    code = "forbidden"
    status = 403


class ItemCode(StrEnum):
    """Why one item of a batch or file was not taken: a stable code and what it means."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Make a member of its code and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member
