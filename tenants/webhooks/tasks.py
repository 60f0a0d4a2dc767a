"""Telling: time drives it, by rows that are due. A lost message delays it, two workers share it."""

import base64
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from standardwebhooks import Webhook

from core.clock import utc_now
from core.db import Database, database
from core.outbox import take_untold, tenants_with_untold
from core.scope import StewardScope, TenantScope
from core.sealing import Unreadable, unseal_by_any
from core.settings import load_webhook_networks, secret_keys
from tenants.actions.record_audit import record_audit
from tenants.calling import Answer, Call, call, place_of
from tenants.webhooks.actions.set_endpoint import PURPOSE
from tenants.webhooks.bodies import body_of
from tenants.webhooks.errors import EndpointAddressForbidden
from tenants.webhooks.reads import DeliveryView, endpoints, endpoints_with_due, get_delivery, get_endpoint
from tenants.webhooks.store import add_deliveries, claim_due, secrets_of, set_delivery, set_endpoint

__all__ = ("BACK_OFF", "send_webhooks")

ACTOR = "system:webhooks"
BACK_OFF = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
"""How long after each failed attempt the next one comes; after the last it is a dead letter."""
AT_ONCE = 32
PER_CUSTOMER = 8
PER_ENDPOINT = 4
"""How many calls run at once, of them for one customer and to one endpoint: who answers late delays nobody else."""
HANDED_OUT = 200
"""How many events are handed out in one transaction."""
WHOLE_S = 15.0
CLAIM = timedelta(seconds=4 * WHOLE_S)
_BUDGET_S = 20.0
_log = structlog.get_logger("tollbook.webhooks")
_UNREADABLE = "The signing secret opens under no SECRET_KEY of the service, so that nothing was sent."


@dataclass(frozen=True, slots=True)
class _Letter:
    tenant_id: UUID
    delivery: DeliveryView
    attempt: int
    url: str
    secrets: tuple[bytes, ...]
    """The newest first, and for a while the one before it; none where they cannot be opened."""

    @property
    def place(self) -> tuple[UUID, UUID]:
        return self.tenant_id, self.delivery.endpoint_id


def send_webhooks(db: Database | None = None) -> int:
    """Hand what happened to those who want it, and call them; return how many calls were made."""
    db, until = db or database(), time.monotonic() + _BUDGET_S
    _hand_out(db, until)
    with db.begin(StewardScope()) as session:
        waiting = list(endpoints_with_due(session, utc_now()))
    sent, calls = 0, dict[Future[Answer], _Letter]()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        while True:
            for place in _next(waiting, calls.values()) if time.monotonic() < until else ():
                letters = _claim(db, *place)
                calls |= {pool.submit(_post, letter): letter for letter in letters}
                sent += len(letters)
            if not calls:
                return sent
            done, _ = wait(calls, return_when=FIRST_COMPLETED)
            for call_made in done:
                letter = calls.pop(call_made)
                _note(db, letter, call_made.result())
                if all(letter.place != other.place for other in calls.values()):
                    waiting.append(letter.place)  # it may have more, after all who wait now


def _next(waiting: list[tuple[UUID, UUID]], calls: Collection[_Letter]) -> list[tuple[UUID, UUID]]:
    """Take from those who wait whom there is room for, longest waiting first."""
    room, busy = AT_ONCE - len(calls), Counter(letter.tenant_id for letter in calls)
    taken: list[tuple[UUID, UUID]] = []
    for place in list(waiting):
        if room >= PER_ENDPOINT and busy[place[0]] + PER_ENDPOINT <= PER_CUSTOMER:
            waiting.remove(place)
            taken.append(place)
            room -= PER_ENDPOINT
            busy[place[0]] += PER_ENDPOINT
    return taken


def _hand_out(db: Database, until: float) -> None:
    """Hand what happened to the endpoints that want it, until all is handed out or the time is up."""
    with db.begin(StewardScope()) as session:
        tenants = list(tenants_with_untold(session))
    while tenants and time.monotonic() < until:  # by turns, so that a customer of whom much is told delays nobody
        tenants = [tenant_id for tenant_id in tenants if _hand_some_out(db, tenant_id)]


