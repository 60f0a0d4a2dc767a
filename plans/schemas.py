"""What the API takes and gives about what is sold and held."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from core.money import Money
from plans.changes import Decision, When, running_span
from plans.documents import Feature, PlanDocument
from plans.entitlements import Entitlement
from plans.pricing import CurvePoint, Step
from plans.rating import RatedCharge
from plans.reads import DraftView, PlanView, VersionView
from plans.states import State
from plans.subscriptions import Holding, SubscriptionView
from plans.validation import warnings_of

__all__ = (
    "CancelBody",
    "ChangeAnswer",
    "ChangeBody",
    "CurveAnswer",
    "DraftAnswer",
    "DraftBody",
    "EntitlementAnswer",
    "PlanAnswer",
    "PlanPage",
    "SubscriptionAnswer",
    "SubscriptionBody",
    "SubscriptionPage",
    "VersionAnswer",
    "VersionPage",
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
Way = Literal["upgrade", "downgrade", "same_tier", "same_plan", "end"]
Many = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class MoneyAnswer(msgspec.Struct):
    """An amount with exactly its currency's digits."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyAnswer":
        """Return the amount as JSON shows it."""
        return cls(money.text(), money.currency)


# --- Catalogue -----------------------------------------------------------------------------------


class VersionAnswer(msgspec.Struct):
    """A published version: what it says never changes."""

    plan: str
    number: int
    status: Literal["published", "retired"]
    document: PlanDocument
    content_sha256: str
    published_at: datetime
    retired_at: datetime | None

    @classmethod
    def of(cls, view: VersionView) -> "VersionAnswer":
        """Return the view as JSON shows it."""
        return cls(
            plan=view.plan_key,
            number=view.number,
            status="retired" if view.retired_at else "published",
            document=view.document,
            content_sha256=view.content_hash.hex(),
            published_at=view.published_at,
            retired_at=view.retired_at,
        )


class PlanAnswer(msgspec.Struct):
    """A plan or an add-on; `newest` is what new customers get, null where nothing of it is sold."""

    key: str
    name: str
    family: str
    kind: str
    rank: int
    newest: VersionAnswer | None

    @classmethod
    def of(cls, view: PlanView) -> "PlanAnswer":
        """Return the view as JSON shows it."""
        newest = VersionAnswer.of(view.newest) if view.newest else None
        return cls(view.key, view.name, view.family_key, view.kind, view.rank, newest)


class PlanPage(msgspec.Struct):
    """Plans from light to full, then add-ons."""

    items: list[PlanAnswer]
    next_cursor: str | None


class VersionPage(msgspec.Struct):
    """Versions of a plan, newest first."""

    items: list[VersionAnswer]
    next_cursor: str | None


class PlanBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a new plan is called and where it stands among its family."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    family: Key
    kind: Literal["base", "addon"] = "base"
    rank: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class DraftBody(msgspec.Struct, forbid_unknown_fields=True):
    """The next version of a plan; `plan` is needed only for a plan that does not exist yet."""

    document: PlanDocument
    plan: PlanBody | None = None


class FaultAnswer(msgspec.Struct):
    """Something about a draft, by JSON pointer into its document."""

    pointer: str
    code: str
    detail: str


class DraftAnswer(msgspec.Struct):
    """A draft with the number it will get; `warnings` do not keep it from being published."""

    plan: str
    number: int
    status: Literal["draft"]
    document: PlanDocument
    warnings: list[FaultAnswer]
    updated_at: datetime

    @classmethod
    def of(cls, view: DraftView) -> "DraftAnswer":
        """Return the view as JSON shows it."""
        warnings = [FaultAnswer(w.pointer, w.code, w.detail) for w in warnings_of(view.document)]
        return cls(view.plan_key, view.number, "draft", view.document, warnings, view.updated_at)


class CurvePointAnswer(msgspec.Struct):
    """What a quantity costs: in all, per unit, and the next unit."""

    quantity: str
    total: str
    average: str
    marginal: str


