"""Seat pools as their pages show them (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.formats import day, instant, money, quantity
from app.pages.tables import Cell, Chip, Column, Pager, Table, TableQuery, cell, number, status
from core.errors import Refused
from core.periods import local_date
from plans.licensing.seats.advice import rule_of
from plans.licensing.seats.reads import AdviceNow, PoolNow
from plans.licensing.seats.seating import Freed, Seating
from tenants.reads import PersonView

__all__ = (
    "IDLE_DAYS",
    "Foreseen",
    "PoolSeat",
    "Result",
    "advice_text",
    "filter_text",
    "foreseen",
    "matching",
    "next_free",
    "pool_seats",
    "pools_table",
    "refused_text",
    "rule_sentences",
    "seats_export",
    "seats_table",
)

IDLE_DAYS = (30, 60, 90, 180)
"""After how many days a seat may be called idle; the second is the default."""
Standing = Literal["held", "cooling", "waiting"]


@dataclass(frozen=True, slots=True)
class PoolSeat:
    """Somebody who holds a seat, whose freed seat cools down, or who waits; `rule` is what freeing it means."""

    person_id: UUID
    name: str
    mail: str
    standing: Standing
    since: datetime
    place: int
    last_used_at: datetime | None
    idle_days: int
    rule: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What releasing seats would come to: of so many, and how many who wait would get one."""

    asked: int
    at_once: int
    cooling: int
    refused: int
    promoted: int


@dataclass(frozen=True, slots=True)
class Result:
    """What an act came to: a sentence, why some of it was not done, and whom the form names again."""

    text: str
    faults: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


def pools_table(pools: Sequence[PoolNow], base: str) -> Table:
    """Return the pools with what is taken of each."""
    return Table(
        id="pools",
        caption=_("Seat pools"),
        columns=(
            Column(_("Pool")),
            Column(_("Seats"), numeric=True),
            Column(_("Held"), numeric=True),
            Column(_("Cooling down"), numeric=True),
            Column(_("Free"), numeric=True),
            Column(_("Waiting"), numeric=True),
        ),
        rows=tuple(
            (
                cell(pool.view.name, href=f"{base}/{pool.view.key}", sub=pool.view.key),
                *(
                    number(quantity(figure), str(figure))
                    for figure in (
                        pool.view.seats, len(pool.seating.held), len(pool.seating.cooling), pool.seating.free,
                        len(pool.seating.waiting),
                    )
                ),
            )
            for pool in pools
        ),
        empty_title=_("No seat pools yet"),
        empty_text=_(
            "A pool sets how many people may hold a named seat, and keeps the rules when seats move. Set one up above;"
            " if your suite reports seats already, use its name for the pool and their holders are here at once."
        ),
    )  # fmt: skip


def pool_seats(
    pool: PoolNow, people: Mapping[UUID, PersonView], last_uses: Mapping[UUID, datetime], tz: ZoneInfo
) -> list[PoolSeat]:
    """Return everybody in a pool: holders by name, then freed seats by when they come free, then who waits."""
    seating, today = pool.seating, local_date(pool.at, tz)

    def seat(person_id: UUID, standing: Standing, since: datetime, place: int = 0) -> PoolSeat:
        person = people.get(person_id)
        name = (person.name or person.email or person.external_id or "") if person else ""
        last, rule, until = None, "", None
        if standing == "held":
            found = last_uses.get(person_id)
            last = found if found is not None and found >= since else None
            rule, until = rule_of(seating, person_id, pool.at)
        elif standing == "cooling":
            until = seating.cooling[person_id].until
        idle = (today - local_date(last or since, tz)).days
        mail = person.email if person and person.name else ""
        return PoolSeat(person_id, name or str(person_id), mail, standing, since, place, last, idle, rule, until)

    held = [seat(one, "held", holder.since) for one, holder in seating.held.items()]
    freed = [seat(one, "cooling", cooling.released_at) for one, cooling in seating.cooling.items()]
    waiting = [seat(one, "waiting", pool.waits[one], place) for place, one in enumerate(seating.waiting, start=1)]
    held.sort(key=lambda one: (one.name.casefold(), one.person_id))
    freed.sort(key=lambda one: (one.until or one.since, one.person_id))
    return [*held, *freed, *waiting]


