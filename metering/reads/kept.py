"""Figures of ended periods, kept from one reading to the next, and proven before they are told again.

A kept figure is a copy, never a source: it holds exactly as long as `first_change_since` says that
nothing was recorded that it could depend on, the counting policies are the same, and so is the code
that measured it. Bills, evidence and chargebacks don't read them; pages and the usage API do.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import metering
import tenants
from core.periods import Period
from metering.models import KeptFigure
from metering.reads.changes import first_change_since
from metering.store import put_kept_figures

__all__ = ("KeptFigures", "kept_periods")

SETTLING = timedelta(minutes=10)
"""A fact may become visible a moment after the time of its acceptance; this is far longer."""
_CONFIRMED_AGAIN = timedelta(hours=1)
"""How old a proof may be before it is renewed: what was recorded since then is looked at every time."""


_ROW = (KeptFigure.starts_at, KeptFigure.ends_at, KeptFigure.quantity, KeptFigure.measured_at)


class _Row(NamedTuple):
    period: Period
    quantity: Fraction
    measured_at: datetime


class KeptFigures:
    """The kept figures of one tenant, as one reading at `now` finds them."""

    def __init__(self, session: Session, tenant_id: UUID, now: datetime) -> None:
        self._session, self._tenant_id, self._now = session, tenant_id, now
        self._changed: dict[datetime, datetime | None] = {}

    def find(self, meter: str, wanted: Mapping[Period, str]) -> dict[Period, Fraction]:
        """Return those figures that still hold.

        Args:
            meter: its full name.
            wanted: periods that have ended, with the hash of the policies that they are read by.
        """
        rows = self._rows(meter, wanted)
        if not rows:
            return {}
        since = min(row.measured_at for row in rows) - SETTLING
        if since not in self._changed:
            self._changed[since] = first_change_since(self._session, self._tenant_id, since)
        changed = self._changed[since]
        held = [row for row in rows if changed is None or row.period.ends_at <= changed]
        figures = {row.period: row.quantity for row in held}
        if any(row.measured_at < self._now - _CONFIRMED_AGAIN for row in held):
            self.keep(meter, wanted, figures)
        return figures

    def keep(self, meter: str, wanted: Mapping[Period, str], figures: Mapping[Period, Fraction]) -> None:
        """Keep figures as measured now."""
        put_kept_figures(self._session, [
            {"tenant_id": self._tenant_id, "meter": meter, "starts_at": period.starts_at, "ends_at": period.ends_at,
             "reading": _reading(wanted[period]), "quantity": str(figures[period]), "measured_at": self._now}
            for period in sorted(figures)
        ])  # fmt: skip

    def _rows(self, meter: str, wanted: Mapping[Period, str]) -> list[_Row]:
        if not wanted:
            return []
        rows = self._session.execute(
            select(*_ROW, KeptFigure.reading).where(
                KeptFigure.tenant_id == self._tenant_id,
                KeptFigure.meter == meter,
                KeptFigure.starts_at >= min(period.starts_at for period in wanted),
                KeptFigure.ends_at <= max(period.ends_at for period in wanted),
            )
        )
        readings = {period: _reading(policies) for period, policies in wanted.items()}
        found = ((_Row(Period(start, end), Fraction(told), at), reading) for start, end, told, at, reading in rows)
        return [row for row, reading in found if readings.get(row.period) == reading]


def kept_periods(session: Session, tenant_id: UUID) -> Sequence[tuple[str, Period, Fraction]]:
    """Return all that is kept of a tenant: meter, period and figure, whether it still holds or not."""
    rows = session.execute(
        select(KeptFigure.meter, KeptFigure.starts_at, KeptFigure.ends_at, KeptFigure.quantity)
        .where(KeptFigure.tenant_id == tenant_id)
        .order_by(KeptFigure.meter, KeptFigure.starts_at, KeptFigure.ends_at)
    )
    return [(meter, Period(starts_at, ends_at), Fraction(quantity)) for meter, starts_at, ends_at, quantity in rows]


def _reading(policies: str) -> str:
    """Return what stands for the policies and for the code that reads by them."""
    return blake2b(f"{policies} {_code()}".encode(), digest_size=16).hexdigest()


@cache
def _code() -> str:
    """Return a hash of the sources that figures depend on: another release measures anew."""
    digest = blake2b(digest_size=16)
    for package in (metering, tenants):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
