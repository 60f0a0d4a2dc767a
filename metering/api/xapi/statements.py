"""PUT, POST and GET /xapi/statements, for a tenant's LMS and suite."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from anyio import to_thread
from litestar import Controller, HttpMethod, Request, Response, post, put, route
from litestar.datastructures import State

from core.db import Database
from core.exact_json import encode_exact
from core.ids import new_id
from core.scope import TenantScope
from core.settings import secret_keys
from metering.actions.receive_statements import Sender, receive_statements
from metering.api.hot_lane import body_of, lane_of
from metering.api.xapi.headers import ALTERNATE, CONSISTENT, XapiHeaders, http_date
from metering.api.xapi.requests import parameters_of, refuse_parameters, require_version
from metering.errors import XapiRequestInvalid
from metering.ingest.admission import Measure
from metering.ingest.bodies import decoded_body
from metering.reads.statements import (
    StatementView,
    attachments_of,
    consistent_through,
    find_statement,
    list_statements,
    tenant_mapping,
)
from metering.xapi.filters import StatementQuery, cursor_text, read_query
from metering.xapi.formats import formatted, languages_of
from metering.xapi.mapping import TenantMapping
from metering.xapi.multipart import Part, compose
from metering.xapi.requests import Content, Incoming, read_one, read_statements
from metering.xapi.sealing import Vault
from metering.xapi.values import instant_text, is_uuid
from metering.xapi.versions import Version
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Req = Request[Any, Any, State]
_PATH = "/xapi/statements"


class StatementController(Controller):
    """The statement resource of xAPI 1.0.3 and 2.0."""

    path = _PATH
    tags = ("xapi",)
    middleware = (XapiHeaders(),)

    @post("/", status_code=200, request_max_body_size=None)
    async def send(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
        """Store one statement or an array of them, all or none; answers their ids."""
        method, refusal = request.state.get(ALTERNATE, ("POST", ""))
        if refusal:
            raise XapiRequestInvalid(refusal)
        if method in ("GET", "HEAD"):
            return await _give(request, principal, tenant, method)
        if method == "PUT":
            return await _put(request, principal, tenant)
        refuse_parameters(request, ())
        return await _take(request, principal, tenant, None)

    @put("/", status_code=200, request_max_body_size=None)
    async def send_one(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
        """Store one statement under the id that the parameter statementId names."""
        return await _put(request, principal, tenant)

    @route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def give(self, request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
        """Give one statement, or a page of those that all filters find, newest first."""
        return await _give(request, principal, tenant, request.method)


def _database(request: Req) -> Database:
    found: Database = request.app.state.database
    return found


async def _put(request: Req, principal: Principal, tenant: TenantView) -> Response[Any]:
    require(principal, Permission.EVENTS_WRITE)
    require_version(request)
    refuse_parameters(request, ("statementId",))
    values = parameters_of(request).get("statementId", [])
    if len(values) != 1 or not is_uuid(values[0]):
        raise XapiRequestInvalid("PUT needs the parameter statementId, a UUID.")
    return await _take(request, principal, tenant, UUID(values[0]))


async def _take(request: Req, principal: Principal, tenant: TenantView, put_id: UUID | None) -> Response[Any]:
    require(principal, Permission.EVENTS_WRITE)
    version = require_version(request)
    lane = lane_of(request.app)
    with lane.admission.visit(tenant.id) as visit:
        body = await body_of(request.headers.get("content-length", ""), request.stream(), visit)
        plain = decoded_body(body, request.headers.get("content-encoding", ""))
        if plain is not body:
            visit.hold(Measure.BYTES, len(plain))
        sent = (plain, request.headers.get("content-type", ""), version, put_id)
        statements, mapping, now = await to_thread.run_sync(_prepared, _database(request), tenant, sent)
        visit.hold(Measure.EVENTS, len(statements))
        sender, vault = _sender(principal, version), Vault(*secret_keys())
        unmetered = await receive_statements(lane, tenant, statements, sender, mapping, now, vault)
    headers = {"Tbk-Unmetered": str(unmetered)}
    if put_id is not None:
        return Response(None, status_code=204, headers=headers)
    return Response([str(statement.id) for statement in statements], status_code=200, headers=headers)


def _prepared(
    database: Database, tenant: TenantView, sent: tuple[bytes, str, Version, UUID | None]
) -> tuple[list[Incoming], TenantMapping, datetime]:
    """Read a request's statements (in a thread: it may be many) and what the tenant says of them."""
    body, content_type, version, put_id = sent
    if put_id is None:
        statements = read_statements(body, content_type, version)
    else:
        statements = [read_one(body, content_type, version, put_id)]
    with database.begin(TenantScope(tenant.id)) as session:
        return statements, tenant_mapping(session, tenant.id), tenant_now(session, tenant)


