"""The meters that columns can tell, and which attributes they need (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from core.periods import Period
from metering.columns.courses import transactions
from metering.columns.grounds import ColumnGrounds
from metering.columns.members import active, contributions, contributors
from metering.columns.sessions import concurrent
from metering.measurement import Measurement
from metering.policies import CountingPolicies
from metering.registry import MeterSpec

__all__ = ("COLUMN_METERS", "ColumnMeter", "ColumnReader")

ColumnReader = Callable[[Period], Measurement]
Making = Callable[[ColumnGrounds, Sequence[str]], ColumnReader | None]


@dataclass(frozen=True, slots=True)
class ColumnMeter:
    """How a meter is told from columns.

    `reader` takes the keys that entries are told apart by; it is None where columns cannot tell them.
    """

    reader: Making
    shared: tuple[str, ...]
    own: tuple[str, ...] = ()

    def fact_types(self, spec: MeterSpec, policies: CountingPolicies) -> tuple[str, ...]:
        """Return the types that the bare figure depends on: who was only looked at needs no facts."""
        if spec.family in ("members", "contributions"):
            return tuple(sorted({"contribution.created", *policies.members.active_types}))
        return spec.fact_types(policies)


_PEOPLE = ("audience", "kind", "waived")
_COURSES = (("audience", "course_id", "course_type", "mode", "waived"), ("registration", "class_id", "substitute"))

COLUMN_METERS: dict[str, ColumnMeter] = {
    "members.active": ColumnMeter(active, _PEOPLE),
    "members.contributors": ColumnMeter(contributors, _PEOPLE),
    "contributions": ColumnMeter(contributions, _PEOPLE),
    **{
        f"sessions.concurrent.{statistic}": ColumnMeter(
            partial(concurrent, statistic=statistic), ("pool",), ("session_id", "device_id")
        )
        for statistic in ("peak", "p95", "average")
    },
    **{
        f"courses.transactions.{statistic}": ColumnMeter(partial(transactions, statistic=statistic), *_COURSES)
        for statistic in ("charged", "refunded", "net")
    },
}
"""By name; what is not here is measured from its facts."""
