"""GET /xapi/about: which versions are spoken, for everybody."""

from typing import Any

from litestar import Controller, HttpMethod, Request, Response, route
from litestar.datastructures import State

from metering.api.xapi.headers import XapiHeaders

__all__ = ("route_handlers",)

VERSIONS = ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"]


class AboutController(Controller):
    """Needs neither a key nor a version."""

    path = "/xapi/about"
    tags = ("xapi",)
    middleware = (XapiHeaders(),)

    @route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False, security=[])
    def about(self, request: Request[Any, Any, State]) -> Response[Any]:
        """Tell the versions of xAPI that this record store speaks."""
        body = {"version": VERSIONS, "extensions": {}}
        return Response(body if request.method == "GET" else None, status_code=200)


route_handlers = (AboutController,)