def _hand_some_out(db: Database, tenant_id: UUID) -> bool:
    """Hand some of a customer's out; return whether there may be more. An endpoint gets nothing older than itself."""
    with db.begin(TenantScope(tenant_id)) as session:
        now, known = utc_now(), endpoints(session, tenant_id)
        events = take_untold(session, tenant_id, now, HANDED_OUT)
        pairs = [
            (endpoint.id, event.id)
            for event in events
            for endpoint in known
            if endpoint.wants(event.type) and event.id > endpoint.id  # ids grow with time
        ]
        add_deliveries(session, tenant_id, pairs, now)
    return len(events) == HANDED_OUT


def _claim(db: Database, tenant_id: UUID, endpoint_id: UUID) -> list[_Letter]:
    with db.begin(TenantScope(tenant_id)) as session:
        now = utc_now()
        claimed = claim_due(session, tenant_id, endpoint_id, now, now + CLAIM, PER_ENDPOINT)
        if not claimed:  # another worker was faster, or it was stopped or deleted
            return []
        url, secrets = get_endpoint(session, tenant_id, endpoint_id).url, list[bytes]()
        for sealed in secrets_of(session, tenant_id, endpoint_id, now):
            with suppress(Unreadable):
                secrets.append(unseal_by_any(secret_keys(), PURPOSE, sealed, endpoint_id.bytes))
        return [
            _Letter(tenant_id, get_delivery(session, tenant_id, endpoint_id, event_id), attempt, url, tuple(secrets))
            for event_id, attempt in claimed
        ]


def _post(letter: _Letter) -> Answer:
    if not letter.secrets:
        return Answer(None, _UNREADABLE)
    told = letter.delivery
    body = body_of(told.event_type, told.happened_at, told.data)
    # Receivers compare it with their own clock: the machine's, not a demo's.
    now, event_id = datetime.now(UTC), str(told.event_id)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Tollbook-Webhooks/1",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        # Several signatures are divided by a blank; receivers take any that is theirs.
        "webhook-signature": " ".join(
            Webhook(base64.b64encode(secret).decode()).sign(event_id, now, body) for secret in letter.secrets
        ),
    }
    answer = call(letter.url, Call(body.encode(), headers, whole_s=WHOLE_S), load_webhook_networks())
    return _as_refused(letter, answer.error) if answer.forbidden else answer


def _as_refused(letter: _Letter, why: str) -> Answer:
    """Return what is noted of a delivery that was not let out, and tell the operator at its first attempt alone."""
    code = EndpointAddressForbidden.code
    if letter.attempt == 1:  # the host without its path, which may hold the receiver's token
        _log.warning("webhook_refused", tenant=str(letter.tenant_id), host=urlsplit(letter.url).hostname, code=code)
    return Answer(None, f"{why} ({code})")


def _note(db: Database, letter: _Letter, answer: Answer) -> None:
    now, told = utc_now(), letter.delivery
    with db.begin(TenantScope(letter.tenant_id)) as session:
        note = partial(
            set_delivery, session, letter.tenant_id, told.endpoint_id, told.event_id, tried_at=now,
            answer_status=answer.status, error=answer.error,
        )  # fmt: skip
        if answer.well:
            note(status="delivered")
        elif letter.attempt > len(BACK_OFF):
            note(status="dead")
        else:
            note(due_at=now + BACK_OFF[letter.attempt - 1])
        if answer.status == 410:  # "Gone": the receiver wants no more, as Standard Webhooks has it
            note(status="dead")
            set_endpoint(session, letter.tenant_id, told.endpoint_id, disabled_at=now)
            target, detail = ("webhook", str(told.endpoint_id)), {"url": place_of(letter.url), "answered": 410}
            record_audit(session, letter.tenant_id, ACTOR, "stop_webhook", target, detail)
