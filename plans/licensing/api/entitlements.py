"""May I? Known senders come past the framework's layers (`app.hot_door`)."""

from functools import partial
from typing import Any

from anyio import to_thread
from litestar import Controller, Litestar, Request, get, post
from litestar.datastructures import State
from sqlalchemy.orm import Session

from core.db import Database
from core.remembering import Remembered
from core.scope import TenantScope
from plans.entitlements import Entitlement, with_use
from plans.licensing.actions.use_quota import QuotaWish, use_quota
from plans.licensing.api.hot_lane import leases_of
from plans.licensing.gathering import Owner
from plans.licensing.schemas import QuotaAnswer, QuotaBody
from plans.reads.entitlements import entitlement_of
from plans.schemas.subscriptions import EntitlementAnswer
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("EntitlementController", "entitled")

Req = Request[Any, Any, State]
USE_LIFE_S = 30
"""How old the use of a metered feature may be where measuring it takes so long; else it is a second at most."""
USE_RESTS = 10
"""A tenth of the time at most goes into measuring one use, so that who asks for others is answered."""


class EntitlementController(Controller):
    """What a customer may use."""

    path = "/v1"
    tags = ("licences",)

    @get("/entitlements/{feature:str}")
    async def show(self, request: Req, principal: Principal, tenant: TenantView, feature: str) -> EntitlementAnswer:
        """Say whether the tenant may use a feature, and if not, why: the first reason of a closed list."""
        return await entitled(request.app, (principal, tenant), feature)

    @post("/entitlements/{feature:str}/use", sync_to_thread=True, status_code=200)
    def use(
        self, principal: Principal, session: Session, tenant: TenantView, feature: str, data: QuotaBody
    ) -> QuotaAnswer:
        """Use up some of a feature's limit in this billing period, or answer 409 `limit_reached` and use nothing."""
        require(principal, Permission.LICENCES_USE)
        wish = QuotaWish(feature, data.quantity, data.client_key)
        return QuotaAnswer.of(use_quota(session, tenant, wish, tenant_now(session, tenant)))


async def entitled(app: Litestar, sender: tuple[Principal, TenantView], feature: str) -> EntitlementAnswer:
    """Return whether the sender's tenant may use a feature.

    What a metered one has used is measured once for all who ask, and again for the first who asks after a second (or
    ten times as long as it took), while those who ask meanwhile go on with what is known. On a test clock it is
    measured each time.

    Raises:
        LeasesBusy, DatabaseUnavailable: to ask again is safe.
    """
    principal, tenant = sender
    require(principal, Permission.SUBSCRIPTIONS_READ)
    owner = Owner(tenant.id, tenant.test_clock_id)
    found = await leases_of(app).entitled(owner, tenant.status, feature)
    if found.granted and found.detail is not None and found.detail.meter is not None:
        known = _uses_of(app) if tenant.test_clock_id is None else Remembered[Entitlement]()
        look_up = partial(to_thread.run_sync, partial(_measured, app.state.database, tenant, feature))
        measured = await known.ask((tenant.id, feature, found.detail), look_up)
        found = measured if measured.used is None else with_use(found, measured.used)
    return EntitlementAnswer.of(found)


def _uses_of(app: Litestar) -> Remembered[Entitlement]:
    uses: Remembered[Entitlement] | None = app.state.get("metered_uses")
    if uses is None:
        uses = app.state["metered_uses"] = Remembered(USE_LIFE_S, first_waits=True, rests=USE_RESTS)
    return uses


def _measured(database: Database, tenant: TenantView, feature: str) -> Entitlement:
    with database.begin(TenantScope(tenant.id)) as session:
        return entitlement_of(session, tenant, feature)
