"""What a mapping says: which columns become which fields of which events (pure data).

A mapping is JSON: presets are mappings that come along, a customer's own is sent with the file.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from metering.imports.numbers import Numbers

__all__ = ("Condition", "Mapping", "Rule", "TimeReading", "Value")

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=512)]


class Value(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """Where a field of an event comes from: exactly one of `column`, `const` and `template`.

    What `column` holds can be cut out `between` two texts, looked up in `values` (upper and lower
    case are one), and read as another kind. An empty cell leaves the field out.
    """

    column: Name | None = None
    const: Text | None = None
    template: Text | None = None
    """Text with columns in braces: `{User}/{Course}`; empty where one of them is."""
    between: tuple[Text, Text] | None = None
    """The text after the first and before the next second one; '' for the start or end of the cell."""
    values: dict[str, Text] | None = None
    otherwise: Text | None = None
    """For what is not in `values`; without it such a row is refused."""
    kind: Literal["text", "number", "yes_no", "instant"] = "text"
    required: bool = False


class Condition(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """What must hold of a column for a rule to apply; upper and lower case are one."""

    column: Name
    filled: bool | None = None
    any_of: list[Text] | None = None
    none_of: list[Text] | None = None
    ends_with: list[Text] | None = None
    above_zero: bool | None = None


class Rule(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """An event that a row becomes where all of `when` holds."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    """Part of ids that are derived: it tells the events of one row apart."""
    type: Value | Text
    time: Name
    """The column of the time."""
    subject: Value | Name
    data: dict[str, Value | Name] = field(default_factory=dict)
    """Field of `data` (dots lead inwards: `person.name`) → where it comes from."""
    when: list[Condition] = field(default_factory=list)
    id: Value | Name | None = None
    identity: list[Name] | None = None
    """Without `id`: the columns that make a row this row; all that the rule names where left out."""


class TimeReading(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """How times are written. Without `formats`: ISO 8601, dates in figures, dates with month names."""

    formats: Annotated[list[Name], Meta(max_length=10)] = field(default_factory=list)
    """As in C's strptime: `%d.%m.%Y %H:%M`."""
    order: Literal["auto", "day_first", "month_first"] = "auto"
    """For 03/04/2026: told by the file's first rows; where they don't tell, the file is refused."""
    zone: Annotated[str, Meta(max_length=64)] = ""
    """The IANA zone of times without an offset; the tenant's where left out."""


class Mapping(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """How the rows of a file become events.

    Columns are found by name; upper and lower case and runs of white space don't matter.
    """

    source: Annotated[str, Meta(min_length=1, max_length=512)]
    rules: Annotated[list[Rule], Meta(min_length=1, max_length=50)]
    time: TimeReading = field(default_factory=TimeReading)
    numbers: Numbers = "auto"
    """For 1,234: told by the first rows of a CSV file; where they don't tell, the file is refused."""
    columns: dict[Name, list[Name]] = field(default_factory=dict)
    """Other names under which a column of the rules may come."""
    optional: list[Name] = field(default_factory=list)
    """Columns that may be missing: they then count as empty."""
    rows: Literal["skip", "refuse"] = "skip"
    """What becomes of a row to which no rule applies: left out and counted as skipped, or refused."""
