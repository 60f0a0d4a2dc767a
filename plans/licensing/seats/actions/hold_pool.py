"""A pool in one's hands: nobody else decides about its seats until the transaction ends."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from metering.actions.record_events import OwnEvent, record_events
from plans.licensing.seats.errors import SeatPoolUnknown
from plans.licensing.seats.reads import PoolNow, find_pool, pool_now
from plans.licensing.seats.seating import Freed, Granted, Outcome, Waits
from plans.licensing.seats.store import add_waits, drop_waits, lock_pools, set_pool
from tenants.reads import TenantView
from tenants.reads.identities import identities_of_people

__all__ = ("HeldPool", "hold_pool")

TICK = timedelta(microseconds=1)


class HeldPool:
    """A locked pool. What is decided on its seating is written as facts by `record`, in the order of deciding."""

    def __init__(self, session: Session, tenant: TenantView, found: PoolNow) -> None:
        self._session, self._tenant, self._found = session, tenant, found
        self.seating = found.seating
        self.at = found.at + TICK
        """The instant of the first act; each further one is a tick later."""

    def promote(self) -> Sequence[Granted]:
        """Give free seats to those who wait, in their order."""
        return self.seating.promote(self.at)

    def never_taken_back(self, person_id: UUID) -> bool:
        """Return whether somebody holds no seat, and not because theirs was released."""
        holds = self._found.history.holds.get(person_id)
        return person_id not in self.seating.held and (not holds or holds[-1].left)

    def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write what was decided: the facts, the wait-list and the pool's time."""
        at, events, waits = self.at, [], []
        given: dict[UUID, int] = {}
        tenant_id, pool, before = self._tenant.id, self._found.view.key, self._found.waits
        granted = {outcome.person_id for outcome in outcomes if isinstance(outcome, Granted)}
        known = identities_of_people(self._session, tenant_id, granted) if granted else {}
        for outcome in outcomes:
            match outcome:
                case Granted(person_id):
                    given[person_id] = known[person_id][0]  # the identity known longest
                    events.append(self._event("seat.assigned", given[person_id], at))
                case Freed(person_id):
                    if person_id in given:
                        open_by = {given.pop(person_id)}
                    else:
                        accounts = self._found.open_hold(person_id).accounts
                        # A suite's clock may be ahead: what it began later than now ends after that.
                        at = max([at, *(account.starts_at + TICK for account in accounts)])
                        open_by = {one.identity_id for one in accounts if one.ends_at > self._found.at}
                    events += [self._event("seat.released", identity, at) for identity in sorted(open_by)]
                case Waits(person_id):
                    waits.append((person_id, at))
            at += TICK
        after = set(self.seating.waiting)
        add_waits(self._session, tenant_id, pool, [w for w in waits if w[0] in after and w[0] not in before])
        over = {listed for listed, person_id in self._found.waiting_as.items() if person_id not in after}
        drop_waits(self._session, tenant_id, pool, over)
        # The service's clock may have been set back: the pool's own time is that of its facts.
        record_events(self._session, tenant_id, events, max(now, at))
        set_pool(self._session, tenant_id, pool, clock_at=at)

    def _event(self, event_type: str, identity_id: int, at: datetime) -> OwnEvent:
        return OwnEvent(event_type, at, identity_id, {"pool": self._found.view.key})


def hold_pool(
    session: Session, tenant: TenantView, key: str, now: datetime, judged: Collection[UUID] | None = ()
) -> HeldPool:
    """Lock a pool and return it as it is then.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        key: which.
        now: the tenant's time.
        judged: of which holders it matters whether they used their seat; None for all.

    Raises:
        SeatPoolUnknown: there is none of that key (`seat_pool_unknown`).
    """
    if not lock_pools(session, tenant.id, [key]):
        raise SeatPoolUnknown(key)
    return HeldPool(session, tenant, pool_now(session, tenant, find_pool(session, tenant.id, key), now, judged))
