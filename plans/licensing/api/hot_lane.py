"""The process's lane of leases, and its requests: what the ordinary routes and the hot door share."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from litestar import Litestar

from core.db import Database
from core.ids import new_id
from metering.api.hot_lane import lane_of
from metering.leases import Stretch
from plans.entitlements import is_served
from plans.licensing.errors import (
    BorrowTooLong,
    CustomerSuspended,
    LeaseKeyTaken,
    LeaseOver,
    LeaseUnknown,
    PersonInactive,
    PoolFull,
    PoolUnknown,
)
from plans.licensing.floating import Beat, Checkout, Denial, Fault, Outcome, Reason, Release, TooLong
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane, Wish
from plans.licensing.schemas import LeaseAnswer, LeaseBody
from plans.licensing.signing import grant_of
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("check_out", "hold_on", "leases_of", "let_go", "stop_leasing")

Sender = tuple[Principal, TenantView]

_log = structlog.get_logger("tollbook.licensing")
_WHY = {
    Reason.POOL_FULL: "{0.in_use} of {0.seats} seats are in use",
    Reason.RESERVED: "the seats that are free are kept for other groups",
    Reason.GROUP_LIMIT: "the group '{0.group}' has all the seats that it may have",
    Reason.BORROW_LIMIT: "offline grants have taken all the seats that they may",
}


def leases_of(app: Litestar) -> LeaseLane:
    """Return the process's lane, made at the first request, in the loop that serves."""
    lane: LeaseLane | None = app.state.get("lease_lane")
    if lane is None:
        database: Database = app.state.database
        lane = app.state["lease_lane"] = LeaseLane(database.database_url)
    return lane


async def stop_leasing(app: Litestar) -> None:
    """Let every request that waits be decided and answered before the process ends."""
    lane: LeaseLane | None = app.state.get("lease_lane")
    if lane is not None:
        await lane.close()


async def check_out(
    app: Litestar, sender: Sender, pool: str, body: LeaseBody, headers: Mapping[str, str]
) -> LeaseAnswer:
    """Let somebody into a pool.

    Raises:
        CustomerSuspended: or closed (`suspended`).
        PersonInactive: the person has left (`person_inactive`).
        PoolFull: nobody gets in now; the denial is stored (`pool_full`).
        PoolUnknown, LeaseKeyTaken, BorrowTooLong: the request makes no sense.
        LeasesBusy, DatabaseUnavailable: to send the same again is safe.
    """
    principal, tenant = sender
    require(principal, Permission.LICENCES_USE)
    _require_service(tenant)
    identity_id = await lane_of(app).identity(tenant, body.person)
    client_key = body.client_key or headers.get("idempotency-key", "")[:200] or str(new_id())
    wish = Checkout(pool, client_key, identity_id, body.device, body.group, body.borrow_s)
    return _answer(await _decided(app, tenant, wish), tenant)


async def hold_on(app: Litestar, sender: Sender, lease_id: UUID) -> LeaseAnswer:
    """Hold a lease on; one that ran out comes back if there is a seat for it.

    Raises:
        CustomerSuspended: or closed; the lease runs out (`suspended`).
        PoolFull: it ran out, and its seat is taken (`pool_full`).
        LeaseUnknown, LeaseOver: there is nothing to hold.
        LeasesBusy, DatabaseUnavailable: to send the same again is safe.
    """
    principal, tenant = sender
    require(principal, Permission.LICENCES_USE)
    _require_service(tenant)
    return _answer(await _decided(app, tenant, Beat(lease_id)), tenant)


async def let_go(app: Litestar, sender: Sender, lease_id: UUID) -> None:
    """Release a lease; to release it again changes nothing.

    Raises:
        LeaseUnknown: there is no such lease (`not_found`).
        LeasesBusy, DatabaseUnavailable: to send the same again is safe.
    """
    principal, tenant = sender
    require(principal, Permission.LICENCES_USE)
    await _decided(app, tenant, Release(lease_id))


def _require_service(tenant: TenantView) -> None:
    """Refuse whoever would be let in, or held on; to leave is always possible."""
    if not is_served(tenant.status):
        raise CustomerSuspended(tenant.slug)


def _answer(stretch: Stretch, tenant: TenantView) -> LeaseAnswer:
    return LeaseAnswer.of(stretch, grant_of(stretch, tenant.slug) if stretch.borrowed else None)


async def _decided(app: Litestar, tenant: TenantView, wish: Wish) -> Stretch:
    outcome = await leases_of(app).decide(Owner(tenant.id, tenant.test_clock_id), wish)
    if isinstance(outcome, Stretch):
        return outcome
    _log.info("lease_refused", tenant=tenant.slug, wish=type(wish).__name__.lower(), outcome=_code(outcome))
    if isinstance(outcome, Denial):
        raise _denied(outcome)
    if isinstance(outcome, TooLong):
        raise BorrowTooLong(outcome.pool, outcome.asked_s, outcome.longest_s)
    raise _refusal(outcome, wish)


def _denied(denial: Denial) -> PoolFull:
    if not denial.seats and not denial.in_use:
        return PoolFull(denial.pool, "it has no seats", "Raise its limit first.")
    return PoolFull(denial.pool, _WHY[denial.reason].format(denial))


def _code(outcome: Outcome) -> str:
    if isinstance(outcome, TooLong):
        return BorrowTooLong.code
    return outcome.reason.value if isinstance(outcome, Denial) else str(outcome)


def _refusal(fault: Outcome, wish: Wish) -> Exception:
    if isinstance(wish, Checkout):
        if fault is Fault.KEY_TAKEN:
            return LeaseKeyTaken(wish.client_key)
        if fault is Fault.GONE:
            return PersonInactive("The person")
        return PoolUnknown(wish.pool)
    return LeaseOver(wish.lease_id) if fault is Fault.OVER else LeaseUnknown(wish.lease_id)
