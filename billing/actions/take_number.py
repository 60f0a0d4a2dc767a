"""Draw the next number of a series, without gaps and with dates that never go back."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.errors import IssueDateGoesBack
from billing.numbering import Numbered, series_of
from billing.store import lock_series, register_number
from tenants.reads import LegalEntityView, TenantView

__all__ = ("take_number",)


def take_number(
    session: Session, entity: LegalEntityView, document: tuple[TenantView, UUID], kind: str, issued_on: date
) -> str:
    """Take the next number for a document and return it as printed.

    The series stays locked until the transaction ends: whoever finalises next waits, and gets the
    number after, or this one if the transaction fails.

    Args:
        session: the transaction that issues the document, scoped to its payer.
        entity: who issues.
        document: payer and id.
        kind: `invoice` or `credit_note`.
        issued_on: the date of issue.

    Raises:
        IssueDateGoesBack: a document with a later date has a number (`issue_date_goes_back`).
    """
    payer, invoice_id = document
    series = series_of(entity.id, kind, issued_on, payer.test_clock_id)
    last_number, last_on, latest = lock_series(session, series)
    if latest is not None and issued_on < latest:
        raise IssueDateGoesBack(series.name, latest)
    numbered = Numbered(series, last_number + 1, issued_on)
    register_number(session, numbered, last_on, payer.id, invoice_id)
    return numbered.text(entity.number_prefix)
