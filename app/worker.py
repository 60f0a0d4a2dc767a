"""Celery: what time makes due. Every task finds its own work in the database and is safe to repeat."""

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

__all__ = ("app",)

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
        "bill": {"task": "tollbook.bill", "schedule": schedule(60), "options": {"expires": 55}},
        "seal-audit": {"task": "tollbook.seal_audit", "schedule": schedule(5), "options": {"expires": 4}},
        "import": {"task": "tollbook.import", "schedule": schedule(2), "options": {"expires": 2}},
        "follow-people": {"task": "tollbook.follow_people", "schedule": schedule(2), "options": {"expires": 2}},
        "answer": {"task": "tollbook.answer", "schedule": schedule(2), "options": {"expires": 2}},
        "move-customers": {"task": "tollbook.move_customers", "schedule": schedule(2), "options": {"expires": 2}},
        "fill-seats": {"task": "tollbook.fill_seats", "schedule": schedule(60), "options": {"expires": 55}},
        "rename-devices": {"task": "tollbook.rename_devices", "schedule": schedule(10), "options": {"expires": 9}},
        "tell-denials": {"task": "tollbook.tell_denials", "schedule": schedule(60), "options": {"expires": 55}},
        "prepare-meters": {"task": "tollbook.prepare_meters", "schedule": schedule(5), "options": {"expires": 4}},
        "webhooks": {"task": "tollbook.webhooks", "schedule": schedule(2), "options": {"expires": 2}},
        "mails": {"task": "tollbook.mails", "schedule": schedule(2), "options": {"expires": 2}},
        "alerts": {"task": "tollbook.alerts", "schedule": schedule(30), "options": {"expires": 25}},
        "fold-days": {"task": "tollbook.fold_days", "schedule": schedule(60), "options": {"expires": 55}},
        "archive": {"task": "tollbook.archive", "schedule": schedule(3600), "options": {"expires": 3000}},
        "archive-jobs": {"task": "tollbook.archive_jobs", "schedule": schedule(2), "options": {"expires": 2}},
        "purge": {"task": "tollbook.purge", "schedule": schedule(3600), "options": {"expires": 3000}},
    },
)

app.task(name="tollbook.bill")(bill_what_is_due)
app.task(name="tollbook.seal_audit")(seal_audit_trails)
app.task(name="tollbook.fill_seats")(fill_waiting_seats)
app.task(name="tollbook.rename_devices")(rename_devices_of_erased)
app.task(name="tollbook.tell_denials")(tell_of_denials)
app.task(name="tollbook.prepare_meters")(prepare_meters)
app.task(name="tollbook.fold_days")(fold_ended_days)
app.task(name="tollbook.archive")(archive_what_may_leave)
app.task(name="tollbook.archive_jobs")(do_archive_jobs)
app.task(name="tollbook.purge")(purge_what_expired)
app.task(name="tollbook.import")(run_imports)
app.task(name="tollbook.follow_people")(follow_people)
app.task(name="tollbook.answer")(answer_what_was_asked)
app.task(name="tollbook.move_customers")(move_customers)
app.task(name="tollbook.webhooks")(send_webhooks)
app.task(name="tollbook.alerts")(watch)
app.task(name="tollbook.mails")(send_what_is_due)
