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
    """Member-days ÷ days: a day counts for whoever was a member at any instant of it."""
    figure = Figure()
    days = local_days(start, end, known.tz)
    for person, spans in membership_spans(known).items():
        for day_start, day_end in days:
            inside = [max(low, day_start) for low, high in spans if low < day_end and high > day_start and low < high]
            if not inside:
                continue
            weight = known.crowd.member_weight(person, min(inside))
            if weight:
                figure.quantity += weight / len(days)
                figure.people.add(person)
                figure.add_driver(known, person, day_start, weight)
    return figure


def registered_any(known: Known, start: datetime, end: datetime) -> Figure:
    """Whoever was a member at any instant of the period, by the heaviest day."""
    figure = Figure()
    for person, spans in membership_spans(known).items():
        weights = [
            known.crowd.member_weight(person, max(low, start))
            for low, high in spans
            if low < end and high > start and low < high
        ]
        figure.quantity += max(weights, default=Fraction(0))
    return figure


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
    """Count what was created, weighted by who did."""
    figure = Figure()
    for fact in known.facts:
        if fact.type == "contribution.created" and start <= fact.at < end:
            figure.quantity += known.crowd.member_weight(fact.person, fact.at, fact.data.get("audience"))
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
