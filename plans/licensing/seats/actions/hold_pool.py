"""A pool in one's hands: nobody else decides about its seats until the transaction ends."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from metering.actions.record_events import OwnEvent, record_events
from plans.licensing.seats.errors import SeatPoolUnknown
from plans.licensing.seats.reads import PoolNow, find_pool, pool_now, waits
from plans.licensing.seats.seating import Freed, Granted, Outcome, Waits
from plans.licensing.seats.store import add_waits, drop_waits, lock_pools, set_pool
from tenants.actions.deactivate_person import leave_again
from tenants.reads import TenantView
from tenants.reads.identities import identities_of_people
from tenants.reads.presence import last_left

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

    def let_go(self, persons: Collection[UUID], now: datetime) -> list[Outcome]:
        """Forget people who left; return what is to be written of those who held a seat all the same.

        A seat that began after they left, on a clock that was set back since or because it became known late, is not
        ended by that: they leave at the pool's time, too. Else it would go on, or cool down, and be somebody else's.
        """
        late = [one for one in persons if one in self.seating.held or one in self.seating.cooling]
        if late:
            # A suite's clock may be ahead: what it began later than now ends after that.
            begun = [account.starts_at for one in late for account in self._found.history.holds[one][-1].accounts]
            self.at = max(self.at, *(at + TICK for at in begun))
            leave_again(self._session, self._tenant.id, late, self.at, now)
            self.at += TICK
        # Their accounts end by a fact of their own: they may turn out to be somebody else, who has not left.
        freed: list[Outcome] = [Freed(one, None) for one in persons if one in self.seating.held]
        for one in persons:
            self.seating.leave(one)
        return freed

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
    session: Session, tenant: TenantView, key: str, now: datetime, judged: Collection[UUID] | None = (),
    comers: Collection[UUID] = (),
) -> HeldPool:  # fmt: skip
    """Lock a pool and return it as it is then: after its last act, and after who may get a seat left last.

    On a clock that was set back since they left, or by a sender's that is ahead, a seat that somebody who
    is back got before that instant would end with it.

    Args:
        session: scoped to the tenant.
        tenant: whose pool.
        key: which.
        now: the tenant's time.
        judged: of which holders it matters whether they used their seat; None for all.
        comers: who may get a seat, besides those who wait.

    Raises:
        SeatPoolUnknown: there is none of that key (`seat_pool_unknown`).
    """
    if not lock_pools(session, tenant.id, [key]):
        raise SeatPoolUnknown(key)
    view = find_pool(session, tenant.id, key)
    wanting = {*comers, *waits(session, tenant.id, key)}
    left_at = last_left(session, tenant.id, wanting, max(now, view.clock_at))
    if left_at is not None:
        view = replace(view, clock_at=left_at)
    return HeldPool(session, tenant, pool_now(session, tenant, view, now, judged))
