"""Let fees that were billed in advance be reckoned anew where their periods are cut by another interval."""

from sqlalchemy.orm import Session

from billing.store import unset_measured_since
from plans.events import PeriodsRecut

__all__ = ("reckon_recut",)


def reckon_recut(session: Session, event: PeriodsRecut) -> None:
    """Let the next run correct what was billed in advance of periods that begin at the change or after it.

    They are other ones now, or there are none: waiting for the next bill could take a year.

    Args:
        session: scoped to the consumer.
        event: whose periods, and from when on.
    """
    unset_measured_since(session, event.tenant_id, event.subscription_id, event.since)
