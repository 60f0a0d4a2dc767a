"""What is counted of requests, for Prometheus."""

import time
from typing import Any

from litestar.plugins.prometheus import PrometheusConfig, PrometheusMiddleware

__all__ = ("METRICS", "RouteMetrics")

METRICS = PrometheusConfig(app_name="tollbook", prefix="tollbook", group_path=True)
_INTERNAL_ERROR = 500


class RouteMetrics:
    """The framework's own metrics of one route, for requests that do not pass its middleware."""

    def __init__(self, method: str, path: str) -> None:
        self._middleware = PrometheusMiddleware(_nowhere, METRICS)
        self._labels: dict[str, str | int | float] = {
            "method": method, "path": path, "status_code": 200, "app_name": METRICS.app_name,
        }  # fmt: skip
        labels = self._labels
        self.in_progress = self._middleware.requests_in_progress(labels).labels(*labels.values())
        """How many are under way."""
        self._by_status: dict[int, tuple[Any, Any]] = {}

    def answered(self, status: int, started: float) -> None:
        """Count a request that was begun at `started` of `time.perf_counter`."""
        known = self._by_status.get(status)
        if known is None:
            labels = self._labels | {"status_code": status}
            values = labels.values()
            known = self._by_status[status] = (
                self._middleware.request_count(labels).labels(*values),
                self._middleware.request_time(labels).labels(*values),
            )
        known[0].inc()
        known[1].observe(time.perf_counter() - started)
        if status >= _INTERNAL_ERROR:
            labels = self._labels | {"status_code": status}
            self._middleware.requests_error_count(labels).labels(*labels.values()).inc()


async def _nowhere(*_: Any) -> None:
    """Stand where the middleware wants an application."""
