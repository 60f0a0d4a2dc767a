"""One tenant-year of a million events on six plans: measured once, rated six times."""

import time
from datetime import UTC, date, datetime
from statistics import median

from bench.figures import Figure, Goal
from bench.stand import Stand
from bench.year import EVENTS, fill_year
from billing.answers.actions.simulate import simulate, taxes_for
from billing.answers.contracts import Terms
from billing.answers.reads.figures import Figures
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.catalogue import CATALOGUE

__all__ = ("ROW", "measure")

ROW = "simulate"
_GOAL_S = 3.0


def measure(stand: Stand) -> list[Figure]:
    """Simulate the year under the five plans of the catalogue and a draft of one."""
    tenant = stand.world.tenant("a-year", time_zone="UTC")
    with stand.db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2020, 1, 1, tzinfo=UTC))
    fill_year(stand.database_url, tenant.id, EVENTS)
    documents = [(entry.key, entry.document) for entry in CATALOGUE if entry.kind == "base"]
    documents.append(("light-draft", documents[0][1]))
    contracts = [
        Terms(key, key, key, document, "EUR", date(2025, 1, 1), date(2026, 1, 1)) for key, document in documents
    ]
    times, parts = [], []
    for _ in range(stand.options.repeats):
        started = time.perf_counter()
        lines, told = 0, []
        with stand.db.begin(TenantScope(tenant.id)) as session:
            figures, taxes = Figures(session, tenant, contracts), taxes_for(session, tenant)
            for terms in contracts:
                begun = time.perf_counter()
                lines += sum(len(one.draft.lines) for one in simulate(figures, terms, taxes))
                told.append(f"{terms.label} {time.perf_counter() - begun:.2f} s")
        times.append(time.perf_counter() - started)
        parts = [*told, f"{lines} lines"]
    return [
        Figure(
            "simulate a year of 1 M events on 6 plans", median(times), "s", None, "", median(times) / _GOAL_S,
            Goal(at_most=1.0), [f"goal {_GOAL_S:g} s", *parts],
        )
    ]  # fmt: skip
