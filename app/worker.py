"""Celery: what time makes due. Every task finds its own work in the database and is safe to repeat."""

from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.schedules import schedule

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
from app.listeners import listen
from app.process import tune_collector
from core.settings import load_settings
from metering.tasks import follow_people, run_imports
from plans.alerts.tasks import watch
from plans.licensing.seats.tasks import fill_waiting_seats
from plans.licensing.tasks import rename_devices_of_erased, tell_of_denials
from plans.tasks import move_customers
from tenants.webhooks.tasks import send_webhooks

__all__ = ("JOBS", "app")

JOBS: dict[str, tuple[Callable[..., Any], int]] = {
    "bill": (bill_what_is_due, 60),
    "seal_audit": (seal_audit_trails, 5),
    "import": (run_imports, 2),
    "follow_people": (follow_people, 2),
    "answer": (answer_what_was_asked, 2),
    "move_customers": (move_customers, 2),
    "fill_seats": (fill_waiting_seats, 60),
    "rename_devices": (rename_devices_of_erased, 10),
    "tell_denials": (tell_of_denials, 60),
    "prepare_meters": (prepare_meters, 5),
    "webhooks": (send_webhooks, 2),
    "mails": (send_what_is_due, 2),
    "alerts": (watch, 30),
    "fold_days": (fold_ended_days, 60),
    "archive": (archive_what_may_leave, 3600),
    "archive_jobs": (do_archive_jobs, 2),
    "purge": (purge_what_expired, 3600),
}
"""What is done by the clock, and every how many seconds it is due."""
LEAST_LIFE_S = 20


def message_life_s(every_s: int) -> float:
    """Return how long a due job may wait for a worker, in seconds.

    About until its successor is due, which finds the same work; never less than `LEAST_LIFE_S`: messages are taken
    in turn, and if those of one moment outlive no more than the next, of more than the workers do meanwhile
    always the same jobs, those put in last, would be the ones that are dropped.
    """
    return max(LEAST_LIFE_S, every_s * 0.9)


tune_collector()
listen()
app = Celery("tollbook", broker=load_settings().broker_url)
app.conf.update(
    # A lost or repeated message delays work and never loses or doubles it; see docs/operate.md.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=2,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    },
    timezone="UTC",
    beat_schedule={
        name: {
            "task": f"tollbook.{name}",
            "schedule": schedule(every_s),
            "options": {"expires": message_life_s(every_s)},
        }
        for name, (_job, every_s) in JOBS.items()
    },
)

for _name, (_job, _every_s) in JOBS.items():
    app.task(name=f"tollbook.{_name}")(_job)
