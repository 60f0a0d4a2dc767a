"""What the API takes and gives about the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from core.money import Money
from plans.changes import When
from plans.differences import Difference
from plans.documents import PlanDocument
from plans.pricing import CurvePoint
from plans.reads import CouponView, DraftView, PlanView, VersionView
from plans.reads.moves import MoveItemView, MoveView
from plans.schemas.parts import AwareDatetime, Key, Many, MoneyAnswer
from plans.terms import Discount
from plans.validation import warnings_of

__all__ = (
    "CouponAnswer",
    "CouponBody",
    "CouponPage",
    "CurveAnswer",
    "DiffAnswer",
    "DraftAnswer",
    "DraftBody",
    "FamilyAnswer",
    "FamilyBody",
    "FamilyPage",
    "FamilyTiersBody",
    "FaultAnswer",
    "MoveAnswer",
    "MoveBody",
    "PlanAnswer",
    "PlanBody",
    "PlanPage",
    "VersionAnswer",
    "VersionPage",
)


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


class FamilyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A family to be created."""

    key: Key
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FamilyTiersBody(msgspec.Struct, forbid_unknown_fields=True):
    """All plans of a family by key, from light to full; alternatives share a tier."""

    tiers: Annotated[list[list[Key]], msgspec.Meta(max_length=200)]


class FamilyAnswer(msgspec.Struct):
    """Plans that are ordered from light to full by their rank."""

    key: str
    name: str


class FamilyPage(msgspec.Struct):
    """Families by key."""

    items: list[FamilyAnswer]
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


class DifferenceAnswer(msgspec.Struct):
    """One thing that differs, by JSON pointer; null on one side: it is only on the other."""

    pointer: str
    sentence: str
    before: Any
    after: Any


class DiffAnswer(msgspec.Struct):
    """What changes from one version of a plan to another; nothing where both bill alike."""

    plan: str
    before: str
    after: str
    differences: list[DifferenceAnswer]

    @classmethod
    def of(cls, plan: str, before: str, after: str, found: Sequence[Difference]) -> "DiffAnswer":
        """Return the differences as JSON shows them."""
        told = [DifferenceAnswer(one.pointer, one.sentence, one.before, one.after) for one in found]
        return cls(plan, before, after, told)


class MoveBody(msgspec.Struct, forbid_unknown_fields=True, rename={"from_number": "from", "to_number": "to"}):
    """Move the customers of one version of the plan to another, of the same plan or not, or preview that."""

    from_number: Many
    to_number: Many
    when: When = "at_period_end"
    preview: bool = False
    to_plan: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Left out: the same plan. An add-on is moved to an add-on."""


class MoveItemAnswer(msgspec.Struct):
    """One contract: what its running period bills now and would bill, by the use so far; or why not."""

    tenant_id: UUID
    subscription_id: UUID
    status: str
    code: str
    detail: str
    effective_at: datetime | None
    before: MoneyAnswer | None
    after: MoneyAnswer | None

    @classmethod
    def of(cls, view: MoveItemView) -> "MoveItemAnswer":
        """Return the view as JSON shows it."""

        def money(minor: int | None) -> MoneyAnswer | None:
            return None if minor is None else MoneyAnswer.of(Money(minor, view.currency))

        return cls(
            view.customer_id, view.subscription_id, view.status, view.code, view.detail, view.effective_at,
            money(view.before_minor), money(view.after_minor),
        )  # fmt: skip


class MoveAnswer(msgspec.Struct, rename={"from_number": "from", "to_number": "to"}):
    """A move and how far it is."""

    id: UUID
    plan: str
    from_number: int
    to_plan: str
    to_number: int
    when: When
    preview: bool
    status: str
    total: int
    done: int
    counts: dict[str, int]
    created_at: datetime
    finished_at: datetime | None
    items: list[MoveItemAnswer]
    next_cursor: str | None

    @classmethod
    def of(cls, view: MoveView, items: Sequence[MoveItemView] = (), next_cursor: str | None = None) -> "MoveAnswer":
        """Return the view as JSON shows it."""
        total = sum(view.counts.values())
        done = total - view.counts.get("waiting", 0)
        return cls(
            view.id, view.plan_key, view.from_number, view.to_plan_key, view.to_number, view.when, view.preview,
            view.status, total, done, view.counts, view.created_at, view.finished_at,
            [MoveItemAnswer.of(item) for item in items], next_cursor,
        )  # fmt: skip


class CouponBody(msgspec.Struct, forbid_unknown_fields=True):
    """A coupon: its code, what it brings, for which plans (none: all), how often and until when."""

    code: Key
    discount: Discount
    plans: list[Key] = []
    max_redemptions: Many | None = None
    valid_until: AwareDatetime | None = None


class CouponAnswer(msgspec.Struct):
    """A coupon as it stands."""

    code: str
    discount: Discount
    plans: list[str]
    max_redemptions: int | None
    redeemed: int
    valid_until: datetime | None

    @classmethod
    def of(cls, view: CouponView) -> "CouponAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.code, view.discount, list(view.plan_keys), view.max_redemptions, view.redeemed, view.valid_until
        )


class CouponPage(msgspec.Struct):
    """Coupons by code."""

    items: list[CouponAnswer]
    next_cursor: str | None = None
