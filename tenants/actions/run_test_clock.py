"""Test clocks: sandbox tenants live in a time of their own that can be moved forwards."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import NotFound
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.errors import ClockGoesBack
from tenants.models import TestClock
from tenants.store import add, lock_clock, move_clock

__all__ = ("ADVANCE_MAX", "create_test_clock", "refuse_leap", "set_test_clock")

ADVANCE_MAX = timedelta(days=366 * 2)
"""The furthest that one call may go, so that a slip of the pen does not bill a century."""


def create_test_clock(session: Session, name: str, now_at: datetime, actor: str, now: datetime) -> UUID:
    """Make a clock that stands at `now_at` and return its id."""
    clock_id = new_id()
    add(session, TestClock(id=clock_id, name=name, now_at=now_at, created_at=now))
    record_audit(session, session.info["scope"].tenant_id, actor, "create_test_clock", ("test_clock", str(clock_id)))
    return clock_id


def refuse_leap(before: datetime, to: datetime) -> None:
    """Refuse to move a clock backwards, or by more than two years at once.

    Raises:
        ClockGoesBack: as it says (`clock_goes_back`).
    """
    if not before <= to <= before + ADVANCE_MAX:
        raise ClockGoesBack(
            f"The clock stands at {before.isoformat()}; move it forwards, by two years at the most at a time."
        )


def set_test_clock(session: Session, clock_id: UUID, to: datetime, actor: str) -> datetime:
    """Move a clock forwards; what becomes due then is done by whoever moves it, by the ordinary code.

    Returns:
        Where the clock stood before.

    Raises:
        NotFound: there is no such clock (`not_found`).
        ClockGoesBack: `to` is before the clock's time, or more than two years after (`clock_goes_back`).
    """
    before = lock_clock(session, clock_id)
    if before is None:
        raise NotFound("test clock", clock_id)
    refuse_leap(before, to)
    move_clock(session, clock_id, to)
    detail = {"from": before.isoformat(), "to": to.isoformat()}
    record_audit(
        session, session.info["scope"].tenant_id, actor, "advance_test_clock", ("test_clock", str(clock_id)), detail
    )
    return before
