"""The mapping of xAPI statements: rows of one's own and those that come along, a form for one, a try-out (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec.structs import fields

from app.i18n import gettext as _
from app.pages.formats import instant, quantity
from app.pages.said import Field, Maker
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number
from core.errors import InputError, InvalidInput
from core.exact_json import encode_exact
from metering.errors import EventFault
from metering.events import REGISTRY
from metering.reads.statements import UnmeteredView
from metering.xapi.mapping import TAKES
from metering.xapi.rules import ANY, BUILT_IN, MappingRule
from metering.xapi.trial import Trial

__all__ = (
    "FIELDS",
    "RowView",
    "TrialView",
    "along_table",
    "own_rows",
    "row_fields",
    "said_of",
    "silent_table",
    "takes_of",
    "trial_views",
    "types_of",
    "wished_row",
)

FIELDS = ("verb", "activity_type", "event_type", "data")
NOTHING = ""
"""The choice that keeps a verb from being metered."""


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the customer's own."""

    row: MappingRule
    short: str
    """The verb without its address."""
    event: str
    data: str
    change: str
    """Where the form has its values."""


def own_rows(rows: Sequence[MappingRule], base: str) -> tuple[RowView, ...]:
    """Return the customer's own rows, by verb and type."""
    return tuple(RowView(row, _short(row.verb), _event(row), _data(row), _prefilled(base, row)) for row in rows)


def along_table(own: Sequence[MappingRule], query: TableQuery, base: str, *, may_change: bool) -> Table:
    """Return one page of the rows that come along; each leads to the form with its values."""
    page, pager = query.page(BUILT_IN)
    columns = (Column(_("Verb")), Column(_("Activity type")), Column(_("Event")), Column(_("Data of the event")))
    return Table(
        id="along",
        caption=_("What comes along"),
        columns=(*columns, Column(_("Otherwise"))) if may_change else columns,
        rows=tuple(_along(row, own, base, may_change=may_change) for row in page),
        pager=pager,
    )


def _along(row: MappingRule, own: Sequence[MappingRule], base: str, *, may_change: bool) -> tuple[Cell, ...]:
    beaten = any(one.verb == row.verb and one.activity_type in (row.activity_type, ANY) for one in own)
    event = Cell(_("Your own row holds"), tone="info", sub=_event(row)) if beaten else cell(_event(row))
    shown = (
        Cell(_short(row.verb), sub=row.verb, css="event"),
        Cell(_kind(row.activity_type), sub="" if row.activity_type == ANY else row.activity_type, css="event"),
        event,
        Cell(_data(row), css="event"),
    )
    return (*shown, cell(_("Make one’s own"), _prefilled(base, row))) if may_change else shown


def silent_table(found: Sequence[UnmeteredView], base: str, tz: ZoneInfo, *, may_change: bool) -> Table:
    """Return the kinds of statements that made no event, and why; each leads to the form for it."""
    return Table(
        id="silent",
        caption=_("Statements that made no event"),
        columns=(
            Column(_("Verb")),
            Column(_("Activity type")),
            Column(_("Why")),
            Column(_("Statements"), numeric=True),
            Column(_("Last")),
        ),
        rows=tuple(_silent(one, base, tz, may_change=may_change) for one in found),
        empty_title=_("Every statement made an event"),
        empty_text=_("Kinds of statements that no row is about are listed here as they come in."),
    )


def _silent(one: UnmeteredView, base: str, tz: ZoneInfo, *, may_change: bool) -> tuple[Cell, ...]:
    asked = MappingRule(one.verb, one.activity_type or ANY, NOTHING)
    return (
        Cell(_short(one.verb), _prefilled(base, asked) if may_change else None, sub=one.verb, css="event"),
        Cell(_kind(one.activity_type or ANY), sub=one.activity_type, css="event"),
        Cell(reason_text(one.reason), css="told"),
        number(quantity(one.statements), str(one.statements)),
        Cell(instant(one.last_stored_at, tz), css="nowrap", plain=one.last_stored_at.isoformat()),
    )


def _prefilled(base: str, row: MappingRule) -> str:
    return f"{base}?{urlencode(said_of(row))}#row"


def said_of(row: MappingRule) -> dict[str, str]:
    """Return a row as the form says it."""
    lines = "\n".join(f"{name} = {value}" for name, value in row.data.items())
    return dict(zip(FIELDS, (row.verb, row.activity_type, row.event_type or NOTHING, lines), strict=True))


def row_fields(said: Mapping[str, str], faults: Sequence[InputError]) -> tuple[Field, ...]:
    """Return the form of a row with what was said, each fault beside its field."""
    made = Maker({"activity_type": ANY, **said}, [replace(one, pointer=_field_of(one.pointer)) for one in faults])
    events = ((NOTHING, _("None, on purpose")), *((name, name) for name in REGISTRY))
    return (
        replace(made.field("verb", _("Verb")), hint=_("Its address, as statements have it.")),
        replace(
            made.field("activity_type", _("Activity type")),
            hint=_("Its address; * for any type, and for statements without one."),
        ),
        made.field("event_type", _("Event"), choices=events),
        replace(
            made.field("data", _("Data of the event"), "lines"),
            hint=_("One field a line: course_id = $course. Fixed texts stand as they are; $… is taken."),
        ),
    )


