"""Movements of money as transfers: one row each, so that no half entry can exist.

A transfer debits one account and credits another with one positive amount. Whatever rows there
are, debits equal credits, in the document's currency and in the legal entity's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.money import Money, exponent, to_money

__all__ = (
    "CREDITS_DEFERRED",
    "Account",
    "Conversion",
    "Movement",
    "convert",
    "credits_earned",
    "credits_sold",
    "issue_movements",
    "recognise",
    "reverse",
    "trial_balance",
)


CREDITS_DEFERRED = "credits_deferred"


class Account(StrEnum):
    """The accounts; each legal entity maps them to codes of its own."""

    RECEIVABLE = "receivable"
    """What customers owe for issued documents."""
    UNBILLED_RECEIVABLE = "unbilled_receivable"
    """What was delivered and not yet invoiced."""
    REVENUE = "revenue"
    """Earned."""
    DEFERRED_REVENUE = "deferred_revenue"
    """Invoiced in advance and not yet earned."""
    TAX = "tax"
    """Owed to the tax office."""
    CREDIT_BALANCE = "credit_balance"
    """What a customer may still use up."""
    CASH = "cash"
    """Received."""
    REFUNDS_PAYABLE = "refunds_payable"
    """Owed back to customers."""
    EXCHANGE_DIFFERENCE = "exchange_difference"
    """Gains and losses by exchange rates."""
    ROUNDING = "rounding"
    """What payment schemes round away."""
    WRITE_OFF = "write_off"
    """Given up."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a document's currency becomes the legal entity's: units of base currency for one unit."""

    base_currency: str
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer to be posted.

    Raises:
        ValueError: the amount is not positive, or both accounts are the same.
    """

    debit: Account
    credit: Account
    amount: Money
    kind: str
    """`net`, `net_in_advance`, `tax`, `recognise`, `credits_sold`, `credits_drawn`, `credits_deferred`,
    `credits_lapsed`, or the same with `void_` before it."""

    def __post_init__(self) -> None:
        if self.amount.amount_minor <= 0:
            raise ValueError("a transfer moves a positive amount")
        if self.debit == self.credit:
            raise ValueError("a transfer needs two accounts")


def convert(amount: Money, conversion: Conversion) -> Money:
    """Return the amount in base currency, rounded once half away from zero.

    >>> convert(Money(1000, "JPY"), Conversion("EUR", Decimal("0.0061"), "ECB"))
    Money(amount_minor=610, currency='EUR')
    """
    major = Fraction(amount.amount_minor, 10 ** exponent(amount.currency))
    return to_money(major * Fraction(conversion.rate), conversion.base_currency)


def issue_movements(net: Money, net_in_advance: Money, tax: Money) -> tuple[Movement, ...]:
    """Return the transfers of a document that is issued.

    Args:
        net: net amount of what was delivered; negative on a credit note, whose transfers run back.
        net_in_advance: net amount of what is paid in advance, less what credits pay of it; not part of `net`.
        tax: tax on both.
    """
    wanted = (
        (Account.REVENUE, net, "net"),
        (Account.DEFERRED_REVENUE, net_in_advance, "net_in_advance"),
        (Account.TAX, tax, "tax"),
    )
    return tuple(
        _signed(Account.RECEIVABLE, account, amount, kind) for account, amount, kind in wanted if amount.amount_minor
    )


def recognise(amount: Money) -> tuple[Movement, ...]:
    """Return the transfer by which an advance that has run its course is earned."""
    if not amount.amount_minor:
        return ()
    return (_signed(Account.DEFERRED_REVENUE, Account.REVENUE, amount, "recognise"),)


def credits_sold(amount: Money) -> tuple[Movement, ...]:
    """Return the transfer of prepaid credits that are sold; below zero, of what is given back of their price."""
    return (_signed(Account.RECEIVABLE, Account.CREDIT_BALANCE, amount, "credits_sold"),) if amount.amount_minor else ()


def credits_earned(amount: Money, kind: str) -> tuple[Movement, ...]:
    """Return the transfer by which paid credits become revenue, used (`credits_drawn`) or not (`credits_lapsed`).

    What pays a fee in advance is deferred with that fee (`credits_deferred`) and becomes revenue with it. Below zero
    it runs back: a document that used them was given back.
    """
    account = Account.DEFERRED_REVENUE if kind == CREDITS_DEFERRED else Account.REVENUE
    return (_signed(Account.CREDIT_BALANCE, account, amount, kind),) if amount.amount_minor else ()


def reverse(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """Return the transfers that undo these: the same amounts the other way round.

    >>> reverse(issue_movements(Money(100, "EUR"), Money(0, "EUR"), Money(0, "EUR")))[0].debit
    <Account.REVENUE: 'revenue'>
    """
    return tuple(Movement(m.credit, m.debit, m.amount, f"void_{m.kind}") for m in movements)


def trial_balance(movements: Iterable[Movement]) -> dict[tuple[Account, str], int]:
    """Return debits less credits per account and currency, in minor units; each currency sums to 0."""
    balance: dict[tuple[Account, str], int] = {}
    for movement in movements:
        for account, sign in ((movement.debit, 1), (movement.credit, -1)):
            key = (account, movement.amount.currency)
            balance[key] = balance.get(key, 0) + sign * movement.amount.amount_minor
    return balance


def _signed(debit: Account, credit: Account, amount: Money, kind: str) -> Movement:
    if amount.amount_minor < 0:
        return Movement(credit, debit, -amount, kind)
    return Movement(debit, credit, amount, kind)
