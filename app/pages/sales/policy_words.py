"""How a version's meters count, in plain words (pure)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.formats import quantity
from metering.policies import DEFAULT_POLICIES as USUAL
from metering.policies import CountingPolicies, CoursePolicy, RefundPolicy

__all__ = ("act_name", "audience_name", "class_name", "course_name", "kind_name", "policy_rows", "trigger_name")

HOUR_S = 3_600


def _named(names: Mapping[str, str], key: str) -> str:
    return names.get(key, key.replace("_", " "))


def act_name(event_type: str) -> str:
    """Return what an act is called that can make somebody active."""
    names = {
        "activity.performed": _("an activity"), "contribution.created": _("a contribution"),
        "course.enrolled": _("an enrolment"), "course.launched": _("a course launched"),
        "course.completed": _("a course completed"), "class.attended": _("a class attended"),
        "session.started": _("a login"),
    }  # fmt: skip
    return _named(names, event_type)


def audience_name(audience: str) -> str:
    """Return what an audience is called."""
    names = {
        "employee": _("employees"), "partner": _("partners"), "customer": _("customers"), "public": _("the public"),
    }  # fmt: skip
    return _named(names, audience)


def class_name(of: str) -> str:
    """Return what a class of people is called."""
    names = {
        "member": _("members"), "guest": _("guests"), "anonymous": _("anonymous people"),
        "service": _("service accounts"), "test": _("test accounts"),
    }  # fmt: skip
    return _named(names, of)


def course_name(kind: str) -> str:
    """Return what a type of course is called."""
    names = {
        "wbt": _("Web course (WBT)"), "ilt": _("Class (ILT)"), "simulation": _("Simulation"),
        "program": _("Programme"),
    }  # fmt: skip
    return _named(names, kind)


def kind_name(kind: str) -> str:
    """Return what a kind of contribution is called."""
    names = {
        "post": _("a post"), "answer": _("an answer"), "comment": _("a comment"), "wiki_edit": _("a wiki edit"),
        "blog": _("a blog"), "idea": _("an idea"), "upload": _("an upload"), "rating": _("a rating"),
        "forecast": _("a forecast"),
    }  # fmt: skip
    return _named(names, kind)


def trigger_name(trigger: str) -> str:
    """Return what a trigger is called."""
    names = {
        "enrolled": _("an enrolment"), "launched": _("a launch"), "completed": _("a completion"),
        "attended": _("an attendance"),
    }  # fmt: skip
    return _named(names, trigger)


def policy_rows(policies: CountingPolicies) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is read and how, a row each, the same rows for every version."""
    members, sessions, courses = policies.members, policies.sessions, policies.courses
    acts = ", ".join(act_name(one) for one in members.active_types) or _("nothing")
    yield (
        _("Active member"),
        (_("from %(count)s of: %(acts)s") % {"count": quantity(members.min_events), "acts": acts},),
    )
    yield _("Idle member"), (_("%(count)s days without one") % {"count": quantity(members.idle_after)},)
    if members.kind_weights:
        yield _("Contributions"), _weights({kind_name(kind): weight for kind, weight in members.kind_weights.items()})
    yield _("Seat freed"), (_("billable for %(count)s days more") % {"count": quantity(policies.seats.cooldown_days)},)
    by = {"person": _("person"), "person_device": _("person and device"), "session": _("session")}
    yield (
        _("Concurrent user"),
        (
            _("by %(what)s") % {"what": by[sessions.count_by]},
            _("time-out %(minutes)s minutes") % {"minutes": quantity(Decimal(sessions.timeout_s) / 60)},
            _("at most %(hours)s hours") % {"hours": quantity(Decimal(sessions.max_session_s) / HOUR_S)},
        ),
    )
    for kind in dict.fromkeys((*USUAL.courses.triggers, *courses.triggers, *courses.refunds)):
        yield course_name(kind), tuple(_course(courses, kind))
    yield _("A charge lasts"), (_("%(count)s days") % {"count": quantity(courses.access_window_days)},)
    weights = policies.weights
    yield _("People"), _weights(_ordered(weights.classes, USUAL.weights.classes, class_name))
    yield _("Audiences weigh"), _weights(_ordered(weights.audiences, USUAL.weights.audiences, audience_name))


def _course(courses: CoursePolicy, kind: str) -> Iterator[str]:
    trigger = courses.triggers.get(kind)
    if trigger is None:
        yield _("never charged")
        return
    yield _("charged by %(trigger)s") % {"trigger": trigger_name(trigger)}
    if trigger == "attended" and courses.no_show_billable:
        yield _("missed ones too")
    yield from _refunds(courses.refunds.get(kind, RefundPolicy()))


def _refunds(rules: RefundPolicy) -> Iterator[str]:
    for rule in rules.before_class:
        words = {"days": quantity(rule.days), "percent": quantity(rule.percent)}
        business = rule.unit == "business_days"
        yield (
            _("cancelled %(days)s business days before: %(percent)s%% back") % words
            if business
            else _("cancelled %(days)s days before: %(percent)s%% back") % words
        )
    for since in rules.after_trigger:
        words = {"days": quantity(since.days), "percent": quantity(since.percent)}
        yield (
            _("cancelled within %(days)s days and not begun: %(percent)s%% back") % words
            if since.unless_begun
            else _("cancelled within %(days)s days: %(percent)s%% back") % words
        )


def _ordered(weights: Mapping[str, Decimal], usual: Iterable[str], name: Callable[[str], str]) -> dict[str, Decimal]:
    """Return weights by name in the usual order: how they are stored keeps none."""
    return {name(key): weights[key] for key in dict.fromkeys((*usual, *weights)) if key in weights}


def _weights(named: Mapping[str, Decimal]) -> tuple[str, ...]:
    return tuple(f"{name} {quantity(weight, 12)}" for name, weight in named.items())
