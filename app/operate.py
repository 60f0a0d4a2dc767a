"""Is it alive, is it ready."""

from typing import Any

from litestar import Response, get
from litestar.plugins.prometheus import PrometheusController
from sqlalchemy import text

from core.db import Database
from core.scope import GlobalScope

__all__ = ("route_handlers",)


@get("/healthz", sync_to_thread=False, tags=["operate"], exclude_from_auth=True)
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@get("/readyz", sync_to_thread=True, tags=["operate"])
def readyz(database: Database) -> Response[Any]:
    """Say whether requests can be served: the database answers and has the newest schema."""
    with database.begin(GlobalScope()) as session:
        session.execute(text("select 1 from tenant limit 1"))
    return Response({"status": "ready"})


class Metrics(PrometheusController):
    """Prometheus metrics of this process."""

    path = "/metrics"
    include_in_schema = False


route_handlers = (healthz, readyz, Metrics)
