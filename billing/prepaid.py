"""Prepaid credits: which block pays how much of which line, and what of its price is earned by that (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec

from core.money import round_half_away
from core.periods import add_months, day_start, local_date, zone

__all__ = ("Balance", "BlockTerms", "Draw", "Lapse", "Payable", "StillPaid", "draws", "earned", "lapse", "months_after")


class BlockTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a line that sells credits brings once its document is issued."""

    name: str
    amount_minor: int
    starts_at: datetime
    expires_at: datetime | None
    time_zone: str
    origin: str = "purchase"
    priority: int = 100
    subscription_id: UUID | None = None
    charges: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    refundable: bool = False
    rollover_months: int | None = None
    rollover_percent: Decimal = Decimal(100)

    def balance(self, grant_id: UUID) -> "Balance":
        """Return the block as it stands when it is new."""
        return Balance(
            grant_id,
            self.name,
            self.amount_minor,
            self.priority,
            self.starts_at,
            self.expires_at,
            self.subscription_id,
            frozenset(self.charges),
            frozenset(self.meters),
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of a block, and what it may pay."""

    id: UUID
    name: str
    remaining_minor: int
    priority: int
    starts_at: datetime
    expires_at: datetime | None
    subscription_id: UUID | None = None
    charges: frozenset[str] = frozenset()
    meters: frozenset[str] = frozenset()

    def pays(self, line: "Payable") -> bool:
        """Tell whether it may pay a line: of its contract and charges, for something in its time."""
        if not self.starts_at <= line.moment or (self.expires_at is not None and self.expires_at <= line.moment):
            return False
        if self.subscription_id not in (None, line.subscription_id):
            return False
        free = not self.charges and not self.meters
        return free or line.charge_key in self.charges or line.meter in self.meters


@dataclass(frozen=True, slots=True)
class Payable:
    """A line of a document as credits see it."""

    position: int
    subscription_id: UUID | None
    charge_key: str
    meter: str | None
    moment: datetime
    """When it was supplied: the last instant of what is billed in arrears, the first of what is in advance."""
    amount_minor: int
    group: tuple[str, Decimal]
    """Tax category and rate: credits never bring one below 0."""


@dataclass(frozen=True, slots=True)
class Draw:
    """So much of a block pays so much of a line."""

    position: int
    balance: Balance
    amount_minor: int


@dataclass(frozen=True, slots=True)
class StillPaid:
    """So much of a line that was billed before is paid by a block, less what was given back of it since."""

    key: tuple[UUID | None, str, datetime]
    """Subscription, charge, and start of the period: what corrects the line has the same."""
    rated_line_id: UUID
    grant_id: UUID
    amount_minor: int


def draws(lines: Sequence[Payable], balances: Iterable[Balance]) -> tuple[Draw, ...]:
    """Return what blocks pay of a document: by priority, then what expires first, then the older one.

    Lines below zero (discounts, refunds, late ones) lower what there is to pay, of their rate group
    and of the whole: credits never make a document or a group negative.

    Args:
        lines: all of the document but those that sell credits.
        balances: the payer's blocks, in any order.
    """
    left = {line.position: max(0, line.amount_minor) for line in lines}
    groups: dict[tuple[str, Decimal], int] = {}
    for line in lines:
        groups[line.group] = groups.get(line.group, 0) + line.amount_minor
    whole = sum(groups.values())
    made = []
    for balance in sorted(balances, key=_first):
        rest = balance.remaining_minor
        for line in lines:
            amount = min(rest, left[line.position], groups[line.group], whole)
            if amount <= 0 or not balance.pays(line):
                continue
            made.append(Draw(line.position, balance, amount))
            rest, whole = rest - amount, whole - amount
            left[line.position] -= amount
            groups[line.group] -= amount
    return tuple(made)


def earned(deferred_minor: int, amount_minor: int, remaining_minor: int) -> int:
    """Return what of a block's price is earned when `amount` of what remains is used; all of it with the last.

    1,000 of credits for 900: 500 used earn 450, the other 500 the other 450.

    >>> earned(90000, 50000, 100000), earned(45000, 50000, 50000), earned(1, 1, 3)
    (45000, 45000, 0)
    """
    if amount_minor == remaining_minor:
        return deferred_minor
    return round_half_away(Fraction(deferred_minor * amount_minor, remaining_minor))


@dataclass(frozen=True, slots=True)
class Lapse:
    """What becomes of a block that expires."""

    lapsed_minor: int
    rolled_minor: int
    breakage_minor: int
    """What of the price is earned because it was never used."""


def lapse(
    amount_minor: int, remaining_minor: int, deferred_minor: int, rolls: Decimal | None, rolled_minor: int = 0
) -> Lapse:
    """Return how much of a block lapses and how much rolls over: at most `rolls` per cent of the whole block.

    What comes back to a block after it expired rolls over as far as what rolled before leaves room.

    >>> lapse(100000, 40000, 36000, Decimal(25))
    Lapse(lapsed_minor=15000, rolled_minor=25000, breakage_minor=13500)
    >>> lapse(100000, 12600, 12600, Decimal(25), rolled_minor=20000)
    Lapse(lapsed_minor=7600, rolled_minor=5000, breakage_minor=7600)
    """
    most = 0 if rolls is None else max(0, round_half_away(Fraction(rolls) * amount_minor / 100) - rolled_minor)
    rolled = min(remaining_minor, most)
    lapsed = remaining_minor - rolled
    return Lapse(lapsed, rolled, earned(deferred_minor, lapsed, remaining_minor) if lapsed else 0)


def months_after(instant: datetime, months: int | None, time_zone: str) -> datetime | None:
    """Return the beginning of the local day so many months later; None for no end."""
    if months is None:
        return None
    tz = zone(time_zone)
    return day_start(add_months(local_date(instant, tz), months), tz)


def _first(balance: Balance) -> tuple[int, bool, datetime, datetime, UUID]:
    expires_at = balance.expires_at
    return balance.priority, expires_at is None, expires_at or balance.starts_at, balance.starts_at, balance.id
