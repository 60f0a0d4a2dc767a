"""Which seats may be taken back, and which not yet and why (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from core.periods import local_date
from plans.licensing.seats.seating import Freed, No, Seating

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
    return _told(seating, person_id, seating.may_free(person_id, at))


def _told(seating: Seating, person_id: UUID, answer: Freed | No) -> tuple[Rule, datetime | None]:
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
        Advice by last sign of life (or since when it is held), then by person. The moves that are left go to those
        who come first: together no more may be released than the rules allow.
    """
    today, tz = local_date(at, seating.rules.tz), seating.rules.tz
    idle: list[tuple[int, datetime, UUID, datetime | None]] = []
    for person_id, holder in seating.held.items():
        last = last_uses.get(person_id)
        used_at = last if last is not None and last >= holder.since else None
        days = (today - local_date(max(used_at or holder.since, holder.since), tz)).days
        if days >= idle_days:
            idle.append((-days, holder.since, person_id, used_at))
    idle.sort(key=lambda one: one[:3])
    told = seating.may_free_in_turn([one[2] for one in idle], at)
    return [
        Advice(person_id, since, used_at, -days, *_told(seating, person_id, told[person_id]))
        for days, since, person_id, used_at in idle
    ]
