"""What a contract agrees on beside its charges: discounts, minimum commitments, prepaid credits, as data."""

from decimal import Decimal
from typing import Literal

from plans.charges import Frozen

__all__ = ("Commitment", "CreditBlock", "Discount")


class Discount(Frozen, frozen=True):
    """Money off: of the charges named (a line discount), or of all of a bill (an invoice discount)."""

    key: str
    name: str
    percent: Decimal | None = None
    """Of what is left after the discounts before it; 12.5 means 12.5 %."""
    amounts: dict[str, Decimal] = {}  # noqa: RUF012 - msgspec copies defaults
    """By currency, for a full period, in place of a percentage; never takes off more than there is."""
    charges: tuple[str, ...] = ()
    """Keys of the charges; none: the whole bill of the plan (of an add-on: its own charges)."""
    periods: int | None = None
    """Only in the first periods (a charge's own, else the plan's) since the plan is held; None: always."""


class Commitment(Frozen, frozen=True):
    """The least that a period or a term comes to: what is missing is billed as a true-up at its end.

    What counts is billed use and fees after discounts, before credits and tax.
    """

    key: str
    name: str
    amounts: dict[str, Decimal]
    """By currency, for the full period or term; of a part of it the part is due."""
    months: int | None = None
    """Length of the term, reckoned from the subscription's anchor; None: each billing period."""
    charges: tuple[str, ...] = ()
    """Keys of the charges that count towards it; none: everything that is billed."""
    early_end: Literal["prorated", "due"] = "prorated"
    """What a subscription that ends inside a term owes of it: the part that ran, or all of it."""


class CreditBlock(Frozen, frozen=True):
    """Prepaid credits that come with the plan: bought in advance, or part of what it costs.

    They pay what is billed before tax, after discounts and commitments, up to what is left of them.
    """

    key: str
    name: str
    amounts: dict[str, Decimal]
    """By currency: how much can be paid with one block. One comes for each unit of the item held."""
    prices: dict[str, Decimal] = {}  # noqa: RUF012 - msgspec copies defaults
    """By currency: what one block costs; none: it comes with the plan."""
    months: int | None = None
    """A block every so many months, reckoned from the anchor; None: one, when the plan is first held."""
    expires_months: int | None = None
    """How long after its beginning it can pay for something; None: without end."""
    rollover_months: int | None = None
    """What is left when it expires can be used for so many months more; None: it lapses."""
    rollover_percent: Decimal = Decimal(100)
    """At most this part of a block rolls over."""
    priority: int = 100
    """The lower goes first; of equal ones what expires first, then the older."""
    charges: tuple[str, ...] = ()
    """Keys of the charges that it pays; with `meters` too: those and these. None of both: everything."""
    meters: tuple[str, ...] = ()
    """Meters whose charges it pays."""
    refundable: bool = False
    """What is not used up can be given back in money."""
