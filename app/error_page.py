"""What a browser is shown of an error: words for people, and where they go on from there."""

import http
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.response import Redirect
from litestar.routes import HTTPRoute
from litestar.types.internal_types import PathParameterDefinition

from app.i18n import gettext as _
from app.i18n import negotiate, use
from app.pages.environment import render
from app.pages.frame import THEMES

__all__ = ("error_page", "page_at")

Req = Request[Any, Any, State]


def error_page(
    request: Req, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, reference: str = ""
) -> Response[Any]:
    """Return the page of an error; who only looks at a page and is not signed in is led to sign in first."""
    signed_out = code == "unauthenticated" and not request.headers.get("authorization")
    if signed_out and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect("/sign-in", query_params={"next": target})
    # First of all, for it says in which language all texts below are.
    look = _look(request)
    title, ways = "", [("/", _("To the start page"))]
    if signed_out:
        title = _("Your session has ended")
        detail = _("Nothing was done. Sign in again: you are led back to the page, and can send its form once more.")
        ways = [(f"/sign-in?next={quote(_came_from(request))}", _("Sign in"))]
    elif status == http.HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET":
        title = _("No page of its own")
        detail = _(
            "A form is sent to this address, there is nothing to be read at it. Go back to the page of the form."
        )
        ways = [(_page_above(request), _("To the page")), *ways]
    html = render(
        "errors/error.html", status=status, title=title, phrase=http.HTTPStatus(status).phrase, text=detail, ways=ways,
        reference=reference, **look,
    )  # fmt: skip
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def _look(request: Req) -> dict[str, Any]:
    """Return what the layout needs to know of the reader."""
    theme = request.cookies.get("theme", "")
    reader = negotiate(request.headers.get("accept-language", ""))
    use(reader)
    return {
        "reader": reader,
        "theme": theme if theme in THEMES else "",
        "csrf_token": "",
    }


def _came_from(request: Req) -> str:
    """Return the page that a form was sent from, or else the one of the address that it was sent to.

    What a form was answered with stands at an address of its own that cannot be asked for: then it is the page above.
    """
    before = urlsplit(request.headers.get("referer", ""))
    path = before.path if before.netloc == request.headers.get("host") else request.url.path
    found = page_at(request.app.routes, path)
    return f"{found}?{before.query}" if before.query and found == before.path else found


def _page_above(request: Req) -> str:
    return page_at(request.app.routes, request.url.path.rpartition("/")[0])


def page_at(routes: Sequence[object], path: str) -> str:
    """Return the nearest address at or above one that can be asked for; `/` where there is none."""
    kept = [part for part in path.split("/") if part]
    while kept and "GET" not in _methods(routes, kept):
        kept.pop()
    return "/" + "/".join(kept)


def _methods(routes: Sequence[object], parts: Sequence[str]) -> set[Any]:
    """Return what an address takes: a name that is written out in a route wins over one that stands for any."""
    fits = [one for one in routes if isinstance(one, HTTPRoute) and _fits(one.path_components, parts)]
    best = max(fits, key=lambda one: [isinstance(part, str) for part in one.path_components], default=None)
    return set(best.methods) if best else set()


def _fits(components: Sequence[str | PathParameterDefinition], parts: Sequence[str]) -> bool:
    if len(components) != len(parts):
        return False
    return all(_is(component, part) for component, part in zip(components, parts, strict=True))


def _is(component: str | PathParameterDefinition, part: str) -> bool:
    if isinstance(component, str):
        return component == part
    if component.parser is None:
        return True
    try:
        component.parser(part)
    except ValueError:
        return False
    return True
