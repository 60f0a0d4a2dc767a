"""POST and GET /v1/imports: files in, their progress, their report."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import Parameter
from litestar.response import ServerSentEvent, Stream
from sqlalchemy.orm import Session

from core.db import Database
from metering.actions.accept_import import AcceptInput, accept_import
from metering.actions.cancel_import import cancel_import
from metering.api.import_answers import ImportAnswer, ImportPage, PresetAnswer, PresetPage
from metering.api.import_stream import progress_events, report_file, reread
from metering.api.uploads import MAX_REQUEST_BYTES, received
from metering.errors import CursorInvalid
from metering.imports.plan import Options
from metering.imports.presets import PRESETS
from metering.reads.imports import ImportView, get_import, imports
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("accepted_file", "route_handlers")

Req = Request[Any, Any, State]
Limit = Annotated[int, Parameter(ge=1, le=200)]
_SAYS = ("preset", "mapping", "source", "zone", "order", "numbers", "encoding", "delimiter")


class SendFile(Operation):
    """POST /v1/imports with its bodies: the handler reads the body itself."""

    def __post_init__(self) -> None:
        file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        fields: dict[str, Reference | Schema] = {name: Schema(type=OpenAPIType.STRING) for name in (*_SAYS, "dry_run")}
        fields["file"] = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, required=["file"], properties=fields)
        kinds = ("text/csv", "application/x-ndjson", "application/vnd.apache.parquet", "application/octet-stream")
        self.request_body = RequestBody(
            required=True,
            content=dict.fromkeys(kinds, file) | {"multipart/form-data": OpenAPIMediaType(schema=form)},
        )


def _said(  # noqa: PLR0913 - each is a parameter of the address, all by name
    *,
    preset: Annotated[str, Parameter(description="A key that GET /v1/imports/presets lists.")] = "",
    mapping: Annotated[str, Parameter(description="A mapping of your own, in JSON, instead of a preset.")] = "",
    source: Annotated[str, Parameter(description="The source of the events.")] = "",
    zone: Annotated[str, Parameter(description="IANA zone of times without an offset; the tenant's.")] = "",
    order: Annotated[str, Parameter(description="day_first or month_first, for dates like 03/04/2026.")] = "",
    numbers: Annotated[str, Parameter(description="decimal_point or decimal_comma, for 1,234 in CSV.")] = "",
    encoding: Annotated[str, Parameter(description="utf-8, cp1252, cp1250, …; told by the file.")] = "",
    delimiter: Annotated[str, Parameter(description="comma, semicolon, tab or pipe; told by the header.")] = "",
) -> Options:
    return Options(
        preset=preset, mapping=mapping, source=source, zone=zone, order=order, numbers=numbers, encoding=encoding,
        delimiter=delimiter,
    )  # fmt: skip


async def accepted_file(
    request: Req, database: Database, tenant: TenantView, said: Options, actor: str, *, dry_run: bool
) -> tuple[ImportView, bool]:
    """Take the file of a request; what its form says goes before what the address says.

    Raises:
        InvalidInput: the file can't be read, or not without guessing (`invalid_input`).
        ImportMediaUnsupported, ContentEncodingUnsupported, ImportTooLarge: it is not taken.
    """
    async with received(request) as upload:
        fields = {name: upload.fields[name].strip() for name in _SAYS if upload.fields.get(name, "").strip()}
        name = upload.file_name or request.query_params.get("file_name", "")
        known = {one: getattr(said, one) for one in _SAYS} | fields
        options = Options(**known, content_type=upload.content_type, file_name=name)
        dry = dry_run or upload.fields.get("dry_run", "").strip().lower() in ("1", "true", "on", "yes")
        given = AcceptInput(upload.path, upload.scan, options, dry)
        return await to_thread.run_sync(accept_import, database, tenant, given, actor)


class ImportController(Controller):
    """Files of events, in the ways that suites export them."""

    path = "/v1/imports"
    tags = ("imports",)

    @post(
        "/",
        status_code=202,
        request_max_body_size=MAX_REQUEST_BYTES,
        operation_class=SendFile,
        dependencies={"said": Provide(_said, sync_to_thread=False)},
    )
    async def send(
        self, request: Req, principal: Principal, database: Database, tenant: TenantView, said: Options,
        dry_run: bool = False,
    ) -> Response[ImportAnswer]:  # fmt: skip
        """Take a file (CSV, NDJSON, Parquet) as the body, or in a form's field `file`.

        202: it is queued, its first rows are shown as the events they become. 200: this very file,
        read the same way, is known; nothing counts twice. With `dry_run` everything is checked and
        nothing is stored. 422 names what is missing in the header, or what can't be told for sure.
        """
        require(principal, Permission.EVENTS_WRITE)
        view, queued = await accepted_file(request, database, tenant, said, principal.actor, dry_run=dry_run)
        _, now = await reread(database, tenant, view.id)
        return Response(ImportAnswer.of(view, now, named=_named(principal)), status_code=202 if queued else 200)

    @get("/", sync_to_thread=True)
    def listed(
        self, principal: Principal, session: Session, tenant: TenantView, cursor: str | None = None, limit: Limit = 50
    ) -> ImportPage:
        """List imports, newest first; previews stand in each one's own answer."""
        require(principal, Permission.USAGE_READ)
        found = imports(session, tenant.id, before=_before(cursor), limit=limit)
        now = tenant_now(session, tenant)
        following = _cursor(found[-1]) if len(found) == limit else None
        return ImportPage([ImportAnswer.of(view, now, named=False) for view in found], following)

    @get("/presets", sync_to_thread=False)
    def presets(self, principal: Principal) -> PresetPage:
        """List the mappings that come along."""
        require(principal, Permission.USAGE_READ)
        return PresetPage([PresetAnswer.of(preset) for preset in PRESETS.values()])

    @get("/{job_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, job_id: UUID) -> ImportAnswer:
        """Show an import and how far it has come."""
        require(principal, Permission.USAGE_READ)
        view = get_import(session, tenant.id, job_id)
        return ImportAnswer.of(view, tenant_now(session, tenant), named=_named(principal))

    @get("/{job_id:uuid}/events")
    async def events(
        self, principal: Principal, database: Database, tenant: TenantView, job_id: UUID
    ) -> ServerSentEvent:
        """Tell an import's progress as server-sent events: `progress`, at last `over`; data as in the answer."""
        require(principal, Permission.USAGE_READ)
        return await progress_events(database, tenant, job_id)

    @get("/{job_id:uuid}/report.csv")
    async def report(self, principal: Principal, database: Database, tenant: TenantView, job_id: UUID) -> Stream:
        """Download the list of bad rows: row, column, code, what to do. It quotes cells: people may be seen."""
        require(principal, Permission.USAGE_READ)
        require(principal, Permission.PEOPLE_READ)
        return await report_file(database, tenant, job_id)

    @post("/{job_id:uuid}/cancel", status_code=200, sync_to_thread=True)
    def cancel(self, principal: Principal, session: Session, tenant: TenantView, job_id: UUID) -> ImportAnswer:
        """Take nothing more of a file. What was taken stays; the same file sent again goes on."""
        require(principal, Permission.EVENTS_WRITE)
        now = tenant_now(session, tenant)
        view = cancel_import(session, tenant.id, job_id, principal.actor, now)
        return ImportAnswer.of(view, now, named=_named(principal))


def _named(principal: Principal) -> bool:
    return principal.may(Permission.PEOPLE_READ)


def _cursor(view: ImportView) -> str:
    return urlsafe_b64encode(f"{view.created_at.isoformat()} {view.id}".encode()).decode().rstrip("=")


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        instant, job_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        return datetime.fromisoformat(instant).astimezone(), UUID(job_id)
    except ValueError:
        raise CursorInvalid from None


route_handlers = (ImportController,)
