"""How a version's meters count, as parts of the form (pure)."""

from typing import Final

from app.i18n import gettext as _
from app.pages.sales.document.parts import Add, Asked, Part
from app.pages.sales.document.shape import ACTS
from app.pages.sales.policy_words import act_name, audience_name, class_name, course_name, kind_name, trigger_name
from core.errors import pointer_part
from metering.policies import (
    DEFAULT_POLICIES,
    CountingPolicies,
    CoursePolicy,
    MemberPolicy,
    RefundPolicy,
    SessionPolicy,
    WeightPolicy,
)

__all__ = ("policy_part",)

TRIGGERS: Final = ("enrolled", "launched", "completed", "attended")


def policy_part(asked: Asked, policies: CountingPolicies | None) -> Part:
    """Return the part of the form; where the document is silent, how to begin."""
    title, at = _("How its meters count"), "/policies"
    if policies is None:
        return Part(at, title, (), asked.within(at), adds=(Add(at, _("Say how its meters count")),))
    seats = Part(
        f"{at}/seats",
        _("Named seats"),
        (asked.figure(f"{at}/seats/cooldown_days", _("Cool-down in days"), policies.seats.cooldown_days),),
    )
    parts = (
        _members(asked, policies.members),
        seats,
        _sessions(asked, policies.sessions),
        _courses(asked, policies.courses),
        _weights(asked, policies.weights),
    )
    return Part(at, title, (), asked.within(at), parts, removes=_("Leave it to the base plan"))


def _members(asked: Asked, one: MemberPolicy) -> Part:
    at = "/policies/members"
    fields = (
        asked.figure(f"{at}/min_events", _("Active from so many acts"), one.min_events),
        asked.figure(f"{at}/idle_days", _("Idle after days without one"), one.idle_after if one.idle_days else None),
        asked.boxes(
            f"{at}/active_types", _("What makes active"), one.active_types, [(act, act_name(act)) for act in ACTS]
        ),
        *(
            asked.figure(
                f"{at}/kind_weights/{pointer_part(kind)}", _("Weight of %(kind)s") % {"kind": kind_name(kind)}, weight
            )
            for kind, weight in one.kind_weights.items()
        ),
    )
    adds = (Add(f"{at}/kind_weights", _("Weigh it"), _("Another kind of contribution")),)
    return Part(at, _("Members"), fields, adds=adds)


def _sessions(asked: Asked, one: SessionPolicy) -> Part:
    at = "/policies/sessions"
    by = [("person", _("person")), ("person_device", _("person and device")), ("session", _("session"))]
    fields = (
        asked.figure(f"{at}/timeout_s", _("Idle time-out in seconds"), one.timeout_s),
        asked.figure(f"{at}/max_session_s", _("Longest session in seconds"), one.max_session_s),
        asked.text(f"{at}/count_by", _("Counted by"), one.count_by, by),
    )
    return Part(at, _("Concurrent users"), fields)


def _courses(asked: Asked, one: CoursePolicy) -> Part:
    at = "/policies/courses"
    shows = (_("is free"), _("is charged"))
    fields = (
        asked.figure(f"{at}/access_window_days", _("One charge lasts, days"), one.access_window_days),
        asked.yes(f"{at}/no_show_billable", _("A class that was missed"), one.no_show_billable, shows),
    )
    kinds = dict.fromkeys((*DEFAULT_POLICIES.courses.triggers, *one.triggers, *one.refunds))
    parts = tuple(_course(asked, one, kind) for kind in kinds)
    return Part(at, _("Courses"), fields, parts=parts)


def _course(asked: Asked, one: CoursePolicy, kind: str) -> Part:
    at, name = f"/policies/courses/refunds/{pointer_part(kind)}", course_name(kind)
    choices = [("", _("nothing: never charged")), *((key, trigger_name(key)) for key in TRIGGERS)]
    trigger = asked.text(
        f"/policies/courses/triggers/{pointer_part(kind)}", _("Charged by"), one.triggers.get(kind, ""), choices
    )
    rules = one.refunds.get(kind, RefundPolicy())
    before = tuple(
        Part(
            f"{at}/before_class/{place}",
            _("Cancelled before the class"),
            (
                asked.figure(f"{at}/before_class/{place}/days", _("at least days"), rule.days),
                asked.text(f"{at}/before_class/{place}/unit", _("as"), rule.unit, _days()),
                asked.figure(f"{at}/before_class/{place}/percent", _("gives back per cent"), rule.percent),
            ),
            removes=_("Remove this rule"),
        )
        for place, rule in enumerate(rules.before_class)
    )
    after = tuple(
        Part(
            f"{at}/after_trigger/{place}",
            _("Cancelled after it was charged"),
            (
                asked.figure(f"{at}/after_trigger/{place}/days", _("at most days"), rule.days),
                asked.text(
                    f"{at}/after_trigger/{place}/unless_begun", _("if begun"), "true" if rule.unless_begun else "false",
                    [("true", _("nothing comes back")), ("false", _("all the same"))],
                ),
                asked.figure(f"{at}/after_trigger/{place}/percent", _("gives back per cent"), rule.percent),
            ),
            removes=_("Remove this rule"),
        )
        for place, rule in enumerate(rules.after_trigger)
    )  # fmt: skip
    adds = (
        Add(f"{at}/before_class", _("Add a rule by days before the class")),
        Add(f"{at}/after_trigger", _("Add a rule by days after the charge")),
    )
    return Part(at, name, (trigger,), parts=(*before, *after), adds=adds)


def _days() -> list[tuple[str, str]]:
    return [("business_days", _("business days")), ("calendar_days", _("calendar days"))]


def _weights(asked: Asked, one: WeightPolicy) -> Part:
    at = "/policies/weights"
    fields = (
        *(
            asked.figure(f"{at}/classes/{pointer_part(key)}", class_name(key), one.classes.get(key))
            for key in dict.fromkeys((*DEFAULT_POLICIES.weights.classes, *one.classes))
        ),
        *(
            asked.figure(f"{at}/audiences/{pointer_part(key)}", audience_name(key), one.audiences.get(key))
            for key in dict.fromkeys((*DEFAULT_POLICIES.weights.audiences, *one.audiences))
        ),
    )
    return Part(at, _("What people weigh (none: 1)"), fields)
