"""Writes and locks about what is sold and held."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.scope import VENDOR_ID
from plans.models import (
    BillingPeriod,
    Coupon,
    Plan,
    PlanDraft,
    PlanFamily,
    PlanMove,
    PlanMoveItem,
    PlanVersion,
    Subscription,
    SubscriptionDiscount,
    SubscriptionItem,
    SubscriptionTerms,
)
from plans.periods import Span
from plans.subscriptions import Holding

__all__ = (
    "add_coupon",
    "add_discount",
    "add_family",
    "add_holdings",
    "add_move",
    "add_plan",
    "add_spans",
    "add_subscription",
    "add_terms",
    "add_version",
    "close_span",
    "delete_draft",
    "drop_holding",
    "end_holding",
    "end_move",
    "end_span",
    "end_subscription",
    "lock_contracts",
    "lock_plan",
    "lock_subscription",
    "put_draft",
    "retire",
    "set_coupon_end",
    "set_move_item",
    "set_rank",
    "take_coupon",
    "trim_spans",
)

Row = dict[str, Any]


def add_family(session: Session, row: Row) -> bool:
    """Add a plan family; False where there is one of that key."""
    added = session.execute(upsert(PlanFamily).values(row).on_conflict_do_nothing().returning(PlanFamily.key))
    return added.scalar_one_or_none() is not None


def add_plan(session: Session, row: Row) -> None:
    """Add a plan unless it is there."""
    session.execute(upsert(Plan).values(row).on_conflict_do_nothing())


def set_rank(session: Session, plan_key: str, rank: int) -> None:
    """Set a plan's tier in its family; the steward's."""
    session.execute(update(Plan).where(Plan.key == plan_key, Plan.rank != rank).values(rank=rank))


def lock_plan(session: Session, plan_key: str) -> None:
    """Wait for whoever publishes this plan, until the end of the transaction.

    By an advisory lock, because the serving role may not update plans and so cannot lock their rows.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 3))"), {"key": plan_key})


def add_version(session: Session, row: Row) -> None:
    """Add a published version."""
    session.execute(insert(PlanVersion).values(row))


def retire(session: Session, version_id: UUID, now: datetime) -> None:
    """Stop selling a version; done once."""
    session.execute(
        update(PlanVersion).where(PlanVersion.id == version_id, PlanVersion.retired_at.is_(None)).values(retired_at=now)
    )


def put_draft(session: Session, row: Row) -> None:
    """Save or replace a plan's draft."""
    row = row | {"tenant_id": VENDOR_ID}
    changed = {name: value for name, value in row.items() if name not in ("tenant_id", "plan_key")}
    session.execute(
        upsert(PlanDraft).values(row).on_conflict_do_update(index_elements=["tenant_id", "plan_key"], set_=changed)
    )


def delete_draft(session: Session, plan_key: str) -> None:
    """Drop a plan's draft."""
    session.execute(delete(PlanDraft).where(PlanDraft.tenant_id == VENDOR_ID, PlanDraft.plan_key == plan_key))


def add_move(session: Session, row: Row, items: Iterable[Row]) -> None:
    """Add a move and the contracts that it concerns."""
    session.execute(insert(PlanMove).values(tenant_id=VENDOR_ID, **row))
    session.execute(insert(PlanMoveItem), [{"tenant_id": VENDOR_ID, "move_id": row["id"], **item} for item in items])


def set_move_item(session: Session, move_id: UUID, subscription_id: UUID, **values: Any) -> None:
    """Note what became of a contract; noted once."""
    session.execute(
        update(PlanMoveItem)
        .where(
            PlanMoveItem.tenant_id == VENDOR_ID,
            PlanMoveItem.move_id == move_id,
            PlanMoveItem.subscription_id == subscription_id,
            PlanMoveItem.status == "waiting",
        )
        .values(**values)
    )


def end_move(session: Session, move_id: UUID, status: str, now: datetime) -> None:
    """End a move that runs."""
    session.execute(
        update(PlanMove)
        .where(PlanMove.tenant_id == VENDOR_ID, PlanMove.id == move_id, PlanMove.status == "running")
        .values(status=status, finished_at=now)
    )


def add_subscription(session: Session, row: Row) -> bool:
    """Add a subscription; False where its key is taken (waiting for whoever is about to take it)."""
    added = session.execute(
        upsert(Subscription)
        .values(row)
        .on_conflict_do_nothing(index_elements=["tenant_id", "key"])
        .returning(Subscription.id)
    )
    return added.scalar_one_or_none() is not None


