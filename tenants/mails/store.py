"""Writes and locks about mails."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.mails.models import Mail

__all__ = ("claim_mails", "delete_mails_to", "forget_old_mails", "set_mail")


def claim_mails(session: Session, tenant_id: UUID, now: datetime, until: datetime, limit: int) -> list[UUID]:
    """Take mails that are due and that nobody else has, and count the attempt.

    They are due again at `until`: who dies over one delays it, and no more.
    """
    query = (
        select(Mail.id)
        .where(Mail.tenant_id == tenant_id, Mail.status == "due", Mail.due_at <= now)
        .order_by(Mail.due_at, Mail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(session.execute(query).scalars())
    session.execute(
        update(Mail)
        .where(Mail.tenant_id == tenant_id, Mail.id.in_(taken))
        .values(due_at=until, attempts=Mail.attempts + 1)
    )
    return taken


def set_mail(session: Session, tenant_id: UUID, mail_id: UUID, **values: Any) -> None:
    """Change a mail."""
    session.execute(update(Mail).where(Mail.tenant_id == tenant_id, Mail.id == mail_id).values(values))


def forget_old_mails(session: Session, before: datetime) -> None:
    """Delete mails written before an instant that are sent or given up; a steward's transaction."""
    session.execute(delete(Mail).where(Mail.at < before, Mail.status != "due"))


def delete_mails_to(session: Session, tenant_id: UUID, persons: Collection[UUID], addresses: Collection[str]) -> None:
    """Delete every mail to these people or addresses, whatever the case of the addresses."""
    lower = [address.lower() for address in addresses]
    session.execute(
        delete(Mail).where(
            Mail.tenant_id == tenant_id, any_of(Mail.person_id, persons) | func.lower(Mail.address).in_(lower)
        )
    )
