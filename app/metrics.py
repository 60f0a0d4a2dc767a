"""What is counted of requests, for Prometheus."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from litestar.plugins.prometheus import PrometheusConfig, PrometheusMiddleware
from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector

__all__ = ("METRICS", "RouteMetrics")

METRICS = PrometheusConfig(app_name="tollbook", prefix="tollbook", group_path=True)
_INTERNAL_ERROR = 500
_LATER_S = 1.0
"""How long the hot door's counts may stand aside."""


class RouteMetrics:
    """The framework's own metrics of one route, for requests that do not pass its middleware.

    Counting took a tenth of such a request. So counts stand aside and are put down together: once a
    second, which is for processes that tell their counts by files, and before anybody reads them.
    """

    every: "list[RouteMetrics]" = []  # noqa: RUF012 - of the process, as the metrics are

    def __init__(self, method: str, path: str) -> None:
        self._middleware = PrometheusMiddleware(_nowhere, METRICS)
        self._labels: dict[str, str | int | float] = {
            "method": method, "path": path, "status_code": 200, "app_name": METRICS.app_name,
        }  # fmt: skip
        labels = self._labels
        self._in_progress = self._middleware.requests_in_progress(labels).labels(*labels.values())
        self._running = self._told_running = 0
        self._answered: list[tuple[int, float]] = []
        self.every.append(self)

    def begun(self) -> None:
        """Count a request that is under way."""
        self._running += 1

    def ended(self, status: int, started: float) -> None:
        """Count a request that was begun at `started` of `time.perf_counter`; status 0 is no answer."""
        self._running -= 1
        if status:
            if not self._answered:
                asyncio.get_running_loop().call_later(_LATER_S, self.put_down)
            self._answered.append((status, time.perf_counter() - started))

    def put_down(self) -> None:
        """Put down what stands aside."""
        self._in_progress.inc(self._running - self._told_running)
        self._told_running = self._running
        answered, self._answered = self._answered, []
        for status, number in Counter(status for status, _ in answered).items():
            labels = self._labels | {"status_code": status}
            values = labels.values()
            self._middleware.request_count(labels).labels(*values).inc(number)
            taken: Any = self._middleware.request_time(labels).labels(*values)
            for one, seconds in answered:
                if one == status:
                    taken.observe(seconds)
            if status >= _INTERNAL_ERROR:
                self._middleware.requests_error_count(labels).labels(*values).inc(number)


class _Aside(Collector):
    """Tells nothing itself: it is asked first, and lets the routes put down what they have."""

    def collect(self) -> Iterable[Metric]:
        for route in RouteMetrics.every:
            route.put_down()
        return ()

    def describe(self) -> Iterable[Metric]:
        return ()


REGISTRY.register(_Aside())


async def _nowhere(*_: Any) -> None:
    """Stand where the middleware wants an application."""
