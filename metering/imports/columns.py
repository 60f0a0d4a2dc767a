"""Finding a mapping's columns in a file's header (pure)."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from core.errors import InputError
from metering.imports.mapping import Mapping, Rule, Value

__all__ = ("columns_of", "header_errors", "locate", "norm", "number_columns", "rule_columns")


def norm(name: str) -> str:
    """Return a column's name as it is compared: case folded, runs of white space as one blank.

    >>> norm("  User  full NAME ")
    'user full name'
    """
    return " ".join(name.replace("\ufeff", "").split()).casefold()


def template_columns(template: str) -> list[str]:
    """Return the columns in the braces of a template."""
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def _value_columns(value: Value | str | None) -> list[str]:
    if isinstance(value, str):
        return [value]
    if value is None:
        return []
    return ([value.column] if value.column else []) + (template_columns(value.template) if value.template else [])


def rule_columns(rule: Rule) -> list[str]:
    """Return the columns that a rule names for its event, each once, conditions left aside."""
    named = [rule.time, *_value_columns(rule.subject), *_value_columns(rule.id)]
    named += _value_columns(rule.type) if isinstance(rule.type, Value) else []
    for value in rule.data.values():
        named += _value_columns(value)
    return list(dict.fromkeys([*named, *(rule.identity or ())]))


def columns_of(mapping: Mapping) -> list[str]:
    """Return all columns that a mapping names, each once."""
    found: dict[str, None] = {}
    for rule in mapping.rules:
        found.update(dict.fromkeys(rule_columns(rule)))
        found.update(dict.fromkeys(condition.column for condition in rule.when))
    return list(found)


def number_columns(mapping: Mapping) -> list[str]:
    """Return the columns whose numbers go into events, in the order of their names."""
    found = set()
    for rule in mapping.rules:
        values = (rule.type, rule.subject, rule.id, *rule.data.values())
        found |= {v.column for v in values if isinstance(v, Value) and v.kind == "number" and v.column}
    return sorted(found)


def locate(mapping: Mapping, header: Sequence[str]) -> dict[str, int]:
    """Return the place of each of the mapping's columns that the header has."""
    places = {norm(name): at for at, name in reversed(list(enumerate(header)))}
    found: dict[str, int] = {}
    for column in columns_of(mapping):
        for name in (column, *mapping.columns.get(column, ())):
            if norm(name) in places:
                found[column] = places[norm(name)]
                break
    return found


def header_errors(mapping: Mapping, header: Sequence[str]) -> list[InputError]:
    """Return what is wrong with a header: each missing column with its nearest match, and doubles."""
    found = locate(mapping, header)
    names = {norm(name): name.strip() for name in header if name.strip()}
    taken = {norm(header[at]) for at in found.values()}
    free = {key: name for key, name in names.items() if key not in taken}
    errors = [
        InputError("file", "import_column_missing", _missing(mapping, column, names, free))
        for column in columns_of(mapping)
        if column not in found and column not in mapping.optional
    ]
    counts = [norm(name) for name in header]
    for at in sorted(set(found.values())):
        if counts.count(counts[at]) > 1:
            detail = f"The header has '{header[at].strip()}' more than once. Give each column a name of its own."
            errors.append(InputError("file", "import_column_twice", detail))
    return errors


def _missing(mapping: Mapping, column: str, names: dict[str, str], free: dict[str, str]) -> str:
    wanted = [column, *mapping.columns.get(column, ())]
    near: list[str] = []
    for name in wanted:
        near += [free[one] for one in get_close_matches(norm(name), free, n=1, cutoff=0.6)]
    also = f" (or {', '.join(wanted[1:])})" if len(wanted) > 1 else ""
    hint = f" Did you mean '{near[0]}'?" if near else f" The header has: {_listed(names.values())}."
    if len(names) == 1:
        hint += " That is one column: separate fields by comma, semicolon, tab or vertical bar."
    return f"The column '{column}'{also} is missing.{hint}"


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(name[:40] for name in shown[:20]) + (" …" if len(shown) > 20 else "") if shown else "no columns"
