"""What seat pools refuse, each with its stable code."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from core.errors import NotFound, Refused
from core.periods import local_date
from plans.licensing.errors import PersonInactive
from plans.licensing.seats.seating import No, Reason

__all__ = (
    "InvitationOver",
    "PersonInvited",
    "SeatAlreadyHeld",
    "SeatCoolingDown",
    "SeatMovesUsedUp",
    "SeatNotHeld",
    "SeatPoolFull",
    "SeatPoolKeyTaken",
    "SeatPoolUnknown",
    "refusal",
)


class SeatPoolUnknown(NotFound):
    """There is no seat pool of that key."""

    code = "seat_pool_unknown"

    def __init__(self, key: str) -> None:
        super().__init__("seat pool", key)


class SeatPoolKeyTaken(Refused):
    """There is a seat pool of that key already, with other rules."""

    code = "seat_pool_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is a seat pool '{key}' with other rules already. Change that one, or use another key.")


class SeatAlreadyHeld(Refused):
    """The person holds a seat of this pool; nobody holds two."""

    code = Reason.HELD.value

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} holds a seat of this pool already. There is nothing to do.")


class SeatNotHeld(Refused):
    """The person holds no seat of this pool, so that there is none to free."""

    code = Reason.NOT_HELD.value

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} holds no seat of this pool. Look at its seats to see who does.")


class SeatPoolFull(Refused):
    """Every seat is held, or kept by somebody who waits longer; no cool-down ends that would help."""

    code = Reason.FULL.value

    def __init__(self, name: str, place: int) -> None:
        super().__init__(
            f'Every seat is taken. Assign it with "wait": true to put {name} on the wait-list at place {place}, free a'
            " seat that is not needed (see the pool's advice), or raise the limit.",
            place=place,
        )


class SeatCoolingDown(Refused):
    """Every seat is taken; one that was freed comes free when its cool-down is over."""

    code = Reason.COOLING.value

    def __init__(self, name: str, place: int, until: datetime, tz: ZoneInfo) -> None:
        super().__init__(
            f"Every seat is taken. {name}'s turn comes on {local_date(until, tz)}, when enough cool-downs are over:"
            f' assign it with "wait": true to have the seat then (place {place} on the wait-list), or raise the limit.',
            place=place, until=until.isoformat(),
        )  # fmt: skip


class SeatMovesUsedUp(Refused):
    """The pool's yearly number of moves is used up: a used seat is not freed before the oldest is a year old."""

    code = Reason.MOVES_USED_UP.value

    def __init__(self, name: str, until: datetime | None, tz: ZoneInfo) -> None:
        when = f"wait until {local_date(until, tz)}" if until else "raise the pool's moves_per_year"
        super().__init__(
            f"The seat of {name} was used, and the pool's moves of the last twelve months are used up: {when}."
            " Seats that were never used and those of people who left are free to move at any time.",
            **({"until": until.isoformat()} if until else {}),
        )


class PersonInvited(Refused):
    """The person has an open invitation to this pool."""

    code = "seat_invitation_open"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has an open invitation to this pool. Let it be activated, or withdraw it first.")


class InvitationOver(Refused):
    """The invitation was activated or withdrawn, or its time is over."""

    code = "seat_invitation_over"

    def __init__(self, state: str) -> None:
        super().__init__(f"The invitation is {state}. Make a new one if the seat is still wanted.")


def refusal(no: No, names: Mapping[object, str], tz: ZoneInfo) -> Refused:
    """Return the refusal that a decision means; `names` says what people are called."""
    name = names.get(no.person_id, str(no.person_id))
    match no.reason:
        case Reason.HELD:
            return SeatAlreadyHeld(name)
        case Reason.NOT_HELD:
            return SeatNotHeld(name)
        case Reason.MOVES_USED_UP:
            return SeatMovesUsedUp(name, no.until, tz)
        case Reason.GONE:
            return PersonInactive(name)
        case Reason.COOLING if no.until is not None:
            return SeatCoolingDown(name, no.place or 1, no.until, tz)
        case _:
            return SeatPoolFull(name, no.place or 1)
