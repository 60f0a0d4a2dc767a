"""`python -m app.demo.live`: the demo goes on. A few events a minute, sent by `tollbook-client` as a suite would.

Two customers have people about at this moment, in the open month after the loaded world; all others,
the first one above all, stay as they were loaded. What happens in a minute depends on the minute
alone, ids included: a start after a kill sends the current minute again and nothing counts twice.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import Any

from tollbook_client import Client

from app.demo.credentials import DemoCredentials, read_credentials
from app.demo.load import begun_at
from app.demo.names import COMMUNITIES
from app.demo.people import DemoPerson, population
from app.demo.social import KINDS, VERBS
from app.demo.world import Customer, build_world
from core.clock import utc_now
from core.db import Database
from core.settings import load_settings

__all__ = ("LIVE", "happenings", "main")

LIVE = ("brightmart", "kestrel-software")
"""Whose people are about."""
_MOST_A_MINUTE = 5
_LONGEST_MIN = 20
_MINUTE_MS = 60_000

Event = dict[str, Any]


def happenings(customer: Customer, minute: int) -> list[Event]:
    """Return the CloudEvents of one minute by time; the same minute gives the same, to the last byte (pure).

    Args:
        customer: whose; its people who had not left when the loaded world ended.
        minute: minutes since 1970.
    """
    started = _begun(customer, minute)
    ended = [
        _event(customer, at_ms + length * _MINUTE_MS, "session.ended", person, {"session_id": session})
        for length in range(1, _LONGEST_MIN + 1)
        for at_ms, person, session, minutes in _begun(customer, minute - length)
        if minutes == length
    ]
    begun = [
        _event(customer, at_ms, "session.started", person, {"session_id": session, "channel": "web"})
        for at_ms, person, session, _ in started
    ]
    dice = _dice(customer, minute, "acts")
    acts = [_act(customer, minute, dice) for _ in range(dice.randrange(1, _MOST_A_MINUTE))]
    return sorted([*begun, *acts, *ended], key=lambda event: (event["time"], event["id"]))


@lru_cache(maxsize=2 * _LONGEST_MIN * len(LIVE))
def _begun(customer: Customer, minute: int) -> list[tuple[int, DemoPerson, str, int]]:
    """Return the sessions that begin in a minute: when (ms), whose, their id, and for how many minutes."""
    dice = _dice(customer, minute, "sessions")
    if dice.random() > 0.4:
        return []
    at_ms = minute * _MINUTE_MS + dice.randrange(_MINUTE_MS)
    return [(at_ms, _someone(customer, dice), f"live-{minute}", dice.randint(1, _LONGEST_MIN))]


def _act(customer: Customer, minute: int, dice: Random) -> Event:
    at_ms, person = minute * _MINUTE_MS + dice.randrange(_MINUTE_MS), _someone(customer, dice)
    place = {"community_id": dice.choice(COMMUNITIES), "object_id": f"o-{dice.randrange(2000)}"}
    if dice.random() < 0.25:
        return _event(customer, at_ms, "contribution.created", person, place | {"kind": dice.choice(KINDS)})
    seen = place | {"verb": dice.choice(VERBS), "object_type": "document"}
    return _event(customer, at_ms, "activity.performed", person, seen)


def _event(customer: Customer, at_ms: int, kind: str, person: DemoPerson, data: Event) -> Event:
    """Return a CloudEvent whose id is a UUIDv7 made of its time and its content."""
    digest = blake2b(f"{customer.slug} {at_ms} {kind} {person.key} {data}".encode(), digest_size=10).digest()
    tail = int.from_bytes(digest, "big")
    number = at_ms << 80 | 7 << 76 | (tail >> 62 & 0xFFF) << 64 | 2 << 62 | tail & (1 << 62) - 1
    text = f"{number:032x}"
    return {
        "id": f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
        "source": f"https://suite.{customer.slug}.example",
        "type": kind,
        "time": datetime.fromtimestamp(at_ms / 1000, UTC),
        "subject": person.key,
        "data": data,
    }


def _dice(customer: Customer, minute: int, what: str) -> Random:
    return Random(f"{customer.seed}/{customer.slug}/live/{what}/{minute}")


def _someone(customer: Customer, dice: Random) -> DemoPerson:
    return dice.choice(_members(customer))


@lru_cache(maxsize=len(LIVE))
def _members(customer: Customer) -> list[DemoPerson]:
    return [p for p in population(customer).people if p.left_ms is None and p.person_class == "member"]


def _due(customers: list[Customer], minute: int) -> Iterator[tuple[str, Event]]:
    """Yield whose event it is and the event, from that minute on, in the order of time, for ever."""
    while True:
        found = [(customer.slug, event) for customer in customers for event in happenings(customer, minute)]
        yield from sorted(found, key=lambda one: (one[1]["time"], one[1]["id"]))
        minute += 1


def _wait_until(instant: datetime, parent: int) -> bool:
    """Sleep until the service's clock shows the instant; False where whoever started this process has gone."""
    while os.getppid() == parent:
        left = (instant - utc_now()) / timedelta(seconds=1)
        if left <= 0:
            return True
        time.sleep(min(left, 1.0))
    return False


def _clients(credentials: DemoCredentials, url: str) -> dict[str, Client]:
    keys = {tenant.slug: tenant.key for tenant in credentials.tenants if tenant.slug in LIVE}
    return {slug: Client(url, key, linger_s=0.2, exit_timeout_s=2.0) for slug, key in keys.items()}


def main() -> None:
    """Send what happens when it happens, until SIGTERM comes or the parent ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parent, settings = os.getppid(), load_settings()
    credentials = read_credentials(settings.run_dir)
    database = Database(settings.database_url, pool_size=1)
    begun = begun_at(database)
    database.dispose()
    if credentials is None or begun is None:
        raise SystemExit("There is no demo world here. Start it with `make demo`.")
    clients = _clients(credentials, settings.public_url)
    customers = [one for one in build_world(begun).customers if one.slug in clients]
    for slug, event in _due(customers, int(utc_now().timestamp()) // 60):
        if not _wait_until(event["time"], parent):
            return
        clients[slug].send(event)


if __name__ == "__main__":
    main()