class CurveAnswer(msgspec.Struct):
    """The price curve of one charge, for a full period."""

    charge: str
    currency: str
    points: list[CurvePointAnswer]

    @classmethod
    def of(cls, charge: str, currency: str, points: Sequence[CurvePoint]) -> "CurveAnswer":
        """Return the curve as JSON shows it."""
        told = [
            CurvePointAnswer(f"{p.quantity:f}", p.total.text(), f"{p.average:f}", f"{p.marginal:f}") for p in points
        ]
        return cls(charge, currency, told)


# --- Subscriptions -------------------------------------------------------------------------------


class AddonBody(msgspec.Struct, forbid_unknown_fields=True):
    """An add-on and how many of it."""

    key: Key
    quantity: Many = 1
    version: Many | None = None


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
    preview: bool = False


class ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """A change; what is left out stays. With `addons` all that there are to be are named."""

    plan: Key | None = None
    version: Many | None = None
    addons: list[AddonBody] | None = None
    when: When = "prorate_now"
    at: AwareDatetime | None = None
    preview: bool = False


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """A cancellation, with the running period or at once."""

    when: When = "at_period_end"
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


class SpanAnswer(msgspec.Struct):
    """A stretch of time, the end not included."""

    starts_at: datetime
    ends_at: datetime


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
    anchor_on: date
    interval_months: int
    time_zone: str
    purchase_order: str
    period: SpanAnswer | None
    preview: bool = False

    @classmethod
    def of(cls, view: SubscriptionView, *, preview: bool = False) -> "SubscriptionAnswer":
        """Return the view as JSON shows it."""
        plain = (
            "id", "key", "tenant_id", "payer_tenant_id", "currency", "starts_at", "ends_at", "anchor_on",
            "interval_months", "time_zone", "purchase_order",
        )  # fmt: skip
        running = view.status in (State.ACTIVE, State.ENDING)
        period = running_span(view, (), view.as_of).period if running else None
        return cls(
            **{name: getattr(view, name) for name in plain},
            status=view.status.value,
            plan=HeldAnswer.of(view.base),
            addons=[HeldAnswer.of(holding) for holding in view.addon_holdings],
            period=SpanAnswer(period.starts_at, period.ends_at) if period else None,
            preview=preview,
        )


class SubscriptionPage(msgspec.Struct):
    """A tenant's contracts by start."""

    items: list[SubscriptionAnswer]
    next_cursor: str | None


class EstimateLine(msgspec.Struct):
    """What a charge comes to in a piece of the running period, by the use so far."""

    charge: str
    period: SpanAnswer
    quantity: str
    amount: MoneyAnswer
    steps: list[Step]

    @classmethod
    def of(cls, rated: RatedCharge) -> "EstimateLine":
        """Return the charge as JSON shows it."""
        return cls(
            charge=rated.charge_key,
            period=SpanAnswer(rated.period.starts_at, rated.period.ends_at),
            quantity=f"{rated.quantity:f}",
            amount=MoneyAnswer.of(rated.rated.amount),
            steps=list(rated.rated.steps),
        )


class ChangeAnswer(msgspec.Struct):
    """What is different, or with `preview` would be. `estimate` is of the running period, previews only."""

    preview: bool
    direction: Way
    """By the order of the family, never by comparing prices."""
    effective_at: datetime
    periods: list[SpanAnswer]
    subscription: SubscriptionAnswer
    estimate: list[EstimateLine]

    @classmethod
    def of(cls, decision: Decision, way: Way, estimate: Sequence[RatedCharge], *, preview: bool) -> "ChangeAnswer":
        """Return the decision as JSON shows it."""
        return cls(
            preview=preview,
            direction=way,
            effective_at=decision.effective_at,
            periods=[SpanAnswer(piece.period.starts_at, piece.period.ends_at) for piece in decision.pieces],
            subscription=SubscriptionAnswer.of(decision.after, preview=preview),
            estimate=[EstimateLine.of(rated) for rated in estimate],
        )


class EntitlementAnswer(msgspec.Struct):
    """Granted, or the reason why not; limits and variants where there are any."""

    feature: str
    granted: bool
    reason: str | None
    detail: Feature | None

    @classmethod
    def of(cls, entitlement: Entitlement) -> "EntitlementAnswer":
        """Return the entitlement as JSON shows it."""
        reason = entitlement.reason.value if entitlement.reason else None
        return cls(entitlement.feature, entitlement.granted, reason, entitlement.detail)
