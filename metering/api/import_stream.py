"""An import's progress and its report as streams, for the API and for pages."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from anyio import to_thread
from litestar.response import ServerSentEvent, Stream
from litestar.response.sse import ServerSentEventMessage
from sqlalchemy.orm import Session

from core.db import Database
from core.scope import TenantScope
from metering.api.import_answers import REPORT_HEADER, ImportAnswer, report_line
from metering.reads.imports import ImportView, get_import, import_faults
from tenants.reads import TenantView, tenant_now

__all__ = ("progress_events", "report_file", "reread")

_EVERY_S = 0.5
_AT_MOST = 1_200
"""How many looks one connection has (ten minutes); browsers then come again by themselves."""
T = TypeVar("T")


async def _in_thread(database: Database, tenant_id: UUID, read: Callable[[Session], T]) -> T:
    def run() -> T:
        with database.begin(TenantScope(tenant_id)) as session:
            return read(session)

    return await to_thread.run_sync(run)


async def reread(database: Database, tenant: TenantView, job_id: UUID) -> tuple[ImportView, datetime]:
    """Return an import as it stands now, and what time that is for the tenant.

    Raises:
        ImportNotFound: there is none of that id (`import_not_found`).
    """

    def read(session: Session) -> tuple[ImportView, datetime]:
        return get_import(session, tenant.id, job_id), tenant_now(session, tenant)

    return await _in_thread(database, tenant.id, read)


async def progress_events(database: Database, tenant: TenantView, job_id: UUID) -> ServerSentEvent:
    """Return server-sent events: `progress` whenever something changed, `over` as the last one.

    Raises:
        ImportNotFound: there is none of that id (`import_not_found`).
    """
    await reread(database, tenant, job_id)  # refuses while an answer can still be a 404

    async def told() -> AsyncIterator[ServerSentEventMessage]:
        before = b""
        for _ in range(_AT_MOST):
            view, now = await reread(database, tenant, job_id)
            data = msgspec.json.encode(ImportAnswer.of(view, now, named=False))
            if data != before:
                kind = "over" if view.is_over else "progress"
                yield ServerSentEventMessage(data=data.decode(), event=kind, retry=2_000)
                before = data
            if view.is_over:
                return
            await asyncio.sleep(_EVERY_S)

    return ServerSentEvent(told())


async def report_file(database: Database, tenant: TenantView, job_id: UUID) -> Stream:
    """Return the list of bad rows as CSV, read page by page while it is sent.

    Raises:
        ImportNotFound: there is none of that id (`import_not_found`).
    """
    view, _ = await reread(database, tenant, job_id)

    async def lines() -> AsyncIterator[bytes]:
        yield "\ufeff".encode() + _csv([REPORT_HEADER])
        after = (0, -1)
        while True:

            def read(session: Session, after: tuple[int, int] = after) -> Sequence[tuple[tuple[int, int], object]]:
                return import_faults(session, tenant.id, job_id, after)

            found = await _in_thread(database, tenant.id, read)
            if not found:
                return
            yield _csv([report_line(fault) for _, fault in found])  # type: ignore[arg-type]
            after = found[-1][0]

    headers = {"Content-Disposition": f'attachment; filename="import-{view.id}-report.csv"'}
    return Stream(lines(), media_type="text/csv", headers=headers)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
