"""From a row to the events it becomes, by a mapping and a header (pure)."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from metering.imports.columns import locate, rule_columns
from metering.imports.faults import RowCode, RowFault, excerpt
from metering.imports.mapping import Condition, Mapping, Rule, Value
from metering.imports.numbers import above_zero, number_of
from metering.imports.times import Clock

__all__ = ("Cells", "Event", "RowMapper")

Cells = Sequence[str]
"""A row's texts in the order of the header; '' where a cell is empty."""
Event = dict[str, Any]
"""A CloudEvent, JSON-ready."""

_Get = Callable[[Cells], str]
_encode = msgspec.json.Encoder().encode
_YES = {"yes", "true", "1", "y", "x", "ja", "oui", "sí", "si"}
_NO = {"no", "false", "0", "n", "nein", "non", ""}


def _nothing(_: Cells) -> str:
    return ""


class RowMapper:
    """Makes the events of rows. Equal rows make equal events, ids included, in every file."""

    def __init__(self, mapping: Mapping, header: Sequence[str], zone: ZoneInfo) -> None:
        self._places = locate(mapping, header)
        self._clock = Clock(zone, mapping.time.order, mapping.time.formats)
        self.numbers = mapping.numbers
        self._source = mapping.source
        self._refuse = mapping.rows == "refuse"
        self._rules = [_Compiled(rule, self) for rule in mapping.rules]
        self._numbered = list(enumerate(self._rules))

    def events(self, cells: Cells) -> list[tuple[int, Event]]:
        """Return the events of a row with the index of the rule of each; none where no rule applies.

        Raises:
            RowFault: a rule applies but its event can't be made.
        """
        cells = [cell.strip() for cell in cells]
        made = [(at, rule.event(cells)) for at, rule in self._numbered if rule.applies(cells)]
        if not made and self._refuse:
            raise RowFault(RowCode.NOTHING_MATCHED, "", "No rule of the mapping applies to this row.")
        return made

    def column_of(self, rule: int, detail: str) -> str:
        """Return the column that the fault of an event by that rule is about ('' where none can be told)."""
        return self._rules[rule].column_of(detail)

    def get(self, column: str) -> _Get:
        """Return how to read a column; an optional one that the file lacks is empty."""
        at = self._places.get(column)
        return itemgetter(at) if at is not None else _nothing

    def instant(self, column: str, text: str) -> str:
        """Return the instant of a cell."""
        try:
            return self._clock.read(text)
        except (ValueError, OverflowError):
            detail = f"{excerpt(text)} is not a time that is understood here. Correct it, or name its format."
            raise RowFault(RowCode.TIME_UNREADABLE, column, detail) from None

    def source_text(self) -> str:
        """Return the source of all events."""
        return self._source


class _Compiled:
    """One rule with its columns looked up."""

    def __init__(self, rule: Rule, mapper: RowMapper) -> None:
        self._mapper = mapper
        self.key = rule.key
        self._when = [_condition(one, mapper.get(one.column)) for one in rule.when]
        self._type = _reader(rule.type if isinstance(rule.type, Value) else Value(const=rule.type), mapper)
        self._time, self._time_column = mapper.get(rule.time), rule.time
        self._subject, self._subject_column = _reader(rule.subject, mapper), _column(rule.subject)
        self._id = _reader(rule.id, mapper) if rule.id is not None else None
        self._id_column = _column(rule.id) if rule.id is not None else ""
        named = rule.identity if rule.identity is not None else rule_columns(rule)
        self._identity = [mapper.get(column) for column in sorted(named) if column != rule.time]
        self._timed = rule.time in named
        self._data = [(path.split("."), _reader(value, mapper)) for path, value in rule.data.items()]
        self._columns = {path: _column(value) for path, value in rule.data.items()}

    def applies(self, cells: Cells) -> bool:
        for holds in self._when:  # noqa: SIM110 - a generator costs more than what it asks
            if not holds(cells):
                return False
        return True

    def event(self, cells: Cells) -> Event:
        text = self._time(cells)
        if not text:
            raise _missing(self._time_column)
        time = self._mapper.instant(self._time_column, text)
        subject = self._subject(cells)
        if not subject:
            raise _missing(self._subject_column)
        event_id = self._id(cells) if self._id is not None else self._derived(cells, time)
        if not event_id:
            raise _missing(self._id_column)
        data: dict[str, Any] = {}
        for steps, read in self._data:
            value = read(cells)
            if value is None or value == "":
                continue
            if len(steps) == 1:
                data[steps[0]] = value
            else:
                _put(data, steps, value)
        return {
            "id": event_id,
            "source": self._mapper.source_text(),
            "type": self._type(cells),
            "time": time,
            "subject": subject,
            "data": data,
        }

    def _derived(self, cells: Cells, time: str) -> str:
        """Return an id made of what makes the row this row: the same in every file that has it."""
        # As JSON ("ab", "c") and ("a", "bc") stay apart.
        text = _encode([self.key, time if self._timed else "", [get(cells) for get in self._identity]])
        return f"{self.key}-{blake2b(text, digest_size=16).hexdigest()}"

    def column_of(self, detail: str) -> str:
        field = detail.partition(":")[0].partition(" ")[0]
        if field == "time":
            return self._time_column
        if field == "subject":
            return self._subject_column
        return self._columns.get(field.removeprefix("data."), "")


