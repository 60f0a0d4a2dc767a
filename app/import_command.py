"""`python -m app.cli imports load`: a file from the operator's disk, imported at once and to its end."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from core.db import Database
from core.errors import InputError, InvalidInput
from core.scope import TenantScope
from metering.actions.accept_import import AcceptInput, accept_import
from metering.actions.run_import import run_import
from metering.imports.plan import Options
from metering.imports.text import Scan
from metering.reads.imports import ImportView, get_import, import_faults
from tenants.reads import TenantView

__all__ = ("load_file", "summary")

_SHOWN = ("status", "rows_read", "rows_skipped", "accepted", "duplicate", "conflict", "rejected", "error_detail")
_BAD_SHOWN = 20
_WAIT_S = 1.0


def load_file(
    database: Database, tenant: TenantView, path: Path, options: Options, actor: str, *, dry_run: bool
) -> ImportView:
    """Import a file in this process; where a worker has taken it meanwhile, wait for that.

    Raises:
        InvalidInput: there is no such file, or it can't be read without guessing (`invalid_input`).
    """
    if not path.is_file():
        raise InvalidInput(InputError("file", "import_file_missing", f"There is no file {path}."))
    scan = Scan()
    with path.open("rb") as file:
        while chunk := file.read(1_000_000):
            scan.feed(chunk)
    scan.end()
    job, _ = accept_import(database, tenant, AcceptInput(path, scan, options, dry_run), actor)
    while not run_import(database, tenant, job.id):
        time.sleep(_WAIT_S)
    with database.begin(TenantScope(tenant.id)) as session:
        return get_import(session, tenant.id, job.id)


def summary(database: Database, tenant: TenantView, view: ImportView) -> str:
    """Return what came of it as JSON, with the first bad rows."""
    with database.begin(TenantScope(tenant.id)) as session:
        bad = [asdict(fault) for _, fault in import_faults(session, tenant.id, view.id, limit=_BAD_SHOWN)]
    told = {"import": str(view.id), **{name: getattr(view, name) for name in _SHOWN}, "first_bad_rows": bad}
    return json.dumps(told, indent=2, ensure_ascii=False)
