"""Which seats may be taken back, and which not yet and why (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from core.periods import local_date
from plans.licensing.seats.seating import No, Seating

__all__ = ("Advice", "Rule", "advise", "rule_of")

Rule = Literal["never_used", "cools_down", "moves_used_up"]
"""Free at once; freed and taken until its cool-down is over; not to be freed before a date."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A seat whose holder was idle: since when it is held, when it was used last (None: never, as far as asked).

    `free_at` is from when on somebody else could have the seat if it were released at the instant of
    asking; None says at once. Where the moves are used up it is when it may be released, None if never.
    """

    person_id: UUID
    since: datetime
    last_used_at: datetime | None
    idle_days: int
    rule: Rule
    free_at: datetime | None

    @property
    def may_release(self) -> bool:
        """Whether it may be released now."""
        return self.rule != "moves_used_up"


def rule_of(seating: Seating, person_id: UUID, at: datetime) -> tuple[Rule, datetime | None]:
    """Return what the rules say to freeing somebody's seat at that instant, and the date that goes with it."""
    answer = seating.may_free(person_id, at)
    if isinstance(answer, No):
        return "moves_used_up", answer.until
    unused = not seating.held[person_id].used and answer.free_at is None
    return ("never_used", None) if unused else ("cools_down", answer.free_at)


def advise(seating: Seating, last_uses: Mapping[UUID, datetime], idle_days: int, at: datetime) -> list[Advice]:
    """Return the seats whose holder did nothing for at least so many local days, the longest idle first.

    Args:
        seating: the pool, with the use of all holders known.
        last_uses: when each did something last, of those who did so lately enough to be asked.
        idle_days: how many days; held for less is not idle yet.
        at: now.

    Returns:
        Advice by last sign of life (or since when it is held), then by person.
    """
    today, tz = local_date(at, seating.rules.tz), seating.rules.tz
    found = []
    for person_id, holder in seating.held.items():
        last = last_uses.get(person_id)
        used_at = last if last is not None and last >= holder.since else None
        idle = (today - local_date(max(used_at or holder.since, holder.since), tz)).days
        if idle >= idle_days:
            rule, free_at = rule_of(seating, person_id, at)
            found.append(Advice(person_id, holder.since, used_at, idle, rule, free_at))
    return sorted(found, key=lambda one: (-one.idle_days, one.since, one.person_id))
