"""Sending: time drives it, by rows that are due. A lost message delays it, two workers share it."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.db import Database, database
from core.scope import StewardScope, TenantScope
from core.settings import MailServer, mail_server
from tenants.mails.letters import Envelope, Letter, is_address, message
from tenants.mails.reads import MailView, get_mail, tenants_with_due_mail
from tenants.mails.smtp import Outcome, deliver
from tenants.mails.store import claim_mails, set_mail

__all__ = ("BACK_OFF", "CLAIM", "send_mails")

Compose = Callable[[MailView], Letter | None]
Over = Callable[[Session, UUID, MailView], str]

BACK_OFF = (
    timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6),
    timedelta(hours=12), timedelta(hours=24),
)  # fmt: skip
"""How long after each failed attempt the next one comes; after the last it is a dead letter."""
AT_ONCE = 20
CLAIM = timedelta(minutes=10)
"""How long a worker has for what it took: its budget, and a mail at a server that takes 15 seconds for each answer."""
_BUDGET_S = 20.0
"""After so long it gives back what it has not sent, for other work waits behind it."""
NO_ADDRESS = Outcome("There is no address. Give the person one, then send it again.", final=True)
NO_TEXT = Outcome("This release does not know the text. It is sent after the upgrade.")
NOT_WRITTEN = Outcome("The text could not be written; the service's log says why.")
_log = structlog.get_logger("tollbook.mails")


def send_mails(compose: Compose, over: Over, db: Database | None = None, budget_s: float = _BUDGET_S) -> int:
    """Send what is due, and return how many mails were sent; without `SMTP_URL` all of it waits.

    Customers take turns, who waits longest first: many mails of one keep no other waiting.

    Args:
        compose: returns the text of a mail, in its language; None where it knows none.
        over: returns why a mail of a customer is not to be sent any more; '' where it still is.
        db: the process's by default.
        budget_s: after so many seconds what was not begun is left for the next time.
    """
    server = mail_server()
    if server is None:
        return 0
    db, until, sent = db or database(), time.monotonic() + budget_s, 0
    with db.begin(StewardScope()) as session:
        waiting = deque(tenants_with_due_mail(session, utc_now()))
    while waiting:
        tenant_id = waiting.popleft()
        taken = _claim(db, tenant_id)
        if taken:
            mails = _without_what_is_over(db, tenant_id, taken, over)
            sent += _send(db, server, tenant_id, _letters(db, tenant_id, mails, compose, server), until)
            waiting.append(tenant_id)
        if time.monotonic() >= until:
            break
    return sent


def _claim(db: Database, tenant_id: UUID) -> list[MailView]:
    with db.begin(TenantScope(tenant_id)) as session:
        now = utc_now()
        return [get_mail(session, tenant_id, one) for one in claim_mails(session, tenant_id, now, now + CLAIM, AT_ONCE)]


def _without_what_is_over(db: Database, tenant_id: UUID, taken: list[MailView], over: Over) -> list[MailView]:
    """Return the mails that are still to be sent; the others are given up, with the reason."""
    with db.begin(TenantScope(tenant_id)) as session:
        reasons = {mail.id: over(session, tenant_id, mail) for mail in taken}
    for mail in taken:
        if reason := reasons[mail.id]:
            _note(db, tenant_id, mail, Outcome(reason, final=True))
    return [mail for mail in taken if not reasons[mail.id]]


def _letters(
    db: Database, tenant_id: UUID, taken: list[MailView], compose: Compose, server: MailServer
) -> list[tuple[MailView, EmailMessage]]:
    """Return what can be sent; of the rest it is noted why not."""
    # Receivers compare it with their own clock: the machine's, not a demo's.
    at, ready = datetime.now(UTC), []
    for mail in taken:
        made = _made(mail, compose, Envelope(server.sender, mail.to, mail.id, at))
        if isinstance(made, Outcome):
            _note(db, tenant_id, mail, made)
        else:
            ready.append((mail, made))
    return ready


def _send(
    db: Database, server: MailServer, tenant_id: UUID, ready: list[tuple[MailView, EmailMessage]], until: float
) -> int:
    """Send mails until the time is up, and give back the others as if nobody had taken them."""
    sent = done = 0
    if ready:
        with contextlib.closing(deliver(server, [made for _, made in ready])) as outcomes:
            for (mail, _), outcome in zip(ready, outcomes, strict=False):
                _note(db, tenant_id, mail, outcome)
                sent, done = sent + (not outcome.error), done + 1
                if time.monotonic() >= until:
                    break
    if ready[done:]:
        with db.begin(TenantScope(tenant_id)) as session:
            for mail, _ in ready[done:]:
                set_mail(session, tenant_id, mail.id, due_at=utc_now(), attempts=mail.attempts - 1)
    return sent


def _made(mail: MailView, compose: Compose, envelope: Envelope) -> EmailMessage | Outcome:
    """Return the message, or why there is none: people's addresses come as directories and files have them."""
    if not mail.to:
        return NO_ADDRESS
    if not is_address(mail.to):
        text = f"'{mail.to[:80]}' is no e-mail address. Give the person one like ann@example.com, then send it again."
        return Outcome(text, final=True)
    try:
        letter = compose(mail)
        return NO_TEXT if letter is None else message(letter, envelope)
    except Exception as error:  # noqa: BLE001 - one mail keeps no other waiting; its turn comes again
        _log.error("mail_not_written", mail=str(mail.id), kind=mail.kind, exc_info=error)
        return NOT_WRITTEN


def _note(db: Database, tenant_id: UUID, mail: MailView, outcome: Outcome) -> None:
    now = utc_now()
    with db.begin(TenantScope(tenant_id)) as session:
        if not outcome.error:
            set_mail(session, tenant_id, mail.id, status="sent", tried_at=now, error="")
        elif outcome.final or mail.attempts > len(BACK_OFF):
            set_mail(session, tenant_id, mail.id, status="dead", tried_at=now, error=outcome.error)
        else:
            due_at = now + BACK_OFF[mail.attempts - 1]
            set_mail(session, tenant_id, mail.id, due_at=due_at, tried_at=now, error=outcome.error)
