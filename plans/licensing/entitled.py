"""May this customer use a feature? One read for all that ask at the same moment.

Nothing is kept that could be out of date: what contracts say is read where it stands, and of their
documents only the feature that was asked for.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from plans.documents import PlanDocument
from plans.entitlements import Entitlement, Reason, decide_entitlement, with_use
from plans.licensing.calls import Terms, look_up
from plans.licensing.gathering import Owner
from plans.states import state_at
from plans.subscriptions import Holding, SubscriptionView

__all__ = ("ask_entitlements",)


async def ask_entitlements(
    connection: AsyncConnection[Any], owner: Owner, status: str, features: Sequence[str]
) -> list[Entitlement]:
    """Return what holds now of some features; metered ones as if nothing were used.

    A feature of the same key as a floating pool is not granted while the pool is full.

    Args:
        connection: of the serving role.
        owner: who asks.
        status: the tenant's.
        features: their keys.
    """
    wanted = sorted(set(features))
    told = await look_up(connection, owner, wanted)
    consumed = {one.feature: Decimal(one.used) for one in told.used if one.starts_at <= told.now < one.ends_at}
    by_feature = {feature: list(found) for feature, found in groupby(told.contracts, key=lambda row: row.feature)}
    decided = {}
    for feature in wanted:
        found = decide_entitlement(feature, status, _contracts(by_feature.get(feature, []), owner.tenant_id, told.now))
        if found.granted and feature in consumed:
            found = with_use(found, consumed[feature])
        if found.granted and feature in told.full:
            found = Entitlement(feature, Reason.POOL_FULL, found.detail)
        decided[feature] = found
    return [decided[feature] for feature in features]


def _contracts(rows: Sequence[Terms], tenant_id: UUID, now: datetime) -> list[SubscriptionView]:
    """Return the contracts with nothing in their documents but one feature."""
    return [_contract(list(held), tenant_id, now) for _, held in groupby(rows, key=lambda row: row.contract)]


def _contract(rows: Sequence[Terms], tenant_id: UUID, now: datetime) -> SubscriptionView:
    first = rows[0]
    return SubscriptionView(
        id=first.contract,
        tenant_id=tenant_id,
        key="",
        payer_tenant_id=tenant_id,
        currency="",
        starts_at=first.begins,
        ends_at=first.ends,
        anchor_on=first.begins.date(),
        time_zone="UTC",
        purchase_order="",
        status=state_at(first.begins, first.ends, now),
        holdings=tuple(_holding(row) for row in rows if first.ends is None or row.starts_at < first.ends),
        as_of=now,
    )


def _holding(row: Terms) -> Holding:
    features = {} if row.said is None else {row.feature: row.said}
    document = PlanDocument(charges=(), features=features)
    return Holding(row.slot, "", "", row.contract, 0, document, 1, row.starts_at, row.ends_at, row.mode)
