"""Leases: in, still there, out. Known senders come past the framework's layers (`app.hot_door`)."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, post
from litestar.datastructures import State

from plans.licensing.api.hot_lane import check_out, hold_on, let_go
from plans.licensing.schemas import LeaseAnswer, LeaseBody
from tenants.principal import Principal
from tenants.reads import TenantView

__all__ = ("LeaseController",)

Req = Request[Any, Any, State]


class LeaseController(Controller):
    """What clients of a floating pool do."""

    path = "/v1"
    tags = ("licences",)

    @post("/pools/{key:str}/leases")
    async def check_out(
        self, request: Req, principal: Principal, tenant: TenantView, key: str, data: LeaseBody
    ) -> LeaseAnswer:
        """Let somebody in, or answer 409 `pool_full`. The same client key is the same lease."""
        return await check_out(request.app, (principal, tenant), key, data, request.headers)

    @post("/leases/{lease_id:uuid}/heartbeat", status_code=200)
    async def heartbeat(self, request: Req, principal: Principal, tenant: TenantView, lease_id: UUID) -> LeaseAnswer:
        """Hold a lease on; one that ran out comes back if there still is a seat for it."""
        return await hold_on(request.app, (principal, tenant), lease_id)

    @delete("/leases/{lease_id:uuid}")
    async def release(self, request: Req, principal: Principal, tenant: TenantView, lease_id: UUID) -> None:
        """Release a lease; to release it again changes nothing."""
        await let_go(request.app, (principal, tenant), lease_id)
