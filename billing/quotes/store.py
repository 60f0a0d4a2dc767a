"""Writes and locks of quotes and limits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from billing.quotes.models import Quote, SellerLimit
from core.scope import VENDOR_ID

__all__ = ("add_quote", "lock_quotes", "next_version", "put_limit", "set_quote")

_LOCK = 31


def lock_quotes(session: Session, tenant_id: UUID) -> None:
    """Let nobody else make or decide quotes of this customer until the transaction ends."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": _LOCK, "name": str(tenant_id)}
    )


def next_version(session: Session, tenant_id: UUID, key: str) -> int:
    """Return the number of the next version of a quote."""
    last = session.execute(select(func.max(Quote.version)).where(Quote.tenant_id == tenant_id, Quote.key == key))
    return (last.scalar_one() or 0) + 1


def add_quote(session: Session, row: Mapping[str, Any]) -> None:
    """Append a version; its columns are those of `Quote`."""
    session.execute(insert(Quote).values(**row))


def set_quote(session: Session, tenant_id: UUID, quote_id: UUID, **values: Any) -> None:
    """Move a quote on."""
    session.execute(update(Quote).where(Quote.tenant_id == tenant_id, Quote.id == quote_id).values(**values))


def put_limit(session: Session, row: Mapping[str, Any]) -> None:
    """Set what a seller may grant."""
    made = upsert(SellerLimit).values(tenant_id=VENDOR_ID, **row)
    changed = {name: value for name, value in row.items() if name != "seller"}
    session.execute(made.on_conflict_do_update(index_elements=["tenant_id", "seller"], set_=changed))
