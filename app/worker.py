"""Celery: what time makes due. Every task finds its own work in the database and is safe to repeat."""

from celery import Celery
from celery.schedules import schedule

from app.jobs import (
    archive_what_may_leave,
    bill_what_is_due,
    fold_ended_days,
    prepare_meters,
    purge_what_expired,
    seal_audit_trails,
)
from app.process import tune_collector
from billing.answers.tasks import answer_questions
from core.settings import load_settings
from metering.tasks import run_imports
from plans.tasks import move_customers

__all__ = ("app",)

tune_collector()
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
        "answer": {"task": "tollbook.answer", "schedule": schedule(2), "options": {"expires": 2}},
        "move-customers": {"task": "tollbook.move_customers", "schedule": schedule(2), "options": {"expires": 2}},
        "prepare-meters": {"task": "tollbook.prepare_meters", "schedule": schedule(5), "options": {"expires": 4}},
        "fold-days": {"task": "tollbook.fold_days", "schedule": schedule(60), "options": {"expires": 55}},
        "archive": {"task": "tollbook.archive", "schedule": schedule(3600), "options": {"expires": 3000}},
        "purge": {"task": "tollbook.purge", "schedule": schedule(3600), "options": {"expires": 3000}},
    },
)

app.task(name="tollbook.bill")(bill_what_is_due)
app.task(name="tollbook.seal_audit")(seal_audit_trails)
app.task(name="tollbook.prepare_meters")(prepare_meters)
app.task(name="tollbook.fold_days")(fold_ended_days)
app.task(name="tollbook.archive")(archive_what_may_leave)
app.task(name="tollbook.purge")(purge_what_expired)
app.task(name="tollbook.import")(run_imports)
app.task(name="tollbook.answer")(answer_questions)
app.task(name="tollbook.move_customers")(move_customers)
