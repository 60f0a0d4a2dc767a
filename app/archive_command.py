"""`python -m app.cli archive …`: what an operator does with archived months."""

import argparse
from collections.abc import Callable
from typing import Any

from app.archiving import archive_again, archive_dir, archive_facts, verify_month
from core.db import Database, database
from core.errors import InputError, InvalidInput
from core.periods import Period, local_date
from core.scope import GlobalScope, TenantScope
from metering.actions.restore_month import restore_month
from metering.errors import ArchiveUnready
from metering.ranges import month_of
from metering.reads.archives import archives
from tenants.reads import TenantView, find_tenant

__all__ = ("add_commands",)

ACTOR = "system:cli"


def add_commands(group: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the steps of `archive` to the parser."""
    run = command(group, "run", "Archive what retention lets go, as beat does.", _run)
    run.add_argument("--tenant", help="only this tenant (id or slug)")
    run.add_argument("--month", help="a month that was restored, for instance 2023-05; needs --tenant")
    listed = command(group, "list", "List the months that are, or were, in files.", _list)
    listed.add_argument("--tenant", required=True, help="whose (id or slug)")
    verify = command(group, "verify", "Measure a month from its files; compare with manifest and bills.", _verify)
    verify.add_argument("--tenant", required=True, help="whose (id or slug)")
    verify.add_argument("--month", help="for instance 2023-05; none: all that are archived")
    restore = command(group, "restore", "Bring a month's facts back.", _restore)
    restore.add_argument("--tenant", required=True, help="whose (id or slug)")
    restore.add_argument("--month", required=True, help="for instance 2023-05")
    restore.add_argument("--reason", required=True, help="why; it is audited")


def _tenant(db: Database, key: str) -> TenantView:
    with db.begin(GlobalScope()) as session:
        return find_tenant(session, key)


def _run(given: argparse.Namespace) -> None:
    db, directory = database(), archive_dir()
    if given.month is None:
        done, cleared = archive_facts(db, directory, [_tenant(db, given.tenant)] if given.tenant else None)
        print(f"{done} months archived, {cleared} folders that no month names removed")
        return
    if given.tenant is None:
        raise InvalidInput(InputError("--tenant", "tenant_missing", "Name the tenant whose month it is."))
    tenant = _tenant(db, given.tenant)
    archive_again(db, tenant, month_of(given.month, tenant.tz), directory)
    print(f"{given.month} archived")


def _list(given: argparse.Namespace) -> None:
    db = database()
    tenant = _tenant(db, given.tenant)
    with db.begin(TenantScope(tenant.id)) as session:
        found = archives(session, tenant.id)
    for one in found:
        print(f"{_name(one.month, tenant)} {one.status} {one.rows} facts, {one.folder}, sha256 {one.file_sha256}")


def _verify(given: argparse.Namespace) -> None:
    db, directory = database(), archive_dir()
    tenant = _tenant(db, given.tenant)
    with db.begin(TenantScope(tenant.id)) as session:
        months = [one.month for one in archives(session, tenant.id) if one.status == "archived"]
    differing = 0
    for month in [month_of(given.month, tenant.tz)] if given.month else months:
        verified = verify_month(db, tenant, month, directory)
        proof, told = verified.proof, verified.told
        print(
            f"{_name(month, tenant)}: {proof.rows} facts, {proof.meters} figures and {verified.lists} lists of bills"
            f" measured from the files, {len(told)} differed"
        )
        for line in told:
            print(f"  {line}")
        differing += len(told)
    if differing:
        raise ArchiveUnready(f"{differing} figures or lists differ from what was recorded: see above.")


def _restore(given: argparse.Namespace) -> None:
    db = database()
    tenant = _tenant(db, given.tenant)
    rows = restore_month(db, tenant, month_of(given.month, tenant.tz), archive_dir(), (ACTOR, given.reason))
    print(f"{given.month}: {rows} facts are back")


def _name(month: Period, tenant: TenantView) -> str:
    return f"{local_date(month.starts_at, tenant.tz):%Y-%m}"
