"""What the API takes and gives about contracts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from plans.changes import CancelWhen, Decision, When, running_span
from plans.documents import Feature, PlanDocument
from plans.entitlements import Entitlement
from plans.pricing import Step
from plans.rating import RatedCharge
from plans.rating.estimate import Foreseen, NextPeriod
from plans.schemas.parts import AwareDatetime, Key, Many, MoneyAnswer, Text, Way
from plans.states import State
from plans.subscriptions import BASE, AgreedDiscount, Holding, Mode, SubscriptionView
from plans.terms import Discount

__all__ = (
    "AddonBody",
    "CancelBody",
    "ChangeAnswer",
    "ChangeBody",
    "DiscountAnswer",
    "EntitlementAnswer",
    "EstimateLine",
    "PauseBody",
    "PhaseBody",
    "RedeemBody",
    "RenewBody",
    "SubscriptionAnswer",
    "SubscriptionBody",
    "SubscriptionPage",
    "WithdrawBody",
)


Months = Annotated[int, msgspec.Meta(ge=1, le=120)]


class AddonBody(msgspec.Struct, forbid_unknown_fields=True):
    """An add-on and how many of it."""

    key: Key
    quantity: Many = 1
    version: Many | None = None


class PhaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """A later stretch of a contract from a local day on; what is left out stays as before."""

    starts_on: date
    plan: Key | None = None
    version: Many | None = None
    quantity: Many | None = None
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""


class SubscriptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """A contract to begin; dates are the tenant's local days, `ends_on` is not included."""

    plan: Key
    key: Text = ""
    version: Many | None = None
    addons: list[AddonBody] = []
    currency: Key | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    anchor_on: date | None = None
    purchase_order: Text | None = None
    quantity: Many = 1
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""
    trial_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    phases: list[PhaseBody] = []
    discounts: list[Discount] = []
    renews_months: Months | None = None
    """At `ends_on` it goes on for so many months, and again, unless it was cancelled before."""
    notice_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 1
    """So many days before its end the renewal is settled: until then it can be cancelled at the term's end."""
    coupon: Key | None = None
    preview: bool = False


class ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """A change; what is left out stays. With `addons` all that there are to be are named."""

    plan: Key | None = None
    version: Many | None = None
    addons: list[AddonBody] | None = None
    quantity: Many | None = None
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""
    keep_later: bool = False
    """Change before what is agreed on for later, and leave that as it is."""
    when: When = "prorate_now"
    at: AwareDatetime | None = None
    preview: bool = False


class PauseBody(msgspec.Struct, forbid_unknown_fields=True):
    """A pause, or its end: meanwhile nothing is billed and nothing granted."""

    keep_later: bool = False
    when: When = "prorate_now"
    at: AwareDatetime | None = None
    preview: bool = False


class WithdrawBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which change does not come; none where there is only one."""

    at: AwareDatetime | None = None
    preview: bool = False


class RenewBody(msgspec.Struct, forbid_unknown_fields=True):
    """A later end (not included), or none."""

    ends_on: date | None = None
    preview: bool = False


class RedeemBody(msgspec.Struct, forbid_unknown_fields=True):
    """A coupon for a contract."""

    code: Key
    preview: bool = False


class DiscountAnswer(msgspec.Struct):
    """A discount of one contract; its periods count from `starts_at`."""

    discount: Discount
    starts_at: datetime
    coupon: str | None

    @classmethod
    def of(cls, agreed: AgreedDiscount) -> "DiscountAnswer":
        """Return the discount as JSON shows it."""
        return cls(agreed.discount, agreed.starts_at, agreed.coupon)


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """A cancellation: with the running period, at once, or at the end of the term, which then does not renew."""

    when: CancelWhen = "at_period_end"
    at: AwareDatetime | None = None
    reason: Text = ""
    preview: bool = False


class HeldAnswer(msgspec.Struct):
    """A version in force."""

    key: str
    name: str
    version: int
    quantity: int

    @classmethod
    def of(cls, holding: Holding) -> "HeldAnswer":
        """Return the holding as JSON shows it."""
        return cls(holding.plan_key, holding.plan_name, holding.version_number, holding.quantity)


class PhaseAnswer(msgspec.Struct):
    """A stretch in which the base plan is held in one way."""

    plan: HeldAnswer
    mode: Mode
    negotiated: bool
    """Its terms are this contract's own."""
    starts_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, holding: Holding) -> "PhaseAnswer":
        """Return the holding as JSON shows it."""
        negotiated = holding.terms_id is not None
        return cls(HeldAnswer.of(holding), holding.mode, negotiated, holding.starts_at, holding.ends_at)


class SpanAnswer(msgspec.Struct):
    """A stretch of time, the end not included."""

    starts_at: datetime
    ends_at: datetime


