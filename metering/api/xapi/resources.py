"""GET /xapi/activities and /xapi/agents, as far as statements tell; the other resources are not kept."""

from typing import Any

import msgspec
from anyio import to_thread
from litestar import Controller, HttpMethod, Request, Response, route
from litestar.datastructures import State

from core.db import Database
from core.scope import TenantScope
from core.settings import secret_keys
from metering.api.xapi.headers import XapiHeaders
from metering.api.xapi.requests import parameters_of, require_version
from metering.errors import XapiRequestInvalid, XapiResourceUnknown
from metering.reads.statements import list_statements
from metering.xapi.filters import StatementQuery, read_query
from metering.xapi.persons import activity_as_told, person_as_told
from metering.xapi.sealing import Vault
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("route_handlers",)

Req = Request[Any, Any, State]
_GET = [HttpMethod.GET, HttpMethod.HEAD]
_LOOKED_AT = 50
"""How many of the newest statements are looked at for names and definitions."""


class ResourceController(Controller):
    """What statements say of activities and agents."""

    path = "/xapi"
    tags = ("xapi",)
    middleware = (XapiHeaders(),)

    @route("/activities", http_method=_GET)
    async def activity(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
        """Give an activity with its latest definition."""
        wanted = _query(request, principal, "activityId", "activity")
        values = await to_thread.run_sync(_newest, request.app.state.database, tenant, wanted)
        return _answer(request, activity_as_told(parameters_of(request)["activityId"][0], values))

    @route("/agents", http_method=_GET)
    async def person(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
        """Give a Person: an agent's identifier, and the names it was given."""
        wanted = _query(request, principal, "agent", "agent")
        agent = msgspec.json.decode(parameters_of(request)["agent"][0].encode())
        values = await to_thread.run_sync(_newest, request.app.state.database, tenant, wanted)
        return _answer(request, person_as_told(agent, values))

    @route(
        ["/activities/state", "/activities/profile", "/agents/profile"],
        http_method=[*_GET, HttpMethod.PUT, HttpMethod.POST, HttpMethod.DELETE],
        include_in_schema=False,
        status_code=404,
    )
    async def documents(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:  # noqa: ARG002
        """Say that documents are not kept."""
        require_version(request)
        raise XapiResourceUnknown(request.url.path.removeprefix("/xapi/"))


def _query(request: Req, principal: Principal, name: str, filter_name: str) -> StatementQuery:
    """Return the query for the statements that tell of what the one parameter names."""
    require(principal, Permission.USAGE_READ)
    require(principal, Permission.PEOPLE_READ)
    require_version(request)
    values = parameters_of(request)
    if values.keys() != {name}:
        raise XapiRequestInvalid(f"The parameter {name} is needed, and no other.")
    return read_query({filter_name: values[name], "limit": [str(_LOOKED_AT)]})


def _newest(database: Database, tenant: TenantView, wanted: StatementQuery) -> list[dict[str, Any]]:
    with database.begin(TenantScope(tenant.id)) as session:
        return [view.value for view in list_statements(session, tenant.id, wanted, Vault(*secret_keys())).items]


def _answer(request: Req, value: dict[str, Any]) -> Response[Any]:
    return Response(msgspec.json.encode(value) if request.method == "GET" else b"", media_type="application/json")


route_handlers = (ResourceController,)
