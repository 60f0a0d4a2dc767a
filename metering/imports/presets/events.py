"""Files whose columns are the fields of events: `id, source, type, time, subject, data.course_id, …`."""

from collections.abc import Sequence

from metering.imports.columns import norm
from metering.imports.mapping import Mapping, Rule, TimeReading, Value

__all__ = ("EXAMPLE", "TEXT", "TITLE", "header_mapping")

TITLE = "Events"
TEXT = "One event a row or line, named as in the API: id, type, time, subject, and columns such as data.course_id."
EXAMPLE = "id,type,time,subject,data.course_id,data.course_type"

_YES_NO = ("data.waived",)
_NUMBERS = ("data.amount", "data.minutes", "data.progress")


def header_mapping(header: Sequence[str], source: str) -> Mapping:
    """Return the mapping of a file whose header names the fields; a column `source` goes before `source`.

    Without a column `id`, ids are derived from all other columns of the row.
    """
    names = {norm(name): name.strip() for name in header}
    fields = [name for name in names.values() if norm(name).startswith("data.") and len(name) > 5]
    data: dict[str, Value | str] = {}
    for name in fields:
        path = norm(name)
        kind = "yes_no" if path in _YES_NO else "number" if path in _NUMBERS else "text"
        data[name.partition(".")[2]] = Value(column=name, kind=kind)  # type: ignore[arg-type]
    rule = Rule(
        key="event",
        type=Value(column="type", required=True),
        time="time",
        subject="subject",
        data=data,
        id="id" if "id" in names else None,
        identity=["type", "time", "subject", *fields],
    )
    return Mapping(source=source, rules=[rule], time=TimeReading(), rows="refuse")
