"""Small checks that are put together into the shape of a statement (pure).

A check is called with a value and its path in the statement, and raises `Faulty` where the value is
not what it should be; the first fault is told.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

__all__ = (
    "Check",
    "Faulty",
    "all_of",
    "array_of",
    "boolean",
    "by_object_type",
    "distinct",
    "integer",
    "maps",
    "none_or",
    "number",
    "one_of",
    "one_or_many",
    "record",
    "text",
    "text_that",
)

Check = Callable[[Any, str], None]


class Faulty(Exception):
    """A value is not what the specification wants; `path` says which one."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path or 'The statement'} {detail}")
        self.path = path


def kind_of(value: Any) -> str:
    """Return what JSON calls the value."""
    names = {type(None): "null", bool: "a boolean", dict: "an object", list: "an array", str: "a string"}
    return names.get(type(value), "a number")


def text(value: Any, path: str) -> None:
    """Want a string."""
    if not isinstance(value, str):
        raise Faulty(path, f"must be a string, not {kind_of(value)}.")


def boolean(value: Any, path: str) -> None:
    """Want true or false."""
    if not isinstance(value, bool):
        raise Faulty(path, f"must be true or false, not {kind_of(value)}.")


def number(value: Any, path: str) -> None:
    """Want a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Faulty(path, f"must be a number, not {kind_of(value)}.")


def integer(value: Any, path: str) -> None:
    """Want a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Faulty(path, "must be a whole number, 0 or more.")


def text_that(test: Callable[[str], bool], what: str) -> Check:
    """Want a string that passes a test; `what` completes 'must be …'."""

    def check(value: Any, path: str) -> None:
        text(value, path)
        if not test(value):
            raise Faulty(path, f"must be {what}, not '{value[:100]}'.")

    return check


def one_of(*values: str) -> Check:
    """Want one of these strings, in exactly this spelling."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in values:
            raise Faulty(path, f"must be {' or '.join(repr(v) for v in values)}.")

    return check


def none_or(check: Check) -> Check:
    """Take null for absent."""
    return lambda value, path: None if value is None else check(value, path)


def array_of(check: Check, at_least: int = 0) -> Check:
    """Want an array whose every item passes."""

    def check_array(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise Faulty(path, f"must be an array, not {kind_of(value)}.")
        if len(value) < at_least:
            raise Faulty(path, f"must have at least {at_least} item.")
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")

    return check_array


def one_or_many(check: Check) -> Check:
    """Want one value, or an array of them."""
    many = array_of(check)
    return lambda value, path: many(value, path) if isinstance(value, list) else check(value, path)


def maps(test: Callable[[str], bool], what: str, check: Check | None = None) -> Check:
    """Want an object whose every key passes a test, and value a check; `what` names the keys."""

    def check_map(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Faulty(path, f"must be an object, not {kind_of(value)}.")
        for key, item in value.items():
            if not test(key):
                raise Faulty(path, f"has the key '{key[:100]}', which is not {what}.")
            if check is not None:
                check(item, f"{path}['{key[:100]}']")

    return check_map


def record(fields: Mapping[str, Check], required: Collection[str] = ()) -> Check:
    """Want an object with these properties and no others; of them `required` must be there."""

    def check_record(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Faulty(path, f"must be an object, not {kind_of(value)}.")
        for name in required:
            if name not in value:
                raise Faulty(path, f"lacks its property '{name}'.")
        for name, item in value.items():
            check = fields.get(name)
            if check is None:
                raise Faulty(path, f"has the property '{name[:100]}', which the specification does not know.")
            check(item, f"{path}.{name}" if path else name)

    return check_record


def all_of(*checks: Check) -> Check:
    """Want all of these, in order."""

    def check_all(value: Any, path: str) -> None:
        for check in checks:
            check(value, path)

    return check_all


def by_object_type(checks: Mapping[str, Check], default: str | None) -> Check:
    """Choose the check by the value's `objectType`; without one it is the default's, if there is one."""

    def check_chosen(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Faulty(path, f"must be an object, not {kind_of(value)}.")
        kind = value.get("objectType", default)
        check = checks.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise Faulty(path, f"must have an objectType of {' or '.join(checks)}.")
        check(value, path)

    return check_chosen


def distinct(name: str) -> Check:
    """Want an array whose items differ in one property."""

    def check_distinct(value: Any, path: str) -> None:
        seen = [item[name] for item in value]
        if len(set(seen)) < len(seen):
            raise Faulty(path, f"must not have the same '{name}' twice.")

    return check_distinct
