"""Selects about mails; they return frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from tenants.mails.models import Mail
from tenants.mails.smtp import SENDER_REFUSED
from tenants.models import Person

__all__ = (
    "MailView",
    "get_mail",
    "given_up_mails",
    "mails",
    "sender_refused",
    "tenants_with_due_mail",
    "waiting_mails",
)


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail: due, sent or dead. `to` is empty where the person has no address."""

    id: UUID
    kind: str
    data: Any
    language: str
    to: str
    person_id: UUID | None
    at: datetime
    status: str
    attempts: int
    due_at: datetime
    tried_at: datetime | None
    error: str


def _mails(tenant_id: UUID) -> Select[Any]:
    to = case((Mail.person_id.is_(None), Mail.address), else_=func.coalesce(Person.email, ""))
    return (
        select(
            Mail.id, Mail.kind, Mail.data, Mail.language, to, Mail.person_id, Mail.at, Mail.status, Mail.attempts,
            Mail.due_at, Mail.tried_at, Mail.error,
        )
        .outerjoin(Person, (Person.tenant_id == Mail.tenant_id) & (Person.id == Mail.person_id))
        .where(Mail.tenant_id == tenant_id)
    )  # fmt: skip


def mails(
    session: Session, tenant_id: UUID, *, status: str = "", before: UUID | None = None, limit: int = 50
) -> tuple[MailView, ...]:
    """Return a customer's mails, newest first, after a cursor."""
    query = _mails(tenant_id).order_by(Mail.id.desc()).limit(limit)
    if status:
        query = query.where(Mail.status == status)
    if before is not None:
        query = query.where(Mail.id < before)
    return tuple(MailView(*row) for row in session.execute(query))


def get_mail(session: Session, tenant_id: UUID, mail_id: UUID) -> MailView:
    """Return one mail.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    row = session.execute(_mails(tenant_id).where(Mail.id == mail_id)).one_or_none()
    if row is None:
        raise NotFound("mail", mail_id)
    return MailView(*row)


def waiting_mails(session: Session, tenant_id: UUID) -> int:
    """Return how many mails of a customer are due."""
    return _count(session, tenant_id, "due")


def given_up_mails(session: Session, tenant_id: UUID) -> int:
    """Return how many mails of a customer were given up."""
    return _count(session, tenant_id, "dead")


def _count(session: Session, tenant_id: UUID, status: str) -> int:
    query = select(func.count()).select_from(Mail).where(Mail.tenant_id == tenant_id, Mail.status == status)
    return int(session.execute(query).scalar_one())


def tenants_with_due_mail(session: Session, now: datetime) -> tuple[UUID, ...]:
    """Return the customers with a mail that is due, who waits longest first; a steward's transaction."""
    query = select(Mail.tenant_id).where(Mail.status == "due", Mail.due_at <= now)
    return tuple(session.execute(query.group_by(Mail.tenant_id).order_by(func.min(Mail.due_at))).scalars())


def sender_refused(session: Session, tenant_id: UUID) -> str:
    """Return what the server said last against the sender, of a mail that waits; '' where nothing."""
    query = (
        select(Mail.error)
        .where(
            Mail.tenant_id == tenant_id, Mail.status == "due", Mail.error.startswith(SENDER_REFUSED, autoescape=True)
        )
        .order_by(Mail.tried_at.desc())
        .limit(1)
    )
    return session.execute(query).scalar() or ""