def seats_table(
    seats: Sequence[PoolSeat], query: TableQuery, idle_days: int, tz: ZoneInfo, *, may_act: bool
) -> Table:  # fmt: skip
    """Return the seats that the address asks for, 50 a page; each with a box where something may be done with it."""
    rows, pager = query.page(matching(seats, query, idle_days))
    return Table(
        id="seats",
        caption=_("Seats"),
        columns=query.columns(*_columns()),
        rows=tuple(_row(seat, idle_days, tz, may_act=may_act) for seat in rows),
        chips=_chips([seat for seat in seats if _asked(seat, query.get("search"))], query, idle_days),
        pager=pager if pager is not None else _all(rows),
        export=query.href(f"{query.path}/export", after=None) if rows else None,
        empty_title=_("Nobody here"),
        empty_text=_nobody(query),
    )


def _nobody(query: TableQuery) -> str:
    """Return why the list is empty: nobody is called as was searched for, or nobody is in that state."""
    searched = query.get("search").strip()
    if searched and query.get("show"):
        return _("The search for “%(text)s” found nobody in that state. Look at all, or search for less.") % {
            "text": searched
        }
    if searched:
        return _("The search for “%(text)s” found nobody in this pool. Search for less of the name.") % {
            "text": searched
        }
    return _("Nobody of this pool is in that state. Choose another filter, or assign a seat above.")


def matching(seats: Sequence[PoolSeat], query: TableQuery, idle_days: int) -> list[PoolSeat]:
    """Return the seats that an address asks for, whatever the page, in the order that it wishes."""
    wanted = [seat for seat in seats if _asked(seat, query.get("search")) and _is(seat, query.get("show"), idle_days)]
    sorts = {
        "name": lambda seat: seat.name.casefold(),
        "since": lambda seat: seat.since,
        "used": lambda seat: seat.last_used_at or seat.since - timedelta(days=36_500),
    }
    return query.sort(wanted, sorts)


def seats_export(seats: Sequence[PoolSeat], query: TableQuery, idle_days: int, tz: ZoneInfo) -> Table:
    """Return all seats that an address asks for, for a file."""
    found = matching(seats, query, idle_days)
    columns = (Column(_("Person")), Column(_("E-mail")), *_columns()[1:])
    rows = tuple((cell(seat.name), cell(seat.mail), *_row(seat, idle_days, tz, may_act=False)[1:]) for seat in found)
    return Table(id="seats", caption=_("Seats"), columns=columns, rows=rows)


def foreseen(seating: Seating, seats: Sequence[PoolSeat], at: datetime) -> Foreseen:
    """Return what releasing these seats comes to, in their order, by the very rules; the pool in hand is used up."""
    outcomes = [seating.release(seat.person_id, at) for seat in seats]
    freed = [outcome for outcome in outcomes if isinstance(outcome, Freed)]
    at_once = sum(outcome.free_at is None for outcome in freed)
    return Foreseen(len(seats), at_once, len(freed) - at_once, len(seats) - len(freed), len(seating.promote(at)))


def filter_text(query: TableQuery, idle_days: int) -> str:
    """Return in words which seats an address asks for."""
    show = query.get("show")
    told = [_names(idle_days)[show]] if show in _names(idle_days) and show else []
    if search := query.get("search").strip():
        told.append(_("with “%(text)s” in name or address") % {"text": search})
    return ", ".join(told) or _("all that are held")


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Person"), "name"),
        Column(_("State")),
        Column(_("Since"), "since"),
        Column(_("Last use"), "used"),
        Column(_("If released now")),
    )


def _all(rows: Sequence[PoolSeat]) -> Pager | None:
    if not rows:
        return None
    text = ngettext("%(count)s row", "%(count)s rows", len(rows)) % {"count": quantity(len(rows))}
    return Pager(text, None, None)


def _asked(seat: PoolSeat, search: str) -> bool:
    return search.strip().casefold() in f"{seat.name} {seat.mail}".casefold()


def _is(seat: PoolSeat, show: str, idle_days: int) -> bool:
    match show:
        case "held" | "cooling" | "waiting":
            return seat.standing == show
        case "idle":
            return seat.standing == "held" and seat.idle_days >= idle_days
        case "unused":
            return seat.rule == "never_used"
        case _:
            return True


def _names(idle_days: int) -> dict[str, str]:
    return {
        "": _("All"),
        "held": _("Held"),
        "idle": _("Idle %(days)s days") % {"days": idle_days},
        "unused": _("Never used"),
        "cooling": _("Cooling down"),
        "waiting": _("Waiting"),
    }


