"""HTTP ingestion with everything on, beside bare COPY of the same rows in the same run."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.figures import Figure, Goal, ratio_of
from bench.profiles import profile_of
from bench.stand import Stand, cpu_seconds, in_a_process
from tests.web_process import WebProcess

__all__ = ("ROW", "measure")

ROW = "ingest"
COPY = "bare COPY, 1,000 a transaction, 2 connections"


@dataclass(frozen=True, slots=True)
class Run:
    """One load, and what it cost."""

    rate: float
    """Events a second."""
    web_us: float
    postgres_us: float
    load_us: float
    """CPU microseconds an event, of the three parties."""
    p50_ms: float
    p99_ms: float


def measure(stand: Stand) -> list[Figure]:
    """Measure each load in turns with its yardstick, each right after a checkpoint."""
    rows, singles = stand.filled, max(1_000, stand.options.events // 10)
    with stand.web() as web:
        send(stand, web, events=20_000, batch=1_000, clients=4)  # connections, people, symbols
        figures = [
            _against_copy(
                stand, web, "HTTP, batches of 1,000, 16 clients", Goal(0.5), {"batch": 1_000, "clients": 16}
            ),
            _against_copy(
                stand, web, "HTTP, batches of 100, 2 % duplicates, 32 clients", Goal(0.35),
                {"batch": 100, "clients": 32, "repeated": 0.02},
            ),
            _half_duplicates(stand, web),
            _singles(stand, web, singles),
        ]  # fmt: skip
    for figure in figures:
        figure.notes.append(f"{rows:,} rows in the table")
    return figures


def send(stand: Stand, web: WebProcess, **load: Any) -> Run:
    """Send a load after a checkpoint and return what was seen.

    Raises:
        RuntimeError: something was answered otherwise than it must be.
    """
    assert web.process is not None
    stand.checkpoint()
    before = cpu_seconds(web.process.pid), stand.postgres_cpu_s()
    told = in_a_process("bench.generator", port=web.port, key=stand.key, **load)
    web_s, postgres_s = cpu_seconds(web.process.pid) - before[0], stand.postgres_cpu_s() - before[1]
    events = load["events"]
    if set(told["statuses"]) != {"200"} or told["accepted"] + told["duplicate"] != events:
        raise RuntimeError(f"not every event was taken: {told}")
    us = 1e6 / events
    return Run(
        events / told["seconds"], web_s * us, postgres_s * us, told["cpu_s"] * us, told["p50_ms"], told["p99_ms"]
    )


def copied(stand: Stand) -> tuple[float, float]:
    """Return the yardstick's events a second and PostgreSQL's CPU microseconds an event."""
    in_a_process("bench.copying", url=stand.database_url, tenant=stand.tenant.id, events=1_000)
    stand.checkpoint()
    before = stand.postgres_cpu_s()
    told = in_a_process("bench.copying", url=stand.database_url, tenant=stand.tenant.id, events=stand.options.events)
    spent = stand.postgres_cpu_s() - before
    return told["events"] / told["seconds"], spent / told["events"] * 1e6


def _against_copy(stand: Stand, web: WebProcess, name: str, goal: Goal, load: dict[str, Any]) -> Figure:
    load = load | {"events": stand.options.events}
    pairs = [(copied(stand), send(stand, web, **load)) for _ in range(stand.options.repeats)]
    runs = [run for _, run in pairs]
    yardsticks = [rate for (rate, _), _ in pairs]
    figure = Figure(
        name, median(run.rate for run in runs), "events/s", median(yardsticks), COPY,
        ratio_of([run.rate for run in runs], yardsticks), goal,
        [*spent(runs), f"COPY costs PostgreSQL {median(us for (_, us), _ in pairs):.1f} µs"],
    )  # fmt: skip
    return _explained(stand, figure, load)


def _half_duplicates(stand: Stand, web: WebProcess) -> Figure:
    load = {"events": stand.options.events, "batch": 100, "clients": 32}
    pairs = [
        (send(stand, web, **load), send(stand, web, **load, repeated=0.5)) for _ in range(stand.options.repeats)
    ]  # fmt: skip
    figure = Figure(
        "HTTP, batches of 100, 50 % duplicates", median(run.rate for _, run in pairs), "events/s",
        median(run.rate for run, _ in pairs), "the same without duplicates",
        ratio_of([run.rate for _, run in pairs], [run.rate for run, _ in pairs]), Goal(0.5),
        spent([run for _, run in pairs]),
    )  # fmt: skip
    return _explained(stand, figure, load | {"repeated": 0.5})


def _singles(stand: Stand, web: WebProcess, events: int) -> Figure:
    load = {"events": events, "batch": 1, "clients": 64}
    with stand.web("bench.factories:without_database") as nowhere:
        send(stand, nowhere, **load)
        pairs = [(send(stand, nowhere, **load), send(stand, web, **load)) for _ in range(stand.options.repeats)]
    runs = [run for _, run in pairs]
    figure = Figure(
        "HTTP, one event a request, 64 clients", median(run.rate for run in runs), "events/s",
        median(run.rate for run, _ in pairs), "the same route with no database",
        ratio_of([run.rate for run in runs], [run.rate for run, _ in pairs]), Goal(0.7), spent(runs),
    )  # fmt: skip
    return _explained(stand, figure, load)


def spent(runs: list[Run]) -> list[str]:
    """Return what an event cost, in words."""
    web, postgres, load = (median(getattr(run, name) for run in runs) for name in ("web_us", "postgres_us", "load_us"))
    return [
        f"CPU an event: web {web:.1f} µs, PostgreSQL {postgres:.1f} µs, load {load:.1f} µs",
        f"p50 {median(run.p50_ms for run in runs):.1f} ms, p99 {median(run.p99_ms for run in runs):.1f} ms",
    ]


def _explained(stand: Stand, figure: Figure, load: dict[str, Any]) -> Figure:
    if not figure.met:
        figure.why.extend(profile_of(stand, **load))
    return figure
