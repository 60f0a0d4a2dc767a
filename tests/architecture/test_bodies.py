"""What the bodies of requests may say."""

import typing
from datetime import date, datetime
from typing import Any

import msgspec

from app.requests import DAYS
from tests.application import application


def structs() -> set[type[msgspec.Struct]]:
    """Return what the bodies of all routes are read into, and all that stands in it."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = [
        handler.parsed_fn_signature.parameters["data"].annotation
        for route in application().routes
        for handler in getattr(route, "route_handlers", ())
        if "data" in handler.parsed_fn_signature.parameters
    ]
    while waiting:
        one = waiting.pop()
        if not (isinstance(one, type) and issubclass(one, msgspec.Struct)):
            waiting += typing.get_args(one)
        elif one not in found:
            found.add(one)
            waiting += [field.type for field in msgspec.structs.fields(one)]
    return found


def holds_a_day(kind: Any) -> bool:
    return kind in (date, datetime) or any(holds_a_day(part) for part in typing.get_args(kind))


def test_every_field_of_a_body_that_is_a_day_is_looked_at_for_the_ends_of_the_calendar() -> None:
    days = {
        (one.__name__, field.encode_name)
        for one in structs()
        for field in msgspec.structs.fields(one)
        if holds_a_day(field.type)
    }

    assert len(days) > 20
    assert {(body, name) for body, name in days if name not in DAYS} == set()
