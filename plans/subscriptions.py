"""A subscription as a frozen value: who pays for whom, by which calendar, and which version held when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from uuid import UUID

from core.periods import Period, day_start, local_date, zone
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.periods import Schedule, Span, spans
from plans.states import State
from plans.terms import Discount

__all__ = (
    "BASE",
    "AgreedDiscount",
    "HeldCharge",
    "Holding",
    "Mode",
    "SubscriptionView",
    "charges_of",
    "held_charges",
)

BASE = "base"
"""The slot of the plan itself; an add-on's slot is its key."""

Mode = Literal["regular", "trial", "paused"]
"""How a plan is held: billed, tried out for nothing, or at rest (nothing is billed, nothing granted)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A plan version in force for `[starts_at, ends_at)` of a subscription."""

    slot: str
    plan_key: str
    plan_name: str
    version_id: UUID
    version_number: int
    document: PlanDocument
    quantity: int
    starts_at: datetime
    ends_at: datetime | None
    mode: Mode = "regular"
    """Of the base plan; it governs the add-ons too."""
    terms_id: UUID | None = None
    """The negotiated terms that `document` is; None: the published version's own."""

    @property
    def bills(self) -> bool:
        """Whether anything is billed while it is in force."""
        return self.mode == "regular"

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether it is in force at the instant."""
        return self.starts_at <= instant and (self.ends_at is None or instant < self.ends_at)

    def meets(self, other: "Holding") -> bool:
        """Tell whether there is an instant at which both are in force."""
        return self.holds_at(other.starts_at) or other.holds_at(self.starts_at)


@dataclass(frozen=True, slots=True)
class HeldCharge:
    """A charge of a version in force, under the key by which it is billed."""

    key: str
    charge: Charge
    holding: Holding


@dataclass(frozen=True, slots=True)
class AgreedDiscount:
    """A discount of this one contract, for instance by a coupon; it counts its periods from `starts_at`."""

    discount: Discount
    starts_at: datetime
    coupon: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription with all versions it ever held; `as_of` says at which instant the plan is told.

    Before the start the first plan is told, after the end the last.
    """

    id: UUID
    tenant_id: UUID
    key: str
    payer_tenant_id: UUID
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    anchor_on: date
    time_zone: str
    purchase_order: str
    status: State
    holdings: tuple[Holding, ...]
    """By slot and start."""
    as_of: datetime
    discounts: tuple[AgreedDiscount, ...] = ()
    """The contract's own, in the order in which they were agreed on."""
    renews_months: int | None = None
    """At its end it goes on for so many months, unless it was cancelled before."""
    notice_days: int = 1
    """So many local days before its end the renewal is settled."""

    def at(self, instant: datetime) -> "SubscriptionView":
        """Return the same subscription as it stood at another instant."""
        return replace(self, as_of=instant)

    @property
    def renews_at(self) -> datetime | None:
        """The instant at which its renewal is settled; None where it does not renew by itself."""
        if self.renews_months is None or self.ends_at is None:
            return None
        tz = self.schedule.tz
        return day_start(local_date(self.ends_at, tz) - timedelta(days=self.notice_days), tz)

    @property
    def interval_months(self) -> int:
        """The billing interval of the plan in force."""
        return self.document.interval_months

    @property
    def schedule(self) -> Schedule:
        """The calendar that cuts its periods: the contract's anchor, the interval of the plan in force."""
        return self.every(self.interval_months)

    def every(self, months: int) -> Schedule:
        """Return the calendar of its anchor and zone with any interval (a charge's own, a year)."""
        return Schedule(self.anchor_on, months, zone(self.time_zone))

    def full_at(self, instant: datetime) -> Period:
        """Return the full period that holds an instant, by the interval of the plan in force there."""
        return self.at(instant).schedule.at(instant)

    def held_since(self, holding: Holding) -> datetime:
        """Return since when the plan of a holding is held without a break, whatever its version or quantity.

        A trial does not count: what is due once, and the first periods of a discount, come after it.
        """
        same = self.unbroken(holding, lambda one, after: one.plan_key == after.plan_key and one.mode != "trial")
        return same[0].starts_at

    def unbroken(self, holding: Holding, goes_on: Callable[[Holding, Holding], bool]) -> tuple[Holding, ...]:
        """Return the versions around one in its slot, without a gap, each of which `goes_on` in the next.

        Args:
            holding: one of the contract's.
            goes_on: a version and the one after it → whether what is asked about goes on.
        """
        chain = [one for one in self.holdings if one.slot == holding.slot]
        first = last = next(place for place, one in enumerate(chain) if one.starts_at == holding.starts_at)
        joined = [one.ends_at == after.starts_at and goes_on(one, after) for one, after in pairwise(chain)]
        while first > 0 and joined[first - 1]:
            first -= 1
        while last < len(joined) and joined[last]:
            last += 1
        return tuple(chain[first : last + 1])

    def billed_around(self, instant: datetime) -> tuple[datetime, datetime | None]:
        """Return since when and until when the contract is billed by one interval without a break, or is not billed.

        None: no end. Trials, pauses and the interval are the base plan's; they govern the add-ons too.
        """
        chain = [holding for holding in self.holdings if holding.slot == BASE]
        ways = [(held.bills, held.document.interval_months) for held in chain]
        at = next((place for place, held in enumerate(chain) if held.holds_at(instant)), len(chain) - 1)
        first = last = at
        while first > 0 and ways[first - 1] == ways[at]:
            first -= 1
        while last + 1 < len(chain) and ways[last + 1] == ways[at]:
            last += 1
        return chain[first].starts_at, chain[last].ends_at

    def edges(self) -> tuple[datetime, ...]:
        """Return the instants at which a version begins or ends, in order: there a billing period does too."""
        found = {edge for held in self.holdings for edge in (held.starts_at, held.ends_at) if edge is not None}
        return tuple(sorted(found))

    def spans_until(self, until: datetime, since: datetime | None = None) -> Iterator[Span]:
        """Yield the billing periods that begin in `[since, until)` (by default since the start), in order.

        Args:
            until: not included.
            since: the start of one of its billing periods.
        """
        begins = self.starts_at if since is None else since
        yield from spans(self.full_at, begins, self.ends_at, until, self.edges())

    @property
    def base(self) -> Holding:
        """The plan in force."""
        chain = [holding for holding in self.holdings if holding.slot == BASE]
        if self.as_of < chain[0].starts_at:
            return chain[0]
        return next((holding for holding in chain if holding.holds_at(self.as_of)), chain[-1])

    @property
    def plan_key(self) -> str:
        """The key of the plan in force."""
        return self.base.plan_key

    @property
    def plan_name(self) -> str:
        """The name of the plan in force."""
        return self.base.plan_name

    @property
    def version_id(self) -> UUID:
        """The version in force."""
        return self.base.version_id

    @property
    def version_number(self) -> int:
        """The number of the version in force."""
        return self.base.version_number

    @property
    def document(self) -> PlanDocument:
        """The content of the version in force."""
        return self.base.document

    @property
    def addon_holdings(self) -> tuple[Holding, ...]:
        """The add-ons in force, by key; none outside the subscription's life."""
        return tuple(h for h in self.holdings if h.slot != BASE and h.holds_at(self.as_of))

    @property
    def addons(self) -> tuple[tuple[str, PlanDocument], ...]:
        """Key and content of the add-ons in force."""
        return tuple((holding.slot, holding.document) for holding in self.addon_holdings)


def held_charges(subscription: SubscriptionView) -> tuple[HeldCharge, ...]:
    """Return the charges in force at `as_of`: the plan's by their key, an add-on's as `add-on.key`."""
    held = [HeldCharge(charge.key, charge, subscription.base) for charge in subscription.document.charges]
    for holding in subscription.addon_holdings:
        held += [HeldCharge(f"{holding.slot}.{charge.key}", charge, holding) for charge in holding.document.charges]
    return tuple(held)


def charges_of(subscription: SubscriptionView) -> tuple[tuple[str, Charge], ...]:
    """Return key and charge of everything in force, in the order of a bill: plan first, then add-ons."""
    return tuple((held.key, held.charge) for held in held_charges(subscription))
