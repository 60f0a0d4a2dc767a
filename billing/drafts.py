"""What a draft holds: everything that will be issued, as one immutable value with a JSON form (pure)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

import msgspec

from billing.late import CentreShares
from billing.totals import TaxableLine, Totals, invoice_totals
from core.money import Money

__all__ = ("Claim", "Draft", "DraftLine", "EvidenceRef", "centres_from_json", "centres_json", "draft_totals")

Timing = Literal["arrears", "advance"]
LineKind = Literal["usage", "advance", "refund", "late", "credit"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A period of a subscription that this document bills, and nobody else."""

    consumer_tenant_id: UUID
    subscription_id: UUID
    timing: Timing
    starts_at: datetime
    ends_at: datetime


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line to be: rated, described and taxed. Amounts carry their sign; a credit note turns it."""

    kind: LineKind
    consumer_tenant_id: UUID
    consumer_name: str
    subscription_id: UUID
    charge_key: str
    description: str
    meter: str | None
    period_starts_at: datetime
    period_ends_at: datetime
    time_zone: str
    revision: int
    """Which row of the (subscription, charge, period) the rated line will be."""
    quantity: Decimal
    unit: str
    amount_minor: int
    tax_category: str
    tax_percent: Decimal
    tax_note: str
    purchase_order: str
    steps: tuple[dict[str, Any], ...]
    cost_centres: tuple[tuple[str | None, str], ...]
    rated_line_id: UUID | None = None
    """Set on credits: the line that is credited was rated before."""
    credits_position: int | None = None
    measured_at: datetime | None = None


class EvidenceRef(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer's evidence file by its hash."""

    consumer_tenant_id: UUID
    count: int
    sha256: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A document before it is issued."""

    currency: str
    claims: tuple[Claim, ...]
    lines: tuple[DraftLine, ...]
    evidence: tuple[EvidenceRef, ...]
    measured_at: datetime
    """The ingest cut-off: facts accepted later are not in it."""
    tax_minor: tuple[tuple[str, Decimal, int], ...] | None = None
    """Set on credits: tax per category and rate as a difference; else it is reckoned from the lines."""


def draft_totals(draft: Draft) -> Totals:
    """Return the sums of the draft with their signs; below zero it will be a credit note."""
    totals = invoice_totals(
        (
            TaxableLine(Money(line.amount_minor, draft.currency), line.tax_category, line.tax_percent)
            for line in draft.lines
        ),
        draft.currency,
    )
    return totals if draft.tax_minor is None else _with_tax(totals, draft.tax_minor)


def centres_json(centres: CentreShares) -> tuple[tuple[str | None, str], ...]:
    """Return shares as pairs of code and exact fraction, for JSON.

    >>> centres_json((("4711", Fraction(1, 3)), (None, Fraction(2))))
    (('4711', '1/3'), (None, '2'))
    """
    return tuple((code, str(share)) for code, share in centres)


def centres_from_json(pairs: Iterable[Any]) -> CentreShares:
    """Return the shares that `centres_json` wrote."""
    return tuple((code, Fraction(share)) for code, share in pairs)


def _with_tax(totals: Totals, given: tuple[tuple[str, Decimal, int], ...]) -> Totals:
    amounts = {(category, percent): minor for category, percent, minor in given}
    currency = totals.net.currency
    groups = tuple(
        replace(group, tax=Money(amounts[group.category, group.percent], currency)) for group in totals.groups
    )
    tax = sum((group.tax for group in groups), Money(0, currency))
    return Totals(totals.net, tax, totals.net + tax, groups)
