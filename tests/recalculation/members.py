"""Registered members, active members, contributors."""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction

from tests.recalculation.facts import Fact, local_days
from tests.recalculation.figures import Figure, Known

END_OF_TIME = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


def membership_spans(known: Known) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return person → spans of membership in any community; at one instant, closing comes first."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    open_since: dict[tuple[str, str], datetime] = {}
    moves = [fact for fact in known.facts if fact.type in ("membership.opened", "membership.closed")]
    for fact in sorted(moves, key=lambda fact: (fact.at, fact.type == "membership.opened", fact.source, fact.id)):
        key = (fact.person, fact.data["community_id"])
        if fact.type == "membership.opened":
            open_since.setdefault(key, fact.at)
        elif key in open_since:
            spans[fact.person].append((open_since.pop(key), fact.at))
    for (person, _), since in open_since.items():
        spans[person].append((since, END_OF_TIME))
    left = known.crowd.left
    return {
        person: [(low, min(high, left.get(person, END_OF_TIME))) for low, high in person_spans]
        for person, person_spans in spans.items()
    }


def registered_average(known: Known, start: datetime, end: datetime) -> Figure:
    """Member-days ÷ days: a day counts for whoever was a member at any instant of it, at their heaviest."""
    figure = Figure()
    days = local_days(start, end, known.tz)
    for person, spans in known.once("membership_spans", membership_spans).items():
        for day_start, day_end in days:
            weight = _weight_within(known, person, spans, day_start, day_end)
            if weight:
                figure.quantity += weight / len(days)
                figure.people.add(person)
                figure.add_driver(known, person, day_start, weight / len(days))
    return figure


def registered_any(known: Known, start: datetime, end: datetime) -> Figure:
    """Whoever was a member at any instant of the period, at their heaviest."""
    figure = Figure()
    for person, spans in known.once("membership_spans", membership_spans).items():
        figure.quantity += _weight_within(known, person, spans, start, end)
    return figure


def _weight_within(
    known: Known, person: str, spans: list[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Fraction:
    inside = [(max(low, start), min(high, end)) for low, high in spans]
    weights = [known.crowd.heaviest(person, low, high) for low, high in inside if low < high]
    return max(weights, default=Fraction(0))


def qualifies_as_active(fact: Fact) -> bool:
    """Say whether the fact is a learning or community act."""
    if fact.type == "course.completed":
        return not fact.data.get("waived", False)
    return fact.type in ("activity.performed", "contribution.created", "course.launched", "class.attended")


def active(known: Known, start: datetime, end: datetime) -> Figure:
    """Count distinct people with a qualifying act, each by the heaviest fact, then the earliest."""
    return _distinct(known, [fact for fact in known.facts if start <= fact.at < end and qualifies_as_active(fact)])


def contributors(known: Known, start: datetime, end: datetime) -> Figure:
    """Count distinct people who created something."""
    made = [fact for fact in known.facts if start <= fact.at < end and fact.type == "contribution.created"]
    return _distinct(known, made)


def contributions(known: Known, start: datetime, end: datetime) -> Figure:
    """Count what was created, weighted by the class of who did: audiences act on members only."""
    figure = Figure()
    for fact in known.facts:
        if fact.type == "contribution.created" and start <= fact.at < end:
            figure.quantity += known.crowd.class_weight(fact.person, fact.at)
    return figure


def _distinct(known: Known, facts: list[Fact]) -> Figure:
    best: dict[str, tuple[Fraction, Fact]] = {}
    for fact in facts:  # in order of (time, source, id): an equal one later changes nothing
        weight = known.crowd.member_weight(fact.person, fact.at, fact.data.get("audience"))
        if fact.person not in best or weight > best[fact.person][0]:
            best[fact.person] = (weight, fact)
    figure = Figure()
    for person, (weight, fact) in best.items():
        if weight:
            figure.quantity += weight
            figure.people.add(person)
            figure.add_driver(known, person, fact.at, weight, fact.data.get("cost_centre"))
    return figure
