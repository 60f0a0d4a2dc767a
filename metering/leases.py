"""Stretches in which the leases of floating pools are open (pure)."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

__all__ = ("LEASED", "LONGEST", "CountBy", "Stretch", "unit_of")

LEASED = "session.leased"
"""The type of a stretch among the facts of a figure; no sender's event becomes one."""
LONGEST = timedelta(days=7)
"""No stretch is longer: an offline grant's maximum, and how far back readers look. A lease may have many."""

CountBy = Literal["person", "person_device", "session"]


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """One stretch `[starts_at, ends_at)`; the columns are told in `metering.models.leases`."""

    pool: str
    lease_id: UUID
    starts_at: datetime
    unit: str
    client_key: str
    identity_id: int
    device_id: str | None
    group_key: str
    ends_at: datetime
    renews_s: int
    lingers_s: int
    released: bool = False
    borrowed: bool = False
    overdrawn: bool = False
    held: bool = True

    def open_at(self, instant: datetime) -> bool:
        """Return whether it is open at an instant, by time alone."""
        return self.starts_at <= instant < self.ends_at

    @property
    def next_beat(self) -> datetime:
        """When a client renews it, so that two lost heartbeats do no harm: after a third of its time."""
        return self.ends_at - timedelta(seconds=self.renews_s) * 2 / 3

    def renewable(self, now: datetime) -> bool:
        """Return whether it can be held on from now without becoming longer than a stretch may be."""
        return now + timedelta(seconds=self.renews_s) <= self.starts_at + LONGEST

    def renewed(self, now: datetime) -> "Stretch":
        """Return it held on from now: never shorter than it was. It must be `renewable`."""
        until = now + timedelta(seconds=self.renews_s)
        return msgspec.structs.replace(self, ends_at=max(self.ends_at, until))

    def followed(self, now: datetime) -> tuple["Stretch", "Stretch"]:
        """Return it ended now, and the stretch that goes on in its seat without a gap.

        It must be open and not `renewable`: so it began before now, and what goes on ends no sooner.
        """
        after = msgspec.structs.replace(self, starts_at=now, ends_at=now + timedelta(seconds=self.renews_s))
        return msgspec.structs.replace(self, ends_at=now, held=False), after


def unit_of(count_by: CountBy, person: str, device_id: str | None, client_key: str) -> str:
    """Return what counts once: the person, the person's device, or the client key.

    Who names no device is a device of their own, by client key. `lease_unit` in the database says the same.

    >>> unit_of("person_device", "ann", "laptop", "k1"), unit_of("person_device", "ann", None, "k1")
    ('ann/laptop', 'ann//k1')
    """
    if count_by == "person":
        return person
    if count_by == "person_device":
        return f"{person}/{device_id}" if device_id else f"{person}//{client_key}"
    return f"/{client_key}"
