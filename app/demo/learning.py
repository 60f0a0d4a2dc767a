"""Courses of the demo world: web courses, classes, simulations, programmes, and a paid catalogue."""

from datetime import timedelta
from typing import Any

from app.demo.names import CLASS_COURSES, PROGRAMS, SIMULATIONS, WEB_COURSES
from app.demo.people import DemoPerson
from app.demo.stream import Stream, stamp

__all__ = ("LEARNING_STORIES",)

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

PRICES = ("19.00", "49.00", "49.00", "99.50", "249.99")


def web_courses(stream: Stream, month: int) -> None:
    """Enrolled, launched, completed; some browse, some are waived, some cancel before or after they began."""
    rng = stream.rng
    for _ in range(stream.count(month, stream.rates.web_courses)):
        learners = stream.fresh_holders if stream.fresh_holders and month else stream.alive
        person = rng.choice(learners) if stream.rates.seats else stream.someone()
        _web_course(stream, person, stream.moment(month))


def _web_course(stream: Stream, person: DemoPerson, enrolled: int) -> None:
    rng = stream.rng
    data: dict[str, Any] = {"course_id": rng.choice(WEB_COURSES), "course_type": "wbt"}
    sender = "portal" if rng.random() < 0.15 else "lms"
    stream.emit(enrolled, "course.enrolled", person, dict(data), sender)
    launched = enrolled + rng.randrange(5 * _DAY)
    dice = rng.random()
    if dice < 0.04:
        stream.emit(launched, "course.launched", person, data | {"mode": rng.choice(("browse", "review"))}, sender)
    elif dice < 0.07:
        stream.emit(launched, "course.completed", person, data | {"waived": True}, sender)
    elif dice < 0.85:
        mode = {} if dice < 0.5 else {"mode": "normal"}
        stream.emit(launched, "course.launched", person, data | mode, sender)
        if dice < 0.2:
            stream.emit(launched + rng.randrange(6 * _DAY), "course.launched", person, data | mode, sender)
        if dice < 0.65:
            stream.emit(launched + _HOUR + rng.randrange(20 * _DAY), "course.completed", person, dict(data), sender)
    if rng.random() < 0.08:
        cancel = data | {"by": "provider" if rng.random() < 0.1 else "learner"}
        if rng.random() < 0.3:
            cancel["progress"] = rng.choice((0, 0.2))
        stream.emit(enrolled + rng.randrange(25 * _DAY), "course.cancelled", person, cancel, sender)


def simulations(stream: Stream, month: int) -> None:
    """Simulations are launched, often more than once; programmes are enrolled in."""
    rng = stream.rng
    for _ in range(stream.count(month, stream.rates.simulations)):
        person, at = stream.someone(), stream.moment(month)
        data = {"course_id": rng.choice(SIMULATIONS), "course_type": "simulation"}
        for attempt in range(rng.randrange(1, 4)):
            stream.emit(at + attempt * _HOUR, "course.launched", person, dict(data), "lms")
    for _ in range(stream.count(month, stream.rates.programs)):
        data = {"course_id": rng.choice(PROGRAMS), "course_type": "program"}
        stream.emit(stream.moment(month), "course.enrolled", stream.someone(), data, "lms")


def classes(stream: Stream, month: int) -> None:
    """Classes of the next month are announced now; the first month gets some of its own as well."""
    rates, rng = stream.rates, stream.rng
    for ahead in (0, 1) if month == 0 else (1,):
        for _ in range(rates.classes):
            _class(stream, month, _class_start(stream, month, ahead))
    if month and rates.classes:
        # Enrolled by an administrator and seen by nobody: no class date known, no attendance.
        data = {"course_id": rng.choice(CLASS_COURSES), "course_type": "ilt", "class_id": f"open-{month}"}
        if not rates.keyed_classes:
            stream.emit(stream.moment(month), "course.enrolled", stream.someone(), data, "lms")


def _class_start(stream: Stream, month: int, ahead: int) -> int:
    """Return a start at nine or two on a working day, also beyond the world's end."""
    rng, edges = stream.rng, stream.customer.edges_ms
    first = edges[month + ahead]
    day = stream.customer.months[month] if not ahead else _next_month(stream, month)
    index = rng.randrange(12 if not ahead else 0, 28)
    while (day + timedelta(days=index)).weekday() >= 5:
        index = index + 1 if index < 26 else index - 3
    return first + index * _DAY + rng.choice((9, 14)) * _HOUR


def _next_month(stream: Stream, month: int) -> Any:
    return (stream.customer.months[month] + timedelta(days=32)).replace(day=1)