def _field_of(pointer: str) -> str:
    """Return the field that a pointer into a row leads into: `/data/course_id` → `data`."""
    return pointer.strip("/").split("/", 1)[0]


def wished_row(said: Mapping[str, str]) -> MappingRule:
    """Return the row that a form says.

    Raises:
        InvalidInput: a line of the data is none (`line_unreadable`).
    """
    data: dict[str, str] = {}
    faults = []
    for place, line in enumerate(said.get("data", "").splitlines(), 1):
        if not line.strip():
            continue
        name, mark, value = (part.strip() for part in line.partition("="))
        if not (name and mark and value) or name in data:
            told = _("Line %(line)s: write each field once, as “course_id = $course”.") % {"line": place}
            faults.append(InputError("/data", "line_unreadable", told))
        data[name] = value
    if faults:
        raise InvalidInput(*faults)
    event = said.get("event_type", "").strip() or None
    return MappingRule(said.get("verb", "").strip(), said.get("activity_type", "").strip() or ANY, event, data)


def types_of() -> tuple[tuple[str, str, str], ...]:
    """Return each event type with the fields it needs and those it may have."""
    return tuple(
        (name, ", ".join(_named(kind.data, required=True)), ", ".join(_named(kind.data, required=False)))
        for name, kind in REGISTRY.items()
    )


def _named(data: type, *, required: bool) -> Iterable[str]:
    return (one.encode_name for one in fields(data) if one.required is required and one.encode_name != "person")


def takes_of() -> tuple[tuple[str, str], ...]:
    """Return what data may take from a statement, and what that is."""
    meanings = {
        "object": _("the id of the object, where it is an activity"),
        "object_type": _("the type of the object"),
        "course": _("the object or the first parent or grouping that is a course; of cmi5 at least the registration’s"),
        "parent": _("the first parent"),
        "parent_or_course": _("the first parent, else the course"),
        "registration": _("the registration"),
        "mode": _("the launch mode of cmi5: normal, browse or review"),
        "session": _("the session id of cmi5, else the registration"),
        "minutes": _("the minutes of the result’s duration"),
    }
    return tuple((f"${name}", meanings[name]) for name in TAKES)


@dataclass(frozen=True, slots=True)
class TrialView:
    """What a statement would become."""

    title: str
    tone: str
    told: str
    facts: tuple[tuple[str, str], ...]


def trial_views(trials: Sequence[Trial]) -> tuple[TrialView, ...]:
    """Return what each statement of a try-out would become, or why it would make no event."""
    return tuple(_trial_view(one) for one in trials)


def _trial_view(one: Trial) -> TrialView:
    facts = [(_("Verb"), one.verb), (_("Activity type"), one.activity_type or "–"), (_("Row"), _row_told(one))]
    event = one.event
    if event is not None:
        facts += [
            (_("Person"), str(event["subject"])),
            (_("When"), str(event["time"])),
            (_("Data of the event"), encode_exact({k: v for k, v in event["data"].items() if k != "person"}).decode()),
        ]
    if event is not None and not one.reason:
        return TrialView(str(event["type"]), "good", _("This statement would make this event."), tuple(facts))
    told = one.detail or reason_text(one.reason)
    return TrialView(str(event["type"]) if event else _("No event"), "warn", told, tuple(facts))


def _row_told(one: Trial) -> str:
    if one.row is None:
        return "–"
    kind = _("your own") if one.own else _("comes along")
    return f"{_short(one.row.verb)}, {_kind(one.row.activity_type)} ({kind})"


def reason_text(code: str) -> str:
    """Return why a statement makes no event, as a sentence."""
    texts = {
        "voiding": _("It takes another statement back."),
        "verb_unmapped": _("No row is about this verb."),
        "activity_type_unmapped": _("Rows are about this verb, and none about this type of activity."),
        "ignored_by_rule": _("A row says that this makes no event."),
        "actor_is_group": _("A group is nobody who could be counted."),
    }
    meanings = {one.value: one.meaning for one in EventFault}
    return texts.get(code) or meanings.get(code, code)


def _short(iri: str) -> str:
    return iri.rstrip("/").rsplit("/", 1)[-1]


def _kind(activity_type: str) -> str:
    return _("any") if activity_type == ANY else _short(activity_type)


def _event(row: MappingRule) -> str:
    return row.event_type or _("none, on purpose")


def _data(row: MappingRule) -> str:
    return ", ".join(f"{name} = {value}" for name, value in row.data.items())
