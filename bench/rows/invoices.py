"""An invoice run on one process and on two, beside the same documents made plainly, customer by customer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any
from uuid import UUID

from bench.contracts import contracts, fill_months
from bench.figures import Figure, Goal, ratio_of
from bench.stand import Stand, in_a_process

__all__ = ("ROW", "measure")

ROW = "invoices"
_MOST = 10_000
_ROWS_EACH = 5_000
"""A contract for so many facts that the tables are wanted to have: 60 of them by default."""


def measure(stand: Stand) -> list[Figure]:
    """Bill a month by each of the three ways in turns; each month holds the same, and so must their totals."""
    count = min(_MOST, max(2, stand.options.rows // _ROWS_EACH))
    months = range(3 * stand.options.repeats + 2)
    tenants = [tenant.id for tenant in contracts(stand.world, count)]
    fill_months(stand.database_url, tenants, len(months))
    left = iter(months)
    # The first month opens the contracts, and no earlier one is looked at for late facts: it is not measured.
    _bill(stand, [tenants], "run", next(left))
    runs, plain, twos = [], [], []
    for _ in range(stand.options.repeats):
        runs.append(_bill(stand, [tenants], "run", next(left)))
        plain.append(_bill(stand, [tenants], "plain", next(left)))
        # As operations do it: `tollbook bill --tenant …` twice, each with half of the customers.
        twos.append(_bill(stand, [tenants[::2], tenants[1::2]], "run", next(left)))
    totals = {run["gross_minor"] for run in (*runs, *plain, *twos)}
    assert len(totals) == 1, f"one total to the cent, whoever bills: {totals}"
    rate, yardstick = ([run["documents"] / run["seconds"] for run in way] for way in (runs, plain))
    both = [run["documents"] / run["seconds"] for run in twos]
    ratio, goal = ratio_of(rate, yardstick), Goal(10)
    why = [] if goal.met(ratio) else _bill(stand, [tenants], "run", next(left), profile=True)["profile"]
    name = f"invoice run, {count:,} contracts × 6 charges"
    return [
        Figure(
            name, median(rate), "docs/s", median(yardstick), "the same documents, a transaction a customer",
            ratio, goal, [_cpu("run", runs), _cpu("plainly", plain), f"{totals.pop() / 100:,.2f} each month"], why,
        ),
        Figure(
            f"{name}, two processes", median(both), "docs/s", median(rate), "one process", ratio_of(both, rate), Goal(),
            [_cpu("two processes", twos)],
        ),
    ]  # fmt: skip


def _bill(
    stand: Stand, parts: Sequence[Sequence[UUID]], how: str, month: int, *, profile: bool = False
) -> dict[str, Any]:
    """Bill a month, a process for each part of the customers at once, and add up what they say."""
    stand.checkpoint()
    given = {"how": how, "url": stand.database_url, "month": month, "profile": profile}
    before = stand.postgres_cpu_s()
    with ThreadPoolExecutor(len(parts)) as pool:
        told = list(pool.map(lambda part: in_a_process("bench.invoices", tenants=list(part), **given), parts))
    postgres_s = stand.postgres_cpu_s() - before
    documents = sum(one["documents"] for one in told)
    wanted = sum(map(len, parts))
    assert documents == wanted, f"{documents} of {wanted} were billed"
    return {
        # Without the start of the processes, which is over before the last of them begins to bill.
        "seconds": max(one["seconds"] for one in told),
        "documents": documents,
        "gross_minor": sum(one["gross_minor"] for one in told),
        "python_us": sum(one["cpu_s"] for one in told) / documents * 1e6,
        "postgres_us": postgres_s / documents * 1e6,
        "profile": [line for one in told for line in one["profile"]],
    }


def _cpu(what: str, runs: Sequence[dict[str, Any]]) -> str:
    python, postgres = (median(run[name] for run in runs) for name in ("python_us", "postgres_us"))
    return f"{what}: CPU a document {python:,.0f} µs Python, {postgres:,.0f} µs PostgreSQL"
