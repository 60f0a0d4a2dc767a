"""Celery: what time makes due. Every task finds its own work in the database and is safe to repeat."""

from celery import Celery
from celery.schedules import schedule

from app.listeners import listen
from app.process import tune_collector
from app.schedule import JOBS, message_life_s
from core.settings import load_settings

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
