"""The OpenAPI document's viewer, from files of our own so that it works offline and under the CSP."""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from app.assets import asset_url

__all__ = ("OfflineViewer",)


class OfflineViewer(OpenAPIRenderPlugin):
    """Swagger UI from npm, started by a script file instead of an inline one."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """Return the page; it fetches /docs/openapi.json itself."""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>API · Tollbook</title>'
            f'<link rel="stylesheet" href="{asset_url("vendor/swagger-ui.css")}">'
            f'<script src="{asset_url("vendor/swagger-ui-bundle.js")}" defer></script>'
            f'<script src="{asset_url("js/docs.js")}" defer></script>'
            '</head><body><div id="docs"></div></body></html>'
        ).encode()
