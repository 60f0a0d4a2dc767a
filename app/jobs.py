"""The jobs that time starts, as plain functions: the worker, the command line and tests run the same."""

from datetime import timedelta

from app.archive_jobs import run_archive_jobs
from app.archiving import archive_facts
from app.mails import compose, over
from billing.actions.bill_due import BEAT, bill_due
from billing.answers.tasks import answer_questions
from billing.quotes.actions.offer_quotes import QuotesOffered
from core.clock import utc_now
from core.db import database
from core.outbox import forget_told
from core.scope import StewardScope
from core.settings import archive_directory
from metering.tasks import backfill_meters, fold_days
from plans.actions.renew_due import renew_due
from plans.licensing.tasks import count_old_denials
from tenants.actions.purge_expired import purge_expired
from tenants.actions.seal_audit import seal_audit
from tenants.mails.actions.forget_mails import forget_mails
from tenants.mails.tasks import send_mails
from tenants.reads import tenants_with_unsealed_audit

__all__ = (
    "answer_what_was_asked",
    "archive_what_may_leave",
    "bill_what_is_due",
    "do_archive_jobs",
    "fold_ended_days",
    "prepare_meters",
    "purge_what_expired",
    "seal_audit_trails",
    "send_what_is_due",
)

IDEMPOTENCY_LIFE = timedelta(days=30)
TOLD_LIFE = timedelta(days=30)
"""How long what was told can be told again."""


def bill_what_is_due() -> None:
    """Renew contracts whose term ends, then bill every period that ended and whose grace has passed."""
    renew_due(database(), BEAT)
    bill_due(database(), actor=BEAT)


def fold_ended_days() -> None:
    """Fold the facts of days that have ended, so that nobody waits for it."""
    fold_days(database())


def prepare_meters() -> None:
    """Look at stored facts for custom meters that were defined after them."""
    backfill_meters(database())


def seal_audit_trails() -> None:
    """Chain what was committed to the audit trails since the last time."""
    db = database()
    with db.begin(StewardScope()) as session:
        found = tenants_with_unsealed_audit(session)
    for tenant_id in found:
        with db.begin(StewardScope()) as session:
            seal_audit(session, tenant_id, utc_now())


def archive_what_may_leave() -> None:
    """Move facts that are older than their tenant keeps them on line into files, where a directory is set."""
    directory = archive_directory()
    if directory is not None:
        archive_facts(database(), directory)


def do_archive_jobs() -> None:
    """Archive, verify and restore what somebody asked for."""
    run_archive_jobs(database())


def answer_what_was_asked() -> None:
    """Answer the questions of sales that wait."""
    answer_questions(database(), QuotesOffered())


def send_what_is_due() -> None:
    """Send the mails that are due, where a mail server is set."""
    send_mails(compose, over)


def purge_what_expired() -> None:
    """Delete browser sessions, idempotency records, sign-in attempts, told events and mails that have served.

    Old denials are counted by hour and deleted one by one.
    """
    now = utc_now()
    with database().begin(StewardScope()) as session:
        purge_expired(session, now, now - IDEMPOTENCY_LIFE)
        forget_told(session, now - TOLD_LIFE)
        forget_mails(session, now - TOLD_LIFE)
    count_old_denials(database())