def lock_contracts(session: Session, tenant_id: UUID) -> None:
    """Wait for whoever begins a contract for this tenant, until the end of the transaction; no row stands for all."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 8))"), {"key": str(tenant_id)})


def lock_subscription(session: Session, tenant_id: UUID, subscription_id: UUID) -> None:
    """Wait for whoever changes this subscription, until the end of the transaction."""
    session.execute(
        select(Subscription.id)
        .where(Subscription.tenant_id == tenant_id, Subscription.id == subscription_id)
        .with_for_update()
    )


def end_subscription(
    session: Session, tenant_id: UUID, subscription_id: UUID, ends_at: datetime | None, renews_months: int | None = None
) -> None:
    """Set the end of a subscription (None: it has none any more), and how long it then goes on by itself."""
    session.execute(
        update(Subscription)
        .where(Subscription.tenant_id == tenant_id, Subscription.id == subscription_id)
        .values(ends_at=ends_at, renews_months=renews_months)
    )


def add_terms(session: Session, rows: Iterable[Row]) -> None:
    """Add negotiated terms."""
    listed = list(rows)
    if listed:
        session.execute(insert(SubscriptionTerms), listed)


def add_discount(session: Session, row: Row) -> bool:
    """Add a discount of a contract; False where the contract has one of that key, or the customer used the coupon."""
    added = session.execute(
        upsert(SubscriptionDiscount).values(row).on_conflict_do_nothing().returning(SubscriptionDiscount.key)
    )
    return added.scalar_one_or_none() is not None


def add_coupon(session: Session, row: Row) -> bool:
    """Add a coupon; False where the code is taken."""
    added = session.execute(upsert(Coupon).values(row).on_conflict_do_nothing().returning(Coupon.code))
    return added.scalar_one_or_none() is not None


def set_coupon_end(session: Session, code: str, ends_at: datetime) -> None:
    """Set until when a coupon is redeemed, not included; the steward's."""
    session.execute(update(Coupon).where(Coupon.code == code).values(valid_until=ends_at))


def take_coupon(session: Session, code: str) -> bool:
    """Count one more redemption, waiting for whoever counts one; False where the limit is reached."""
    taken = session.execute(
        update(Coupon)
        .where(Coupon.code == code, or_(Coupon.max_redemptions.is_(None), Coupon.redeemed < Coupon.max_redemptions))
        .values(redeemed=Coupon.redeemed + 1)
        .returning(Coupon.code)
    )
    return taken.scalar_one_or_none() is not None


def add_holdings(
    session: Session, tenant_id: UUID, subscription_id: UUID, holdings: Iterable[tuple[Holding, datetime | None]]
) -> None:
    """Add versions in force, each with the end of the one before it in its slot (None for the first)."""
    session.execute(
        insert(SubscriptionItem),
        [
            {
                "tenant_id": tenant_id,
                "subscription_id": subscription_id,
                "slot": holding.slot,
                "starts_at": holding.starts_at,
                "ends_at": holding.ends_at,
                "prev_ends_at": prev_ends_at,
                "version_id": holding.version_id,
                "quantity": holding.quantity,
                "mode": holding.mode,
                "terms_id": holding.terms_id,
            }
            for holding, prev_ends_at in holdings
        ],
    )


def end_holding(
    session: Session, tenant_id: UUID, subscription_id: UUID, holding: Holding, ends_at: datetime | None
) -> None:
    """Set the end of a version in force; None: it has none any more."""
    session.execute(
        update(SubscriptionItem)
        .where(
            SubscriptionItem.tenant_id == tenant_id,
            SubscriptionItem.subscription_id == subscription_id,
            SubscriptionItem.slot == holding.slot,
            SubscriptionItem.starts_at == holding.starts_at,
        )
        .values(ends_at=ends_at)
    )


def drop_holding(session: Session, tenant_id: UUID, subscription_id: UUID, holding: Holding) -> None:
    """Drop a version that was to be held later and never will be."""
    session.execute(
        delete(SubscriptionItem).where(
            SubscriptionItem.tenant_id == tenant_id,
            SubscriptionItem.subscription_id == subscription_id,
            SubscriptionItem.slot == holding.slot,
            SubscriptionItem.starts_at == holding.starts_at,
        )
    )


def add_spans(session: Session, tenant_id: UUID, subscription_id: UUID, spans: Iterable[Span], *, head: bool) -> None:
    """Add billing periods in order; `head` says that the first of them is the subscription's first.

    Two workers may open the same period at once: the second changes nothing.
    """
    rows = [
        {
            "tenant_id": tenant_id,
            "subscription_id": subscription_id,
            "starts_at": span.period.starts_at,
            "ends_at": span.period.ends_at,
            "prev_ends_at": None if head and place == 0 else span.period.starts_at,
            "full_starts_at": span.full.starts_at,
            "full_ends_at": span.full.ends_at,
        }
        for place, span in enumerate(spans)
    ]
    if rows:
        session.execute(upsert(BillingPeriod).on_conflict_do_nothing(), rows)


def end_span(session: Session, tenant_id: UUID, subscription_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    """Cut a billing period short; what follows must be added in the same transaction."""
    session.execute(_span(update(BillingPeriod), tenant_id, subscription_id, starts_at).values(ends_at=ends_at))


def trim_spans(session: Session, tenant_id: UUID, subscription_id: UUID, ends_at: datetime) -> None:
    """Drop billing periods that were opened at or after the new end and never billed."""
    session.execute(
        delete(BillingPeriod).where(
            BillingPeriod.tenant_id == tenant_id,
            BillingPeriod.subscription_id == subscription_id,
            BillingPeriod.starts_at >= ends_at,
            BillingPeriod.closed_at.is_(None),
        )
    )


def close_span(session: Session, tenant_id: UUID, subscription_id: UUID, starts_at: datetime, now: datetime) -> None:
    """Note that a billing period is on an invoice; noted once."""
    session.execute(
        _span(update(BillingPeriod), tenant_id, subscription_id, starts_at)
        .where(BillingPeriod.closed_at.is_(None))
        .values(closed_at=now)
    )


def _span(statement: Any, tenant_id: UUID, subscription_id: UUID, starts_at: datetime) -> Any:
    return statement.where(
        BillingPeriod.tenant_id == tenant_id,
        BillingPeriod.subscription_id == subscription_id,
        BillingPeriod.starts_at == starts_at,
    )
