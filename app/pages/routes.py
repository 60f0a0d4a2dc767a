"""All pages, as one router outside the API's document."""

from importlib import import_module

from litestar import Router

from app.pages.visit import DEPENDENCIES, choose_language

__all__ = ("route_handlers",)

_MODULES = (
    "app.pages.account",
    "app.pages.sales.pages",
    "app.pages.sales.answer_pages",
    "app.pages.admin.pages",
    "app.pages.admin.usage_pages",
    "app.pages.admin.files",
    "app.pages.admin.import_pages",
    "app.pages.admin.live",
    "app.pages.finance.pages",
    "app.pages.finance.acts",
    "app.pages.centre",
)

route_handlers = (
    Router(
        path="/",
        route_handlers=[handler for name in _MODULES for handler in import_module(name).route_handlers],
        dependencies=DEPENDENCIES,
        before_request=choose_language,
        include_in_schema=False,
    ),
)
