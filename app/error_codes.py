"""The page that `type` of every problem points to: all codes, with what they mean."""

from dataclasses import dataclass

from litestar import MediaType, Request, get

from app.i18n import negotiate
from app.pages.environment import render
from core.errors import ItemCode, Refused

__all__ = ("ErrorCode", "error_codes", "route_handlers")


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A refusal as the documentation shows it."""

    code: str
    status: int | None
    """None: it is told of one item of a batch or file."""
    meaning: str


_FROM_THE_FRAMEWORK = (
    ErrorCode(
        "malformed_request", 400, "The body, the query or the path has the wrong shape; `errors` names the place."
    ),
    ErrorCode("method_not_allowed", 405, "The address exists, but not for this method."),
    ErrorCode("body_too_large", 413, "The body is larger than 10,000,000 bytes."),
    ErrorCode("media_type_unsupported", 415, "The Content-Type is not one that this address takes."),
    ErrorCode(
        "concurrent_change", 409, "Somebody changed the same at the same moment; nothing was changed. Send it again."
    ),
    ErrorCode("database_unavailable", 503, "The database is restarting. Send the request again after `Retry-After`."),
    ErrorCode("internal_error", 500, "A fault of ours; nothing was changed. `instance` is the reference for support."),
)


def error_codes() -> tuple[ErrorCode, ...]:
    """Return the code of every refusal there is, of whole requests and of single items, by code.

    Each class of refusal documents itself: its docstring is the meaning.
    """
    found = {
        item.value: ErrorCode(item.value, None, item.meaning) for kind in ItemCode.__subclasses__() for item in kind
    }
    found |= {code.code: code for code in _FROM_THE_FRAMEWORK}
    waiting: list[type[Refused]] = [Refused]
    while waiting:
        refusal = waiting.pop()
        waiting += refusal.__subclasses__()
        if refusal is not Refused and "code" in vars(refusal):
            meaning = (refusal.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
            found[refusal.code] = ErrorCode(refusal.code, refusal.status, meaning)
    return tuple(found[code] for code in sorted(found))


@get("/docs/errors", sync_to_thread=False, include_in_schema=False, media_type=MediaType.HTML)
def error_page(request: Request) -> str:  # type: ignore[type-arg]
    """Show all error codes."""
    reader = negotiate(request.headers.get("accept-language", ""))
    return render("errors/codes.html", codes=error_codes(), reader=reader, theme="", csrf_token="")


route_handlers = (error_page,)
