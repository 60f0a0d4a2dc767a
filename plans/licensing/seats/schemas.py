"""What the API of seat pools takes and gives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plans.licensing.seats.actions.assign_seats import SeatRow
from plans.licensing.seats.advice import Advice, Rule
from plans.licensing.seats.links import invitation_link
from plans.licensing.seats.reads import AdviceNow, AutoAssign, InvitationView, PoolNow, PoolView
from plans.licensing.seats.seating import Freed, Granted, No, Waits
from plans.schemas.parts import MoneyAnswer

__all__ = (
    "ActivationAnswer",
    "AdviceAnswer",
    "BulkAnswer",
    "BulkBody",
    "InvitationAnswer",
    "InvitationBody",
    "InvitationPage",
    "MoveAnswer",
    "MoveBody",
    "PoolAnswer",
    "PoolBody",
    "PoolChange",
    "PoolLine",
    "PoolPage",
    "RowAnswer",
    "SeatAnswer",
    "SeatBody",
    "SeatPage",
    "SeatState",
    "position_of",
)

BULK_MAX = 10_000
_STATES = ("held", "cooling_down", "waiting", "none")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SeatState = Literal["held", "cooling_down", "waiting"]
Name = Annotated[str, Meta(min_length=1, max_length=400)]
Names = Annotated[list[Name], Meta(max_length=BULK_MAX)]


class PoolBody(msgspec.Struct, forbid_unknown_fields=True):
    """A pool to be set up; `key` is what `seat.assigned` events call it."""

    key: str
    name: str
    seats: int
    moves_per_year: int | None = None
    auto_assign: AutoAssign = AutoAssign()


class PoolChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; what is not named stays."""

    name: str | UnsetType = UNSET
    seats: int | UnsetType = UNSET
    moves_per_year: int | UnsetType | None = UNSET
    auto_assign: AutoAssign | UnsetType = UNSET


class PoolAnswer(msgspec.Struct):
    """A pool: `held` + `cooling_down` seats are taken, `free` are the rest (below 0 while it drains)."""

    key: str
    name: str
    seats: int
    held: int
    cooling_down: int
    free: int
    waiting: int
    cooldown_days: int
    moves_per_year: int | None
    moves_left: int | None
    auto_assign: AutoAssign
    created_at: datetime

    @classmethod
    def of(cls, now: PoolNow) -> "PoolAnswer":
        """Return a pool as it is."""
        view, seating = now.view, now.seating
        return cls(
            view.key, view.name, view.seats, len(seating.held), len(seating.cooling), seating.free,
            len(seating.waiting), seating.rules.cooldown_days, view.moves_per_year, seating.moves_left(now.at),
            view.auto_assign, view.created_at,
        )  # fmt: skip


class PoolLine(msgspec.Struct):
    """A pool's rules, as in the list."""

    key: str
    name: str
    seats: int
    moves_per_year: int | None
    auto_assign: AutoAssign

    @classmethod
    def of(cls, view: PoolView) -> "PoolLine":
        """Return a line of the list."""
        return cls(view.key, view.name, view.seats, view.moves_per_year, view.auto_assign)


class PoolPage(msgspec.Struct):
    """Pools by key."""

    items: list[PoolLine]
    next_cursor: str | None = None


class SeatBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who gets a seat: an id, a sender's key, an external id or an e-mail address.

    With `wait` they go on the wait-list where none is free.
    """

    person: Name
    wait: bool = False


class MoveBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who gets the seat instead."""

    to: Name


class BulkBody(msgspec.Struct, forbid_unknown_fields=True):
    """Seats to be released, then seats to be assigned, each in the order given; at most 10,000 names each."""

    release: Names = []
    assign: Names = []
    wait: bool = False


class SeatAnswer(msgspec.Struct, omit_defaults=True):
    """Where somebody stands in a pool.

    `since` when they hold the seat, or wait for one; `until` when a freed seat is taken; `place` on the
    wait-list, counted from 1; `retaken` where it is their own seat, whose cool-down ran.
    """

    person: UUID
    state: Literal["held", "cooling_down", "waiting", "none"]
    since: datetime | None = None
    until: datetime | None = None
    place: int | None = None
    retaken: bool = False

    @classmethod
    def of(cls, now: PoolNow, person_id: UUID) -> "SeatAnswer":
        """Return where somebody stands."""
        seating = now.seating
        if person_id in seating.held:
            return cls(person_id, "held", since=seating.held[person_id].since)
        place = seating.waiting.index(person_id) + 1 if person_id in seating.waiting else None
        if place is not None:
            return cls(person_id, "waiting", since=now.waits[person_id], place=place)
        if person_id in seating.cooling:
            cooling = seating.cooling[person_id]
            return cls(person_id, "cooling_down", since=cooling.released_at, until=cooling.until)
        return cls(person_id, "none")

    @property
    def position(self) -> tuple[int, int, str]:
        """Where it stands in the list: by state, since when, and whose it is."""
        since_us = 0 if self.since is None else (self.since - _EPOCH) // timedelta(microseconds=1)
        return _STATES.index(self.state), since_us, str(self.person)

    @property
    def cursor(self) -> str:
        """What finds the place after it, whether it is still there or not."""
        return ".".join(str(part) for part in self.position)


