"""Send a mail once more, or all that were given up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.mails.reads import get_mail, mails
from tenants.mails.store import set_mail

__all__ = ("send_again", "send_dead_again")

AT_ONCE = 1_000


def send_again(session: Session, tenant_id: UUID, mail_id: UUID, now: datetime) -> None:
    """Let a mail be due again, with all its attempts ahead; it keeps its `Message-ID`.

    Raises:
        NotFound: there is no such mail (`not_found`).
    """
    get_mail(session, tenant_id, mail_id)
    set_mail(session, tenant_id, mail_id, status="due", attempts=0, due_at=now, error="")


def send_dead_again(session: Session, tenant_id: UUID, now: datetime) -> int:
    """Let what was given up be due again, at most 1,000 at once, and return how many."""
    dead = mails(session, tenant_id, status="dead", limit=AT_ONCE)
    for one in dead:
        send_again(session, tenant_id, one.id, now)
    return len(dead)
