"""Write down a mail in the transaction of what it tells: it is sent after the commit, or never."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from tenants.mails.letters import is_address
from tenants.mails.models import Mail
from tenants.store import add

__all__ = ("TEST", "MailInput", "address_fault", "check_address", "put_mail", "put_test_mail")

TEST = "mail.test"
"""Sent on demand, to try the settings."""


@dataclass(frozen=True, slots=True)
class MailInput:
    """Which text with what in it, in whose language, and to whom: a person or an address, not both."""

    kind: str
    data: dict[str, Any]
    language: str
    person_id: UUID | None = None
    address: str = ""


def put_mail(session: Session, tenant_id: UUID, given: MailInput, now: datetime) -> UUID:
    """Write down a mail, and return its id."""
    mail_id = new_id()
    row = Mail(
        tenant_id=tenant_id, id=mail_id, kind=given.kind, data=given.data, language=given.language,
        person_id=given.person_id, address=given.address, at=now, status="due", attempts=0, due_at=now,
    )  # fmt: skip
    add(session, row)
    return mail_id


def put_test_mail(session: Session, tenant_id: UUID, address: str, language: str, now: datetime) -> UUID:
    """Send an address something to try the settings with.

    Raises:
        InvalidInput: it is no address (`invalid_input`).
    """
    check_address(address, "/to")
    return put_mail(session, tenant_id, MailInput(TEST, {}, language, address=address), now)


def check_address(address: str, pointer: str) -> None:
    """Refuse what is no e-mail address.

    Raises:
        InvalidInput: as said (`invalid_input`).
    """
    fault = address_fault(address, pointer)
    if fault:
        raise InvalidInput(fault)


def address_fault(address: str, pointer: str) -> InputError | None:
    """Return what is wrong with an e-mail address; None where it is one."""
    if is_address(address):
        return None
    detail = f"'{address[:80]}' is no e-mail address. Give one like finance@example.com, without a name."
    return InputError(pointer, "address_invalid", detail)
