"""The web application."""

import logging
from importlib import import_module
from typing import Any

import structlog
from litestar import Litestar
from litestar.datastructures import CacheControlHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router

from app.assets import STATIC
from app.dependencies import DEPENDENCIES, guard_api
from app.hot_door import HotDoor
from app.idempotency import remembering
from app.listeners import listen
from app.metrics import METRICS
from app.openapi import OfflineViewer
from app.problems import EXCEPTION_HANDLERS
from app.process import tune_collector, tune_switching
from app.requests import SoundRequest
from app.security import SECURITY_HEADERS
from app.senders import stop_looking_up
from app.transactions import ended_before_the_answer
from core.db import Database, database
from core.settings import load_settings
from metering.api.hot_lane import stop_ingesting
from plans.licensing.api.hot_lane import stop_leasing

__all__ = ("create_app",)

_MODULES = (
    "app.operate",
    "app.error_codes",
    "tenants.api",
    "tenants.directory.api",
    "tenants.webhooks.api",
    "tenants.mails.api",
    "tenants.sso.api",
    "tenants.sso.users",
    "metering.api",
    "plans.api",
    "plans.licensing.api",
    "plans.licensing.seats.api",
    "plans.alerts.api",
    "billing.api",
    "billing.answers.api",
    "billing.costs.api",
    "billing.quotes.api",
    "billing.revenue.api",
    "billing.chargebacks.api",
    "app.clocks",
    "app.pages.routes",
)
"""Every module that offers `route_handlers`; the order is the order of the OpenAPI document."""

BODY_MAX = 10_000_000


def _handlers() -> tuple[Any, ...]:
    return remembering(handler for name in _MODULES for handler in import_module(name).route_handlers)


def configure_logs(level: str) -> None:
    """Log one JSON line per event to standard error, without bodies, cookies or keys."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )


def create_app(db: Database | None = None) -> Litestar:
    """Return the application, on the process's database or the one given (tests)."""
    if db is None:
        configure_logs(load_settings().log_level)
        tune_collector()
        tune_switching()
    listen()
    app = Litestar(
        route_handlers=[
            *_handlers(),
            create_static_files_router(
                path="/static",
                directories=[STATIC],
                include_in_schema=False,
                # Addresses carry a digest of the content (`app.assets.asset_url`), all but the font's.
                cache_control=CacheControlHeader(public=True, max_age=7 * 24 * 3600),
            ),
        ],
        dependencies=DEPENDENCIES,
        guards=[guard_api],
        request_class=SoundRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        response_headers=SECURITY_HEADERS,
        request_max_body_size=BODY_MAX,
        middleware=[METRICS.middleware, ended_before_the_answer],
        openapi_config=OpenAPIConfig(
            title="Tollbook",
            version="1",
            path="/docs",
            use_handler_docstrings=True,
            render_plugins=[OfflineViewer()],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"key": []}],
        ),
        on_shutdown=[stop_leasing, stop_ingesting, stop_looking_up],
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = HotDoor(app, app.asgi_handler)
    app.state.database = db or database()
    app.state.secure_cookies = db is None and load_settings().secure_cookies
    app.state.public_url = load_settings().public_url if db is None else ""
    return app
