"""Ways in which senders get events wrong, and the code with which each is refused."""

from collections.abc import Callable
from typing import Any

__all__ = ("invalid",)

Event = dict[str, Any]


def _without(name: str) -> Callable[[Event], Event]:
    return lambda event: {key: value for key, value in event.items() if key != name}


def _with(**changes: Any) -> Callable[[Event], Event]:
    return lambda event: event | changes


def _as(type_: str, **data: Any) -> Callable[[Event], Event]:
    return lambda event: event | {"type": type_, "data": data}


FAULTS: tuple[tuple[Callable[[Event], Event], str], ...] = (
    (_without("time"), "time_missing"),
    (_with(time="yesterday"), "time_invalid"),
    (_with(time="2025-13-45T10:00:00Z"), "time_invalid"),
    (_with(time="2099-01-01T00:00:00Z"), "time_in_future"),
    (_without("subject"), "subject_missing"),
    (_without("type"), "type_missing"),
    (_without("source"), "source_missing"),
    (_without("id"), "id_missing"),
    (_with(specversion="0.3"), "specversion_unsupported"),
    (_as("session.started", channel="web"), "data_invalid"),
    (_as("contribution.created", kind="poem", object_id="c-1"), "data_invalid"),
    (_as("course.purchased", course_id="a", amount="a lot", currency="EUR"), "data_invalid"),
    (_as("class.attended", course_id="a", class_id="k", minutes=-30), "quantity_out_of_range"),
    (_as("course.purchased", course_id="a", amount="-5.00", currency="EUR"), "quantity_out_of_range"),
)


def invalid(event: Event, number: int) -> tuple[Event, str]:
    """Return the event with a fault, the faults taken in turn, and the code that names it."""
    spoil, code = FAULTS[number % len(FAULTS)]
    return spoil(event), code
