"""What is done by the clock, and how often: every job finds its own work and is safe to repeat."""

from collections.abc import Callable
from typing import Any

from app.jobs import (
    answer_what_was_asked,
    archive_what_may_leave,
    bill_what_is_due,
    do_archive_jobs,
    fold_ended_days,
    prepare_meters,
    purge_what_expired,
    seal_audit_trails,
    send_what_is_due,
)
from metering.tasks import follow_people, run_imports
from plans.alerts.tasks import watch
from plans.licensing.seats.tasks import fill_waiting_seats
from plans.licensing.tasks import rename_devices_of_erased, tell_of_denials
from plans.tasks import move_customers
from tenants.webhooks.tasks import send_webhooks

__all__ = ("JOBS", "message_life_s")

JOBS: dict[str, tuple[Callable[..., Any], float]] = {
    "bill": (bill_what_is_due, 60),
    "seal_audit": (seal_audit_trails, 5.3),
    "import": (run_imports, 2.03),
    "follow_people": (follow_people, 2.11),
    "answer": (answer_what_was_asked, 2.23),
    "move_customers": (move_customers, 2.37),
    "fill_seats": (fill_waiting_seats, 60),
    "rename_devices": (rename_devices_of_erased, 10.1),
    "tell_denials": (tell_of_denials, 60),
    "prepare_meters": (prepare_meters, 5.1),
    "webhooks": (send_webhooks, 1.93),
    "mails": (send_what_is_due, 1.81),
    "alerts": (watch, 30),
    "fold_days": (fold_ended_days, 60),
    "archive": (archive_what_may_leave, 3600),
    "archive_jobs": (do_archive_jobs, 2.53),
    "purge": (purge_what_expired, 3600),
}
"""What is done by the clock, and every how many seconds it is due.

No two of the frequent ones keep step. A worker that cannot do all of them in time drops the messages that waited too
long: of jobs that are always due at the same moments those would always be the same, the ones that are put in last.
"""
LEAST_LIFE_S = 20


def message_life_s(every_s: float) -> float:
    """Return how long a due job may wait for a worker, in seconds: about until its successor finds the same work."""
    return max(LEAST_LIFE_S, every_s * 0.9)
