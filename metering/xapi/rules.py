"""The built-in table: which verb on which type of activity is which event (pure).

`data` names fields of the event; a value is a fixed text, or `$name` of `mapping.TAKES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ("ANY", "BUILT_IN", "MappingRule")

ANY = "*"
"""Any type of activity, or none."""


@dataclass(frozen=True, slots=True)
class MappingRule:
    """One row: without an event type the verb is known and never metered."""

    verb: str
    activity_type: str
    event_type: str | None
    data: Mapping[str, str] = field(default_factory=dict)


_ADL = "http://adlnet.gov/expapi/verbs/"
_W3ID = "https://w3id.org/xapi/adl/verbs/"
_ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
_TIN_CAN = "http://id.tincanapi.com/verb/"
_ACTIVITY_STREAM = "http://activitystrea.ms/schema/1.0/"
_KIND = "http://adlnet.gov/expapi/activities/"
_TIN_CAN_KIND = "http://id.tincanapi.com/activitytype/"
_CMI5_AU = "https://w3id.org/xapi/cmi5/activities/au"
_CMI5_COURSE = "https://w3id.org/xapi/cmi5/activitytype/course"
_CMI5_BLOCK = "https://w3id.org/xapi/cmi5/activitytype/block"

_COURSE = {"course_id": "$course", "course_type": "wbt", "registration": "$registration"}
_SIMULATION = {**_COURSE, "course_type": "simulation"}
_CLASS = {"course_id": "$parent_or_course", "class_id": "$object", "registration": "$registration"}
_ILT = {**_CLASS, "course_type": "ilt"}
_MODE = {"mode": "$mode"}
_USED = {"object_type": "$object_type", "object_id": "$object"}
_MADE = {"object_id": "$object", "in_reply_to": "$parent"}

_LEARNING = (*(_KIND + name for name in ("course", "module", "lesson", "assessment", "file")), _CMI5_COURSE)
"""Types that are served as, or in, a web-based course."""
_CLASSES = (_KIND + "meeting", _TIN_CAN_KIND + "school-assignment-session", _TIN_CAN_KIND + "webinar")


def _each(
    verb: str, kinds: tuple[str, ...], event_type: str | None, data: Mapping[str, str]
) -> tuple[MappingRule, ...]:
    return tuple(MappingRule(verb, kind, event_type, data) for kind in kinds)


_SIMULATED = (_KIND + "simulation",)

BUILT_IN: tuple[MappingRule, ...] = (
    # Sessions of the suite
    MappingRule(_W3ID + "logged-in", ANY, "session.started", {"session_id": "$session"}),
    MappingRule(_W3ID + "logged-out", ANY, "session.ended", {"session_id": "$session"}),
    # Enrolment and its end
    *_each(_ADL + "registered", (*_LEARNING, _CMI5_AU), "course.enrolled", _COURSE),
    *_each(_ADL + "registered", _SIMULATED, "course.enrolled", _SIMULATION),
    *_each(_ADL + "registered", _CLASSES, "course.enrolled", _ILT),
    *_each(_TIN_CAN + "unregistered", _LEARNING, "course.cancelled", _COURSE),
    *_each(_TIN_CAN + "unregistered", _SIMULATED, "course.cancelled", _SIMULATION),
    *_each(_TIN_CAN + "unregistered", _CLASSES, "course.cancelled", _ILT),
    # A start. In cmi5 the record store is told of it twice: the launch by the LMS, which knows the
    # mode, and `initialized` by the unit, which need not say it. Only the first may charge.
    *_each(_ADL + "launched", (*_LEARNING, _CMI5_AU), "course.launched", _COURSE | _MODE),
    *_each(_ADL + "launched", _SIMULATED, "course.launched", _SIMULATION | _MODE),
    MappingRule(_ADL + "initialized", _CMI5_AU, "activity.performed", _USED | {"verb": "played"}),
    *_each(_ADL + "initialized", _LEARNING, "course.launched", _COURSE | _MODE),
    *_each(_ADL + "initialized", _SIMULATED, "course.launched", _SIMULATION | _MODE),
    # The end: one per registration, whoever reports it
    *(
        rule
        for verb in (_ADL + "completed", _ADL + "passed", _W3ID + "satisfied")
        for rule in (
            *_each(verb, (*_LEARNING, _CMI5_AU, _CMI5_BLOCK), "course.completed", _COURSE | _MODE),
            *_each(verb, _SIMULATED, "course.completed", _SIMULATION | _MODE),
        )
    ),
    MappingRule(_W3ID + "waived", ANY, "course.completed", _COURSE | {"waived": "true"}),
    *(
        MappingRule(verb, ANY, None)
        for verb in (
            _W3ID + "abandoned", _ADL + "abandoned", _ADL + "terminated", _ADL + "failed", _ADL + "suspended",
            _ADL + "resumed", _ADL + "progressed", _ADL + "exited",
        )
    ),
    # Classes
    *_each(_ADL + "attended", _CLASSES, "class.attended", _CLASS | {"minutes": "$minutes"}),
    # What people make for each other
    MappingRule(_ADL + "commented", ANY, "contribution.created", _MADE | {"kind": "comment"}),
    MappingRule(_ADL + "shared", ANY, "contribution.created", _MADE | {"kind": "upload"}),
    MappingRule(_ADL + "asked", ANY, "contribution.created", _MADE | {"kind": "post"}),
    MappingRule(_TIN_CAN + "rated", ANY, "contribution.created", _MADE | {"kind": "rating"}),
    MappingRule(_ADL + "answered", _TIN_CAN_KIND + "discussion", "contribution.created", _MADE | {"kind": "answer"}),
    MappingRule(_ADL + "answered", _KIND + "question", "activity.performed", _USED | {"verb": "played"}),
    MappingRule(_ADL + "answered", _KIND + "cmi.interaction", "activity.performed", _USED | {"verb": "played"}),
    *(
        MappingRule(_ACTIVITY_STREAM + "create", kind, "contribution.created", _MADE | {"kind": made})
        for kind, made in (
            (_TIN_CAN_KIND + "discussion", "post"), (_ACTIVITY_STREAM + "note", "post"),
            (_ACTIVITY_STREAM + "article", "blog"), (_TIN_CAN_KIND + "blog", "blog"),
            (_ACTIVITY_STREAM + "comment", "comment"), (_ACTIVITY_STREAM + "file", "upload"),
            (_TIN_CAN_KIND + "resource", "upload"),
        )
    ),
    # What people look at
    MappingRule(_ADL + "experienced", ANY, "activity.performed", _USED | {"verb": "viewed"}),
    MappingRule(_TIN_CAN + "viewed", ANY, "activity.performed", _USED | {"verb": "viewed"}),
    MappingRule(_ACROSSX + "searched", ANY, "activity.performed", _USED | {"verb": "searched"}),
    MappingRule(_TIN_CAN + "downloaded", ANY, "activity.performed", _USED | {"verb": "downloaded"}),
    MappingRule(_TIN_CAN + "followed", ANY, "activity.performed", _USED | {"verb": "followed"}),
)  # fmt: skip