def position_of(cursor: str) -> tuple[int, int, str]:
    """Return the position that a cursor tells."""
    rank, since_us, person = cursor.split(".")
    return int(rank), int(since_us), person


class SeatPage(msgspec.Struct):
    """Seats held, then those that cool down, then who waits; each of them by since when."""

    items: list[SeatAnswer]
    next_cursor: str | None = None


class RowAnswer(msgspec.Struct, omit_defaults=True):
    """What became of a name; `code` is that of the refusal, `until` from when on it may be different."""

    name: str
    result: Literal["assigned", "released", "waiting", "refused"]
    person: UUID | None = None
    code: str | None = None
    until: datetime | None = None
    place: int | None = None
    retaken: bool = False

    @classmethod
    def of(cls, row: SeatRow) -> "RowAnswer":
        """Return the row of a bulk request."""
        person = row.person.id if row.person else None
        match row.outcome:
            case Granted(_, retaken):
                return cls(row.name, "assigned", person, retaken=retaken)
            case Freed(_, free_at):
                return cls(row.name, "released", person, until=free_at)
            case Waits(_, place):
                return cls(row.name, "waiting", person, place=place)
            case No(_, reason, until, place):
                return cls(row.name, "refused", person, reason.value, until, place)
            case _:
                return cls(row.name, "refused", code="person_unknown")


class BulkAnswer(msgspec.Struct):
    """A result for each name, in the order of the request."""

    released: list[RowAnswer]
    assigned: list[RowAnswer]

    @classmethod
    def of(cls, released: Sequence[SeatRow], assigned: Sequence[SeatRow]) -> "BulkAnswer":
        """Return the results of a bulk request."""
        return cls([RowAnswer.of(row) for row in released], [RowAnswer.of(row) for row in assigned])


class MoveAnswer(msgspec.Struct, omit_defaults=True):
    """Who held the seat, who holds one now; until when the freed seat stays taken, absent where it passed on."""

    was: UUID
    now: UUID
    until: datetime | None = None


class IdleSeat(msgspec.Struct, omit_defaults=True):
    """A seat whose holder did nothing for `idle_days` days, and what the rules say to taking it back now.

    `never_used`: free at once. `cools_down`: freed, but taken until `free_at`. `moves_used_up`: not
    before `free_at`. `last_used_at` is absent where nothing was done with it since it is held, as far
    back as was asked.
    """

    person: UUID
    since: datetime
    idle_days: int
    rule: Rule
    may_release: bool
    last_used_at: datetime | None = None
    free_at: datetime | None = None

    @classmethod
    def of(cls, one: Advice) -> "IdleSeat":
        """Return a line of the advice."""
        return cls(one.person_id, one.since, one.idle_days, one.rule, one.may_release, one.last_used_at, one.free_at)


class AdviceAnswer(msgspec.Struct):
    """Idle seats, the longest idle first.

    `saves` is what a full billing period would cost less without those that may be released, once no
    cool-down runs any more, by the contracts in force: one amount a currency.
    """

    idle_days: int
    may_release: int
    saves: list[MoneyAnswer]
    items: list[IdleSeat]

    @classmethod
    def of(cls, found: AdviceNow) -> "AdviceAnswer":
        """Return the advice on a pool."""
        items = [IdleSeat.of(one) for one in found.idle]
        return cls(found.idle_days, found.may_release, [MoneyAnswer.of(money) for money in found.saves], items)


class InvitationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who is invited, for how many days (1 to 365), and whether they are told by mail."""

    person: Name
    days: int = 30
    mail: bool = False


class InvitationAnswer(msgspec.Struct):
    """An invitation: open, activated, withdrawn or expired. Only an activated one has taken a seat.

    `link` opens it for who is invited, without signing in; it is there while it is open, for who may invite.
    """

    id: UUID
    pool: str
    person: UUID
    status: str
    invited_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    link: str | None = None

    @classmethod
    def of(cls, view: InvitationView, links_of: UUID | None = None) -> "InvitationAnswer":
        """Return an invitation; with its link where the tenant is given."""
        link = invitation_link(links_of, view.id) if links_of is not None and view.status == "open" else None
        return cls(
            view.id, view.pool, view.person_id, view.status, view.invited_at, view.expires_at, view.settled_at, link
        )


class InvitationPage(msgspec.Struct):
    """Invitations, newest first."""

    items: list[InvitationAnswer]
    next_cursor: str | None = None


class ActivationAnswer(msgspec.Struct):
    """The invitation, and the seat that it took."""

    invitation: InvitationAnswer
    seat: RowAnswer
