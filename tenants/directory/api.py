"""/scim/v2: what directories call, and /v1/directory: what their groups stand for."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import structlog
from anyio import to_thread
from litestar import Controller, HttpMethod, Request, Response, get, put, route
from litestar.datastructures import State
from scim2_models import SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from sqlalchemy.orm import Session

from core.db import Database
from tenants.directory.actions.set_group_rules import set_group_rules
from tenants.directory.dialects import plain_body
from tenants.directory.handler import DirectoryHandler
from tenants.directory.membership import wants_members
from tenants.directory.protocol import directory_service
from tenants.directory.reads import Rule, group_rules
from tenants.directory.refusals import refusal_codes, without_names
from tenants.directory.storage import DirectoryStorage
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

_log = structlog.get_logger("tollbook.directory")

_METHODS = (HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)


@route(["/scim/v2", "/scim/v2/{path:path}"], http_method=_METHODS, include_in_schema=False, media_type=SCIM_MEDIA_TYPE)
async def scim(
    request: Request[Any, Any, State], principal: Principal, tenant: TenantView, database: Database, path: str = "/"
) -> Response[bytes]:
    """Serve SCIM 2.0; every operation is one transaction."""
    require(principal, Permission.SCIM)
    base_url = request.app.state.get("public_url") or str(request.base_url).rstrip("/")
    asked = ScimRequest(
        method=request.method, base_url=f"{base_url}/scim/v2", path=path, query=dict(request.query_params),
        headers=dict(request.headers), body=await request.body(), subject=principal,
    )  # fmt: skip
    answer = await to_thread.run_sync(partial(_served, database, tenant, principal.actor, asked))
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Response(
        b"" if answer.body is None else msgspec.json.encode(answer.body),
        status_code=int(answer.status), headers=headers | {"Cache-Control": "no-store"}, media_type=SCIM_MEDIA_TYPE,
    )  # fmt: skip


def _served(database: Database, tenant: TenantView, actor: str, asked: ScimRequest) -> ScimResponse:
    service = directory_service()
    # What is left out of the answer is not read; the answer to a bulk request names no members at all.
    listed = (asked.query.get(name, "").split(",") for name in ("attributes", "excludedAttributes"))
    members = wants_members(*listed) and asked.path.strip("/").lower() != "bulk"
    storage = DirectoryStorage(service, database, tenant, actor, writes=asked.method != "GET", members=members)
    try:
        service.check_size(asked)
        asked = replace(asked, body=plain_body(asked.body))
        answer = DirectoryHandler(service, storage).handle(asked)
    except SCIMException as refusal:
        answer = service.error_response(refusal)
    codes = refusal_codes(answer)
    if codes:
        place = without_names(asked.path)
        _log.warning("scim_refused", tenant=str(tenant.id), method=asked.method, path=place, codes=codes)
    return answer


class RuleBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a group of the directory stands for, found by its displayName whatever its case."""

    group: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    kind: Literal["audience", "role", "pool"]
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """An audience, a role (tenant_admin, tenant_finance, tenant_auditor), or the key of a seat pool."""


class RulesBody(msgspec.Struct, forbid_unknown_fields=True):
    """All rules."""

    rules: Annotated[list[RuleBody], msgspec.Meta(max_length=200)]


class DirectoryController(Controller):
    """What a directory's groups stand for."""

    path = "/v1/directory"
    tags = ("people",)

    @get("/rules", sync_to_thread=True)
    def rules(self, principal: Principal, session: Session, tenant: TenantView) -> RulesBody:
        """Show what groups stand for."""
        require(principal, Permission.CONNECT_WRITE)
        return RulesBody([RuleBody(r.group, r.kind, r.target) for r in group_rules(session, tenant.id)])  # type: ignore[arg-type]

    @put("/rules", sync_to_thread=True)
    def put_rules(self, principal: Principal, session: Session, tenant: TenantView, data: RulesBody) -> RulesBody:
        """Replace what groups stand for; it acts at once on who is in them, from now on."""
        require(principal, Permission.CONNECT_WRITE)
        given = [Rule(one.group, one.kind, one.target) for one in data.rules]
        set_group_rules(session, tenant.id, given, principal, tenant_now(session, tenant))
        return data


route_handlers = (scim, DirectoryController)