def _sender(principal: Principal, version: Version) -> Sender:
    """Return who vouches for the statements: the key's user, by a name that is not personal."""
    account = {"homePage": "urn:tollbook:users", "name": str(principal.user_id)}
    return Sender(principal.actor, {"objectType": "Agent", "account": account}, version)


async def _give(request: Req, principal: Principal, tenant: TenantView, method: str) -> Response[Any]:
    require(principal, Permission.USAGE_READ)
    require(principal, Permission.PEOPLE_READ)
    require_version(request)
    # Refusals say it too: who asks again and again for what is not there yet must see time go on.
    request.state[CONSISTENT] = await to_thread.run_sync(_consistent, _database(request), tenant)
    parameters = parameters_of(request)
    wanted = read_query(parameters)
    languages = languages_of(request.headers.get("accept-language", ""))
    given = await to_thread.run_sync(_found, _database(request), tenant, wanted, parameters)
    headers = {}
    if given.stored is not None:
        headers["Last-Modified"] = http_date(given.stored)
    given.values = [formatted(value, wanted.format, languages) for value in given.values]
    body: Any = given.values[0] if given.single else {"statements": given.values, "more": given.more}
    text = encode_exact(body)
    media = "application/json"
    if wanted.attachments:
        media, text = _multipart(text, given.contents)
    headers["ETag"] = f'"{sha256(text).hexdigest()}"' if not wanted.attachments else f'W/"{len(text)}"'
    return Response(text if method == "GET" else b"", status_code=200, media_type=media, headers=headers)


def _consistent(database: Database, tenant: TenantView) -> datetime:
    with database.begin(TenantScope(tenant.id)) as session:
        return consistent_through(session, tenant.id)


@dataclass(slots=True)
class _Given:
    """What a GET found."""

    values: list[dict[str, Any]]
    contents: list[Content]
    single: bool = False
    stored: datetime | None = None
    more: str = ""


def _found(database: Database, tenant: TenantView, wanted: StatementQuery, parameters: dict[str, list[str]]) -> _Given:
    vault = Vault(*secret_keys())
    with database.begin(TenantScope(tenant.id)) as session:
        items: tuple[StatementView, ...]
        single = wanted.statement_id or wanted.voided_statement_id
        if single is not None:
            voided = wanted.voided_statement_id is not None
            items = (find_statement(session, tenant.id, single, vault, voided=voided),)
            last = None
        else:
            page = list_statements(session, tenant.id, wanted, vault)
            items, last = page.items, page.last
        ids = [item.id for item in items]
        contents = attachments_of(session, tenant.id, ids, vault) if wanted.attachments and ids else []
    given = _Given([item.value for item in items], contents, single is not None)
    if items:
        given.stored = max(item.stored_at for item in items)
    if last is not None:
        again = parameters | {"cursor": [cursor_text(instant_text(last[0]), last[1])]}
        given.more = f"{_PATH}?{urlencode(again, doseq=True)}"
    return given


def _multipart(statements: bytes, contents: list[Content]) -> tuple[str, bytes]:
    boundary = f"tollbook-{new_id().hex}"
    parts = [Part({"Content-Type": "application/json"}, statements)]
    parts += [
        Part(
            {
                "Content-Type": content.content_type,
                "Content-Transfer-Encoding": "binary",
                "X-Experience-API-Hash": content.sha2,
            },
            content.content,
        )
        for content in contents
    ]
    return f"multipart/mixed; boundary={boundary}", compose(parts, boundary)


route_handlers = (StatementController,)