class EstimateLine(msgspec.Struct):
    """What a charge comes to in a piece of the running period, by the use so far."""

    charge: str
    name: str
    kind: str
    """`usage` in arrears, `advance` before; a difference to what was billed in advance has steps that say so."""
    period: SpanAnswer
    quantity: str
    amount: MoneyAnswer
    steps: list[Step]

    @classmethod
    def of(cls, rated: RatedCharge) -> "EstimateLine":
        """Return the charge as JSON shows it."""
        return cls(
            charge=rated.charge_key,
            name=rated.charge.name,
            kind=rated.kind,
            period=SpanAnswer(rated.period.starts_at, rated.period.ends_at),
            quantity=f"{rated.quantity:f}",
            amount=MoneyAnswer.of(rated.rated.amount),
            steps=list(rated.rated.steps),
        )


class SubscriptionAnswer(msgspec.Struct):
    """A contract as it stands; `period` is the billing period that runs."""

    id: UUID
    key: str
    status: str
    tenant_id: UUID
    payer_tenant_id: UUID
    plan: HeldAnswer
    addons: list[HeldAnswer]
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    renews_months: int | None
    """At its end it goes on for so many months, unless it was cancelled before."""
    notice_days: int
    anchor_on: date
    interval_months: int
    time_zone: str
    purchase_order: str
    period: SpanAnswer | None
    mode: Mode
    phases: list[PhaseAnswer]
    """The base plan from the start on, what is agreed on for later too."""
    discounts: list[DiscountAnswer]
    preview: bool = False
    estimate: list[EstimateLine] = []
    """With `preview`: the lines of the running (or first) period, by the use so far."""

    @classmethod
    def of(
        cls, view: SubscriptionView, *, preview: bool = False, estimate: Sequence[RatedCharge] = ()
    ) -> "SubscriptionAnswer":
        """Return the view as JSON shows it."""
        plain = (
            "id", "key", "tenant_id", "payer_tenant_id", "currency", "starts_at", "ends_at", "anchor_on",
            "interval_months", "time_zone", "purchase_order", "renews_months", "notice_days",
        )  # fmt: skip
        running = view.status in (State.ACTIVE, State.ENDING)
        period = running_span(view, (), view.as_of).period if running else None
        return cls(
            **{name: getattr(view, name) for name in plain},
            status=view.status.value,
            plan=HeldAnswer.of(view.base),
            addons=[HeldAnswer.of(holding) for holding in view.addon_holdings],
            period=SpanAnswer(period.starts_at, period.ends_at) if period else None,
            mode=view.base.mode,
            phases=[PhaseAnswer.of(holding) for holding in view.holdings if holding.slot == BASE],
            discounts=[DiscountAnswer.of(agreed) for agreed in view.discounts],
            preview=preview,
            estimate=[EstimateLine.of(rated) for rated in estimate],
        )


class SubscriptionPage(msgspec.Struct):
    """A tenant's contracts by start."""

    items: list[SubscriptionAnswer]
    next_cursor: str | None


class NextPeriodAnswer(msgspec.Struct):
    """The billing period after the running one, and what it will bill by the use so far."""

    starts_at: datetime
    ends_at: datetime
    lines: list[EstimateLine]

    @classmethod
    def of(cls, found: NextPeriod) -> "NextPeriodAnswer":
        """Return the period as JSON shows it."""
        period = found.span.period
        return cls(period.starts_at, period.ends_at, [EstimateLine.of(rated) for rated in found.lines])


class ChangeAnswer(msgspec.Struct):
    """What is different, or with `preview` would be.

    Of previews only: `estimate` is of the running period, `next_period` of the one after it; null where
    the contract is over by then.
    """

    preview: bool
    direction: Way
    """By the order of the family, never by comparing prices."""
    effective_at: datetime
    periods: list[SpanAnswer]
    subscription: SubscriptionAnswer
    estimate: list[EstimateLine]
    next_period: NextPeriodAnswer | None

    @classmethod
    def of(cls, decision: Decision, way: Way, foreseen: Foreseen, *, preview: bool) -> "ChangeAnswer":
        """Return the decision as JSON shows it; `foreseen` is for previews."""
        estimate, following = foreseen
        return cls(
            preview=preview,
            direction=way,
            effective_at=decision.effective_at,
            periods=[SpanAnswer(piece.period.starts_at, piece.period.ends_at) for piece in decision.pieces],
            subscription=SubscriptionAnswer.of(decision.after, preview=preview),
            estimate=[EstimateLine.of(rated) for rated in estimate],
            next_period=None if following is None else NextPeriodAnswer.of(following),
        )


class EntitlementAnswer(msgspec.Struct):
    """Granted, or the reason why not; limits and variants where there are any."""

    feature: str
    granted: bool
    reason: str | None
    detail: Feature | None
    used: str | None = None
    """Of a metered feature: what the running billing period used of `detail.limit`."""

    @classmethod
    def of(cls, entitlement: Entitlement) -> "EntitlementAnswer":
        """Return the entitlement as JSON shows it."""
        reason = entitlement.reason.value if entitlement.reason else None
        used = None if entitlement.used is None else f"{entitlement.used:f}"
        return cls(entitlement.feature, entitlement.granted, reason, entitlement.detail, used)
