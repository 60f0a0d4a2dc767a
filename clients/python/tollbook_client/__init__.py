"""Send usage events to Tollbook: batched, retried with the same ids, spooled on disk, counted once."""

from tollbook_client.answers import Refusal, Stats, Trouble
from tollbook_client.client import Client
from tollbook_client.events import EventInvalid
from tollbook_client.outbox import OutboxFull
from tollbook_client.spool import SpoolInUse

__all__ = ("Client", "EventInvalid", "OutboxFull", "Refusal", "SpoolInUse", "Stats", "Trouble")
