"""What people of the demo world do beside courses: sign in, join communities, read, write, help."""

from app.demo.names import COMMUNITIES, OBJECTS
from app.demo.people import DemoPerson
from app.demo.stream import Stream

__all__ = ("SOCIAL_STORIES",)

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

VERBS = ("viewed", "viewed", "viewed", "read", "read", "played", "searched", "followed", "reacted", "downloaded")
KINDS = ("post", "post", "comment", "comment", "answer", "wiki_edit", "blog", "idea", "upload", "rating", "forecast")


def sessions(stream: Stream, month: int) -> None:
    """Sign-ins with and without sign-outs, on one device or two, some left open for very long."""
    rng = stream.rng
    for number in range(stream.count(month, stream.rates.sessions)):
        person, start = stream.someone(), stream.moment(month)
        _session(stream, person, start, f"s-{month:02}-{number:05}")
        if rng.random() < 0.05:
            again = start + rng.randrange(stream.rates.session_minutes * _MINUTE)
            _session(stream, person, again, f"s-{month:02}-{number:05}-b")
    for person in stream.alive[-4:]:
        if person.person_class in ("service", "test"):
            _session(stream, person, stream.moment(month), f"s-{month:02}-{person.key}")
    if month:
        # Open over the edge of the month: each side bills its own part.
        edge = stream.customer.edges_ms[month]
        for number in range(3):
            _session(stream, stream.someone(), edge + rng.randrange(10) * _MINUTE, f"s-{month:02}-edge-{number}")
            stream.emit(edge - 5 * _MINUTE, "session.ended", stream.someone(), {"session_id": f"lost-{month}-{number}"})


def _session(stream: Stream, person: DemoPerson, start: int, session_id: str) -> None:
    rng = stream.rng
    data = {"session_id": session_id, "channel": rng.choice(("web", "web", "app"))}
    if rng.random() > 0.08:
        data["device_id"] = f"{person.key}-{rng.randrange(2)}"
    stream.emit(start, "session.started", person, data)
    length = 1 + int(min(rng.expovariate(1 / stream.rates.session_minutes), 420) * _MINUTE)
    dice = rng.random()
    if dice < 0.25:
        for _ in range(rng.randrange(1, 3)):
            beat = start + rng.randrange(length + 50 * _MINUTE)
            stream.emit(beat, "session.heartbeat", person, {"session_id": session_id})
    if dice > 0.992:
        length += 30 * _HOUR  # signs out the day after: the cap on a session holds
    if dice > 0.1:
        stream.emit(start + length, "session.ended", person, {"session_id": session_id})
        if dice < 0.11:
            stream.emit(start + length + _MINUTE, "session.heartbeat", person, {"session_id": session_id})


def memberships(stream: Stream, month: int) -> None:
    """People join communities, leave them, change them at one instant, and come back."""
    rng, held = stream.rng, stream.memberships
    if month == 0:
        for person in rng.sample(stream.alive, min(stream.rates.members, len(stream.alive))):
            _join(stream, person, stream.customer.edges_ms[0] + rng.randrange(3 * _DAY), rng.choice(COMMUNITIES))
    by_key = {person.key: person for person in stream.alive}
    for number in range(stream.count(month, stream.rates.membership_moves)):
        at = stream.moment(month)
        if number % 5 < 3:
            _join(stream, rng.choice(stream.alive), at, rng.choice(COMMUNITIES))
            continue
        key, community = rng.choice(sorted(held)) if number < 10 else _any(stream)
        if key not in by_key:
            continue
        held.discard((key, community))
        stream.emit(at, "membership.closed", by_key[key], {"community_id": community})
        if number % 10 == 3:
            _join(stream, by_key[key], at, rng.choice(COMMUNITIES))  # the close comes first
        elif number % 10 == 4:
            _join(stream, by_key[key], at + rng.randrange(5 * _DAY), community)


def _any(stream: Stream) -> tuple[str, str]:
    """Return a membership that is held; sorted, so that it does not hang on a set's order."""
    held = sorted(stream.memberships)
    return held[stream.rng.randrange(len(held))]


def _join(stream: Stream, person: DemoPerson, at: int, community: str) -> None:
    stream.memberships.add((person.key, community))
    role = "moderator" if stream.rng.random() < 0.03 else "member"
    stream.emit(at, "membership.opened", person, {"community_id": community, "role": role})