def _chips(seats: Sequence[PoolSeat], query: TableQuery, idle_days: int) -> tuple[Chip, ...]:
    names = _names(idle_days)
    shown = query.get("show") if query.get("show") in names else ""
    return tuple(
        Chip(
            label, query.href(show=key or None, after=None), key == shown,
            quantity(sum(_is(seat, key, idle_days) for seat in seats)),
        )
        for key, label in names.items()
    )  # fmt: skip


def _row(seat: PoolSeat, idle_days: int, tz: ZoneInfo, *, may_act: bool) -> tuple[Cell, ...]:
    box = f"person.{seat.person_id}" if may_act and seat.standing != "cooling" else ""
    states = {
        "held": status(_("Held"), "good"),
        "cooling": status(_("Cooling down"), "warn"),
        "waiting": status(_("Waiting, place %(place)s") % {"place": quantity(seat.place)}, "info"),
    }
    return (
        Cell(seat.name, sub=seat.mail, box=box),
        states[seat.standing],
        cell(day(local_date(seat.since, tz)), css="nowrap"),
        cell(_last_use(seat, idle_days, tz)),
        cell(_rule(seat, tz)),
    )


def _last_use(seat: PoolSeat, idle_days: int, tz: ZoneInfo) -> str:
    if seat.standing != "held":
        return "–"
    if seat.last_used_at is not None:
        return day(local_date(seat.last_used_at, tz))
    if seat.rule == "never_used":
        return _("never")
    return _("not in the last %(days)s days") % {"days": idle_days}


def _rule(seat: PoolSeat, tz: ZoneInfo) -> str:
    until = day(local_date(seat.until, tz)) if seat.until else ""
    if seat.standing == "cooling":
        return _("Taken until %(day)s, then free") % {"day": until}
    match seat.rule:
        case "never_used":
            return _("Free at once: it was never used")
        case "cools_down":
            return _("Taken until %(day)s: it was used") % {"day": until} if until else _("Free at once")
        case "moves_used_up" if until:
            return _("Not before %(day)s: the year’s moves are used up") % {"day": until}
        case "moves_used_up":
            return _("Not at all: this pool lets no used seat move")
        case _:
            return "–"


def rule_sentences(seating: Seating, moves_left: int | None) -> tuple[str, ...]:
    """Return the rules of a pool in plain words."""
    rules = seating.rules
    days = ngettext("%(num)d day", "%(num)d days", rules.cooldown_days) % {"num": rules.cooldown_days}
    told = [
        _("A seat is taken by who holds it. Nobody holds two, and there are never more than the limit."),
        _(
            "A seat that was used and is released stays taken, and billed, for %(days)s after the day of its release."
            " Only its own holder may have it back sooner."
        ) % {"days": days},
        _("A seat that its holder never used is free at once. So is the seat of somebody who left."),
        _("Who waits gets the next free seat, who came first first. A lower limit takes no seat away: it drains."),
    ]  # fmt: skip
    if rules.moves_per_year is not None:
        words = {"moves": quantity(rules.moves_per_year), "left": quantity(moves_left or 0)}
        told.append(
            _("Of seats that were used, %(moves)s may be released in twelve months; %(left)s are left.") % words
        )
    return tuple(told)


def advice_text(advice: AdviceNow) -> str:
    """Return what to do about idle seats, in a sentence or two."""
    idle, free = len(advice.idle), advice.may_release
    if not idle:
        return _("No seat has been idle for %(days)s days.") % {"days": advice.idle_days}
    words = {"count": quantity(idle), "days": advice.idle_days, "free": quantity(free)}
    first = ngettext(
        "%(count)s seat has been idle for %(days)s days or longer; %(free)s may be released now.",
        "%(count)s seats have been idle for %(days)s days or longer; %(free)s may be released now.",
        idle,
    ) % words  # fmt: skip
    if not advice.saves or not free:
        return first
    saved = ", ".join(money(one) for one in advice.saves)
    return first + " " + _("That saves %(money)s a billing period once no cool-down runs any more.") % {"money": saved}


def next_free(seating: Seating, tz: ZoneInfo) -> str:
    """Return when the next cool-down is over, or nothing."""
    soonest = min((cooling.until for cooling in seating.cooling.values()), default=None)
    return instant(soonest, tz) if soonest else ""


def refused_text(name: str, refusal: Refused) -> str:
    """Return why something was not done for somebody."""
    return f"{name}: {refusal.detail}"