def _class(stream: Stream, month: int, starts: int) -> None:
    rng, rates = stream.rng, stream.rates
    stream.class_number += 1
    class_id = f"k-{stream.class_number:04}"
    base = {"course_id": rng.choice(CLASS_COURSES), "course_type": "ilt", "class_id": class_id}
    base["class_starts_at"] = stamp(starts)
    opens = max(stream.customer.edges_ms[month], starts - 30 * _DAY)
    called_off = starts - rng.randrange(1, 9) * _DAY if rng.random() < 0.06 else None
    size = max(3, rates.class_size + rng.randrange(-3, 4))
    learners = {person.key: person for person in (stream.someone() for _ in range(size))}
    for number, person in enumerate(learners.values()):
        data = dict(base)
        if rates.keyed_classes:
            data["registration"] = f"{class_id}-{number:02}"
        enrolled = opens + rng.randrange(max(1, starts - _HOUR - opens))
        stream.emit(enrolled, "course.enrolled", person, dict(data), "lms")
        if called_off is not None:
            if enrolled < called_off:
                stream.emit(called_off, "course.cancelled", person, data | {"by": "provider"}, "lms")
            continue
        _seat_in_class(stream, person, data, (enrolled, starts))


def _seat_in_class(stream: Stream, person: DemoPerson, data: dict[str, Any], span: tuple[int, int]) -> None:
    """What becomes of one enrolment: attended, missed, cancelled early or late, handed on, moved."""
    rng = stream.rng
    enrolled, starts = span
    dice = rng.random()
    seen: dict[str, Any] = {name: data[name] for name in ("course_id", "class_id", "registration") if name in data}
    if dice < 0.16:
        cancelled = enrolled + rng.randrange(max(1, starts + 2 * _HOUR - enrolled))
        data = data | {"by": "learner"}
        if dice < 0.02:
            data["class_starts_at"] = stamp(starts + 7 * _DAY)  # the class had moved: this date wins
        stream.emit(cancelled, "course.cancelled", person, data, "lms")
    elif dice < 0.19:
        substitute = stream.someone()
        if substitute.key == person.key:
            return
        handed = enrolled + rng.randrange(max(1, starts - enrolled))
        data = data | {"by": "learner", "substitute": substitute.key}
        stream.emit(handed, "course.cancelled", person, data, "lms")
        _attend(stream, substitute, seen, starts)
    elif dice < 0.22 and "registration" in data:
        moved = enrolled + rng.randrange(max(1, starts - enrolled))
        stream.emit(moved, "course.cancelled", person, data | {"by": "learner"}, "lms")
        later = dict(data) | {"class_id": data["class_id"] + "-b", "class_starts_at": stamp(starts + 14 * _DAY)}
        later |= {"registration": data["registration"] + "-b", "transfer_of": data["registration"]}
        stream.emit(moved, "course.enrolled", person, later, "lms")
    elif dice < 0.3:
        stream.emit(starts + 8 * _HOUR, "class.missed", person, seen, "lms")
    else:
        _attend(stream, person, seen, starts)


def _attend(stream: Stream, person: DemoPerson, seen: dict[str, Any], starts: int) -> None:
    rng = stream.rng
    minutes = rng.randrange(8, 84) * 5
    report = dict(seen) | {"class_starts_at": stamp(starts)}
    if rng.random() > 0.02:
        report["minutes"] = minutes
    ends = starts + minutes * _MINUTE
    stream.emit(ends, "class.attended", person, dict(report), "lms")
    if rng.random() < 0.05:
        stream.emit(ends + _MINUTE, "class.attended", person, report | {"minutes": minutes + 15}, "lms")


def purchases(stream: Stream, month: int) -> None:
    """What learners buy in the paid catalogue, and the money they get back."""
    rng = stream.rng
    for _ in range(stream.count(month, stream.rates.purchases)):
        person, at, amount = stream.someone(), stream.moment(month), rng.choice(PRICES)
        data = {"course_id": rng.choice(WEB_COURSES), "amount": amount, "currency": stream.rates.paid_currency}
        stream.emit(at, "course.purchased", person, dict(data), "lms")
        if rng.random() < 0.06:
            back = amount if rng.random() < 0.7 else "10.00"
            stream.emit(at + rng.randrange(1, 20) * _DAY, "course.refunded", person, data | {"amount": back}, "lms")


LEARNING_STORIES = (web_courses, simulations, classes, purchases)
"""In the order in which they are told each month."""