def _missing(column: str) -> RowFault:
    return RowFault(RowCode.VALUE_MISSING, column, "The cell is empty. Fill it, or leave the row out.")


def _put(data: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        data = data.setdefault(step, {})
    data[steps[-1]] = value


def _column(value: Value | str) -> str:
    if isinstance(value, str):
        return value
    return value.column or value.template or ""


def _condition(condition: Condition, get: _Get) -> Callable[[Cells], bool]:
    tests: list[Callable[[str], bool]] = []
    if condition.filled is not None:
        tests.append(lambda text: bool(text) is condition.filled)
    if condition.any_of is not None:
        wanted = frozenset(text.casefold() for text in condition.any_of)
        tests.append(lambda text: text.casefold() in wanted)
    if condition.none_of is not None:
        unwanted = frozenset(text.casefold() for text in condition.none_of)
        tests.append(lambda text: text.casefold() not in unwanted)
    if condition.ends_with is not None:
        ends = tuple(text.casefold() for text in condition.ends_with)
        tests.append(lambda text: text.casefold().endswith(ends))
    if condition.above_zero is not None:
        tests.append(lambda text: _above_zero(text, condition.column) is condition.above_zero)
    if len(tests) == 1:
        only = tests[0]
        return lambda cells: only(get(cells))
    return lambda cells: all(test(get(cells)) for test in tests)


def _above_zero(text: str, column: str) -> bool:
    try:
        return bool(text) and above_zero(text)
    except ValueError as error:
        raise RowFault(RowCode.VALUE_INVALID, column, f"{excerpt(text)} {error}") from None


def _reader(value: Value | str, mapper: RowMapper) -> Callable[[Cells], Any]:
    if isinstance(value, str):
        return mapper.get(value)
    if value.const is not None:
        return lambda _, const=value.const: const  # type: ignore[misc]
    if value.template is not None:
        return _template(value.template, mapper)
    return _cut(value, mapper)


def _template(template: str, mapper: RowMapper) -> _Get:
    first, *rest = template.split("{")
    pieces = [(mapper.get(part.partition("}")[0]), part.partition("}")[2]) for part in rest]

    def read(cells: Cells) -> str:
        text = first
        for get, tail in pieces:
            cell = get(cells)
            if not cell:
                return ""
            text += cell + tail
        return text

    return read


def _cut(value: Value, mapper: RowMapper) -> Callable[[Cells], Any]:
    column = value.column or ""
    get = mapper.get(column)
    known = {key.casefold(): to for key, to in value.values.items()} if value.values is not None else None
    if known is None and value == Value(column=value.column):
        return get

    def read(cells: Cells) -> Any:
        text = get(cells)
        if text and value.between is not None:
            text = _between(text, value.between)
        if not text:
            if value.required:
                raise _missing(column)
            return value.otherwise if known is None else known.get("", value.otherwise)
        if known is not None:
            found = known.get(text.casefold(), value.otherwise)
            if found is None:
                listed = ", ".join(list(value.values or ())[:12])
                raise RowFault(RowCode.VALUE_UNKNOWN, column, f"{excerpt(text)} is not one of {listed}.")
            text = found
        return text if value.kind == "text" else _of_kind(text, value, mapper)

    return read


def _between(text: str, marks: tuple[str, str]) -> str:
    start, end = marks
    at = text.find(start)
    if at < 0:
        return ""
    rest = text[at + len(start) :]
    if not end:
        return rest.strip()
    until = rest.find(end)
    return rest[:until].strip() if until >= 0 else ""


def _of_kind(text: str, value: Value, mapper: RowMapper) -> Any:
    column = value.column or ""
    if value.kind == "instant":
        return mapper.instant(column, text)
    if value.kind == "yes_no":
        if text.casefold() in _YES:
            return True
        if text.casefold() in _NO:
            return False
        raise RowFault(RowCode.VALUE_INVALID, column, f"{excerpt(text)} is neither yes nor no.")
    try:
        return f"{number_of(text, mapper.numbers):f}"
    except ValueError as error:
        raise RowFault(RowCode.VALUE_INVALID, column, f"{excerpt(text)} {error}") from None
