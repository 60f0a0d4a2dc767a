"""A customer's suite with an old month that is archived, and everything that stands in the tables of facts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.clock import utc_now
from core.scope import TenantScope
from metering.actions.archive_month import archive_month
from metering.actions.restore_month import restore_month
from metering.archive.files import FACTS, ArchivedFact, read_facts
from metering.bodies import unpacked_body
from metering.reads.archives import archives
from tests.builders.suite import Suite

__all__ = ("Killed", "Shelves", "killed_at")


class Killed(Exception):
    """The process ends here."""


def killed_at(step: str, times: int = 1) -> Callable[[str], None]:
    """Return what ends the work when a step is reached for the nth time."""
    left = [times]

    def reached(name: str) -> None:
        left[0] -= name == step
        if name == step and not left[0]:
            raise Killed(step)

    return reached


class Shelves:
    """Archives of one suite."""

    def __init__(self, suite: Suite, directory: Path) -> None:
        self.suite, self.directory = suite, directory

    def archive(self, month: str, **options: Any) -> None:
        archive_month(self.suite.db, self.suite.tenant, self.suite.month(month), self.directory, **options)

    def restore(self, month: str, **options: Any) -> int:
        return restore_month(
            self.suite.db, self.suite.tenant, self.suite.month(month), self.directory, ("tests", "a test"), **options
        )

    def statuses(self) -> list[str]:
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            return [found.status for found in archives(session, self.suite.tenant.id)]

    def file(self, month: str) -> Path:
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            [found] = [a for a in archives(session, self.suite.tenant.id) if a.month == self.suite.month(month)]
        return self.directory / found.folder / FACTS

    def in_the_file(self, month: str) -> list[ArchivedFact]:
        return [fact for some in read_facts(self.file(month)) for fact in some]

    def rows(self) -> dict[str, list[Any]]:
        """Return all rows of facts, bodies and values, bodies unpacked, in one order."""
        suite = self.suite
        facts = suite.sql("select event_key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes::text"
                          " from fact where tenant_id = :tenant order by event_key").all()  # fmt: skip
        bodies = suite.sql("select event_key, body from fact_body where tenant_id = :tenant order by event_key").all()
        values = suite.sql("select meter_id, event_key, value, item, dimensions::text from meter_value"
                           " where tenant_id = :tenant order by meter_id, event_key").all()  # fmt: skip
        keys = suite.sql("select event_key, content_hash, accepted_at from fact_key where tenant_id = :tenant"
                         " order by event_key").all()  # fmt: skip
        return {
            "facts": [tuple(row) for row in facts],
            "bodies": [(row.event_key, unpacked_body(row.body)) for row in bodies],
            "values": [tuple(row) for row in values],
            "keys": [(row.event_key, bytes(row.content_hash), row.accepted_at) for row in keys],
        }

    def figures(self, *months: str) -> dict[tuple[str, str], Any]:
        """Return the figures of months as pages tell them."""
        from metering.reads import METERS, Measuring, Reading  # noqa: PLC0415

        periods = [self.suite.month(month) for month in months]
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            measuring = Measuring(session, self.suite.tenant, Reading(now=utc_now()))
            return {
                (meter, month): figure
                for meter in METERS
                for month, figure in zip(months, measuring.figures(meter, periods), strict=True)
            }