def activities(stream: Stream, month: int) -> None:
    """Reading, watching, searching: most of what happens leaves nothing behind."""
    rng = stream.rng
    codes = [centre.code for centre in stream.customer.spec.centres]
    for _ in range(stream.count(month, stream.rates.activities)):
        data = {
            "verb": rng.choice(VERBS),
            "object_type": rng.choice(OBJECTS),
            "object_id": f"o-{rng.randrange(2000)}",
        }
        dice = rng.random()
        if dice < 0.7:
            data["community_id"] = rng.choice(COMMUNITIES)
        if dice < 0.01:
            data["cost_centre"] = rng.choice(codes)
        elif dice < 0.02:
            data["audience"] = rng.choice(("partner", "customer", "employee"))
        stream.emit(stream.moment(month), "activity.performed", stream.someone(), data)
    for person in stream.alive[-4:]:
        if person.person_class in ("service", "test"):
            data = {"verb": "viewed", "object_type": "document", "object_id": "o-1"}
            stream.emit(stream.moment(month), "activity.performed", person, data)
    hall = {"topic": "career", "minutes": 30}
    stream.emit(stream.moment(month), "mentoring.session.held", stream.someone(), hall)


def contributions(stream: Stream, month: int) -> None:
    """Discussions, blogs, wikis, ideas, forecasts, answers, uploads, ratings; and who found them useful."""
    rng = stream.rng
    for number in range(stream.count(month, stream.rates.contributions)):
        author, kind = stream.someone(), rng.choice(KINDS)
        object_id = f"c-{month:02}-{number:05}"
        data = {"kind": kind, "object_id": object_id, "community_id": rng.choice(COMMUNITIES)}
        if kind in ("comment", "answer", "rating") and stream.posts:
            parent, owner = rng.choice(stream.posts)
            data |= {"in_reply_to": parent, "object_owner": owner.key}
        stream.emit(stream.moment(month), "contribution.created", author, data)
        if len(stream.posts) < 400:
            stream.posts.append((object_id, author))
        else:
            stream.posts[rng.randrange(400)] = (object_id, author)
    for _ in range(stream.count(month, stream.rates.acceptances) if stream.posts else 0):
        object_id, author = rng.choice(stream.posts)
        data = {"object_id": object_id, "contributor": author.key}
        stream.emit(stream.moment(month), "contribution.accepted", stream.someone(), data)


def people_change(stream: Stream, month: int) -> None:
    """Customers become partners, and some people leave for good."""
    rng, edges = stream.rng, stream.customer.edges_ms
    outside = [p for p in stream.alive if p.audience in ("partner", "customer")]
    for person in rng.sample(outside, min(3, len(outside))):
        audience = "customer" if person.audience == "partner" else "partner"
        stream.emit(stream.moment(month), "person.updated", person, {"person": {"audience": audience}})
    for person in stream.alive:
        if person.left_ms is not None and edges[month] <= person.left_ms < edges[month + 1]:
            # Their last act: `emit` lets nothing pass from the instant of leaving on.
            stream.emit(person.left_ms - 1, "person.deactivated", person, {})


def seats(stream: Stream, month: int) -> None:
    """Named seats go from hand to hand: the shop staff learn in turns."""
    rng, rates = stream.rng, stream.rates
    if not rates.seats:
        return
    alive = {person.key for person in stream.alive}
    stream.holders = [person for person in stream.holders if person.key in alive]
    stream.fresh_holders = []
    if month == 0:
        for person in rng.sample(stream.alive, min(rates.seats, len(stream.alive))):
            _give(stream, person, stream.customer.edges_ms[0] + rng.randrange(2 * _DAY))
    holding = {person.key for person in stream.holders}
    for number in range(stream.count(month, rates.seat_moves)):
        index = rng.randrange(len(stream.holders))
        old, at = stream.holders[index], stream.moment(month)
        new = old if number % 50 == 7 else rng.choice(stream.alive)
        if new is not old and new.key in holding:
            continue
        stream.holders[index] = stream.holders[-1]
        stream.holders.pop()
        holding.discard(old.key)
        stream.emit(at, "seat.released", old, {"pool": "learners"})
        # Passed on at once, within the day, or some days later.
        wait = (0, rng.randrange(8 * _HOUR), rng.randrange(6 * _DAY))[min(2, number % 10)]
        _give(stream, new, at + wait)
        holding.add(new.key)


def _give(stream: Stream, person: DemoPerson, at: int) -> None:
    stream.holders.append(person)
    stream.fresh_holders.append(person)
    stream.emit(at, "seat.assigned", person, {"pool": "learners"})


SOCIAL_STORIES = (people_change, seats, sessions, memberships, activities, contributions)
"""In the order in which they are told each month."""
