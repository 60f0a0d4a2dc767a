"""`python -m app.cli …`: what an operator does from a shell."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from app.archive_command import add_commands as add_archive_commands
from app.import_command import load_file, summary
from app.jobs import archive_what_may_leave, bill_what_is_due, purge_what_expired, seal_audit_trails
from app.plan_commands import add_plan_commands
from app.process import tune_collector
from billing.actions.bill_due import bill_due
from core.clock import utc_now
from core.db import database
from core.errors import Refused
from core.scope import VENDOR_ID, GlobalScope, StewardScope, TenantScope
from core.settings import MissingSetting, load_settings, secret_keys
from metering.actions.prove_figures import Proof, prove_figures
from metering.actions.rebuild_usage import rebuild_usage
from metering.actions.rebuild_values import WrongValues
from metering.actions.rewrap_keys import rewrap_keys
from metering.custom.extraction import Extract
from metering.imports.plan import Options
from metering.xapi.sealing import Vault
from migrations.upgrade import upgrade_database
from plans.actions.load_catalogue import load_catalogue
from tenants.actions.check_erasure import reseal_erasures
from tenants.actions.create_user import KeyInput, UserInput, create_api_key, create_user
from tenants.reads import TenantView, find_tenant, list_tenants, users_of
from tenants.sso.actions.set_provider import reseal_sso_secret
from tenants.webhooks.actions.reseal_secrets import reseal_secrets

__all__ = ("main",)

ACTOR = "system:cli"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with a sentence on standard error."""
    parsed = _parser().parse_args(arguments)
    tune_collector()
    try:
        parsed.run(parsed)
    except (Refused, MissingSetting) as error:
        print(f"{getattr(error, 'code', 'setting_missing')}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.cli", description="Operate Tollbook.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: object
    ) -> argparse.ArgumentParser:
        made = group.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    db = commands.add_parser("db", help="the database").add_subparsers(required=True, metavar="STEP")
    command(db, "migrate", "Create the roles and run the migrations that are missing.", _migrate)
    catalogue = commands.add_parser("catalogue", help="plans").add_subparsers(required=True, metavar="STEP")
    command(catalogue, "load", "Publish the shipped catalogue where it is missing.", _catalogue)
    add_plan_commands(commands)
    run = command(commands, "bill", "Bill what is due.", _bill)
    run.add_argument("--tenant", action="append", help="only this tenant (id or slug); may be repeated")
    run.add_argument("--period", help="only this month, for instance 2026-10")
    run.add_argument("--skip-grace", action="store_true", help="do not wait for the grace to pass; needs --reason")
    run.add_argument("--reason", default="", help="why the grace is skipped; it is audited")
    usage = commands.add_parser("usage", help="figures").add_subparsers(required=True, metavar="STEP")
    command(usage, "prove", "Measure all kept figures anew from the facts; tell and mend what differs.", _prove)
    command(usage, "rebuild", "Make all rollups anew from the facts; tell and mend what differs.", _rebuild)
    user = command(commands, "user", "Create a user and a key that acts for them.", _user)
    user.add_argument("email")
    user.add_argument("role")
    user.add_argument("--tenant", help="whose user; none for the vendor's own people")
    user.add_argument("--cost-centre", help="the code, for a cost_centre_owner")
    user.add_argument("--password", help="for the browser; none: API key only")
    files = commands.add_parser("imports", help="files").add_subparsers(required=True, metavar="STEP")
    load = command(files, "load", "Import a file at once, to its end.", _import_file)
    load.add_argument("file", type=Path)
    load.add_argument("--tenant", required=True, help="whose facts (id or slug)")
    load.add_argument("--mapping", type=Path, help="a file with a mapping of your own, in JSON")
    load.add_argument("--dry-run", action="store_true", help="check everything, store nothing")
    for name in ("preset", "source", "zone", "order", "numbers", "encoding", "delimiter"):
        load.add_argument(f"--{name}", default="", help="see docs/imports.md")
    secrets = commands.add_parser("secrets", help="SECRET_KEY").add_subparsers(required=True, metavar="STEP")
    command(secrets, "rewrap", "Wrap keys of xAPI originals and secrets of webhooks under SECRET_KEY anew.", _rewrap)
    jobs = commands.add_parser("job", help="what beat starts").add_subparsers(required=True, metavar="JOB")
    command(jobs, "bill", "Bill what is due, as beat does.", lambda _: bill_what_is_due())
    command(jobs, "seal-audit", "Seal the audit trails.", lambda _: seal_audit_trails())
    command(jobs, "purge", "Delete what expired.", lambda _: purge_what_expired())
    command(jobs, "archive", "Archive what retention lets go.", lambda _: archive_what_may_leave())
    archive = commands.add_parser("archive", help="facts in files").add_subparsers(required=True, metavar="STEP")
    add_archive_commands(archive, command)
    demo = commands.add_parser("demo", help="the demo world").add_subparsers(required=True, metavar="STEP")
    command(demo, "load", "Migrate, and load the demo world where it is missing.", _demo)
    return parser


def _migrate(_: argparse.Namespace) -> None:
    upgrade_database(load_settings().database_url)


def _catalogue(_: argparse.Namespace) -> None:
    with database().begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, utc_now())


def _bill(given: argparse.Namespace) -> None:
    with database().begin(GlobalScope()) as session:
        tenants = [find_tenant(session, key).id for key in given.tenant] if given.tenant else None
    done = bill_due(
        database(),
        actor=ACTOR,
        tenant_ids=tenants,
        period=given.period,
        skip_grace=given.skip_grace,
        reason=given.reason,
    )
    print(f"{len(done.invoices)} documents; {len(done.failures)} payers failed; {len(done.busy)} were busy elsewhere")
    for payer_id, code, detail in done.failures:
        print(f"  {payer_id} {code}: {detail}", file=sys.stderr)


def _prove(_: argparse.Namespace) -> None:
    for tenant in _tenants():
        with database().begin(TenantScope(tenant.id)) as session:
            _tell_proof(tenant, prove_figures(session, tenant))


def _rebuild(_: argparse.Namespace) -> None:
    for tenant in _tenants():
        rebuilt = rebuild_usage(database(), tenant)
        print(
            f"{tenant.slug}: {len(rebuilt.hours)} hours differed;"
            f" {rebuilt.days} days folded anew, {len(rebuilt.wrong_days)} differed"
        )
        for wrong in rebuilt.hours:
            print(f"  {wrong.type}, {wrong.hour.isoformat()}: told {wrong.told}, now {wrong.facts}", file=sys.stderr)
        for values in rebuilt.values:
            _tell_values(tenant, values)
        for event_type, day in rebuilt.wrong_days:
            print(f"  {event_type}, the day from {day.starts_at.isoformat()}: folded wrongly", file=sys.stderr)
        _tell_proof(tenant, rebuilt.figures)


def _tell_values(tenant: TenantView, found: WrongValues) -> None:
    print(f"{tenant.slug}: {found.compared} facts looked at anew by {found.meter}, {found.wrong} values differed")
    for wrong in found.named:
        print(f"  event {wrong.event_key}: told {_as_text(wrong.told)}, now {_as_text(wrong.taken)}", file=sys.stderr)
    if found.wrong > len(found.named):
        print(f"  … and {found.wrong - len(found.named)} more", file=sys.stderr)


def _as_text(extract: Extract | None) -> str:
    """Return what a custom meter took of an event, for people; a thing may be text that a sender made up."""
    if extract is None:
        return "nothing"
    parts = [f"value {extract.value}"] if extract.value is not None else []
    parts += [f"thing {extract.item!a}"] if extract.item is not None else []
    parts += [f"{name}={text!a}" for name, text in sorted(extract.dimensions.items())]
    return " ".join(parts) or "an event without a value"


def _tenants() -> Sequence[TenantView]:
    with database().begin(StewardScope()) as session:
        return list_tenants(session)


def _rewrap(_: argparse.Namespace) -> None:
    unreadable = 0
    for tenant in _tenants():
        done = rewrap_keys(database(), tenant, Vault(*secret_keys()))
        print(
            f"{tenant.slug}: {done.anew} keys wrapped anew, {done.already} were already, {done.unreadable} not opened"
        )
        unreadable += done.unreadable
        with database().begin(TenantScope(tenant.id)) as session:
            reseal_secrets(session, tenant.id, utc_now())
            reseal_sso_secret(session, tenant.id)
            reseal_erasures(session, tenant.id)
    if unreadable:
        raise MissingSetting(
            f"{unreadable} keys open under neither SECRET_KEY nor SECRET_KEY_BEFORE. Set SECRET_KEY_BEFORE to the"
            " secret before, and run this again."
        )


def _tell_proof(tenant: TenantView, proof: Proof) -> None:
    print(f"{tenant.slug}: {proof.compared} figures measured anew, {len(proof.differences)} differed")
    for found in proof.differences:
        span = f"{found.period.starts_at.isoformat()} to {found.period.ends_at.isoformat()}"
        part = f" by {found.dimension}, {found.value or 'none'}" if found.dimension else ""
        print(f"  {found.meter}{part}, {span}: told {found.told}, now {found.measured}", file=sys.stderr)


def _user(given: argparse.Namespace) -> None:
    with database().begin(GlobalScope()) as session:
        tenant_id = find_tenant(session, given.tenant).id if given.tenant else None
        known = next((user for user in users_of(session, tenant_id) if user.email == given.email.lower()), None)
    with database().begin(TenantScope(tenant_id or VENDOR_ID)) as session:
        user = UserInput(given.email, given.email, given.role, tenant_id, given.cost_centre, given.password)
        user_id = known.id if known else create_user(session, user, ACTOR, utc_now())
        role = known.role if known else given.role
        key = create_api_key(session, KeyInput(user_id, role, "made by the command line"), ACTOR, utc_now())
    print(json.dumps({"user": str(user_id), "key": key.token}))


def _import_file(given: argparse.Namespace) -> None:
    with database().begin(GlobalScope()) as session:
        tenant = find_tenant(session, given.tenant)
    names = ("preset", "source", "zone", "order", "numbers", "encoding", "delimiter")
    said = {name: getattr(given, name) for name in names} | {"file_name": given.file.name}
    options = Options(**said, mapping=given.mapping.read_text() if given.mapping else "")
    view = load_file(database(), tenant, given.file, options, ACTOR, dry_run=given.dry_run)
    print(summary(database(), tenant, view))


def _demo(_: argparse.Namespace) -> None:
    # Only the demo needs its world; importing it costs every other command time.
    from app.demo.load import main as load_demo  # noqa: PLC0415

    # In one process: each start of one costs seconds that somebody waits for.
    upgrade_database(load_settings().database_url)
    load_demo()


if __name__ == "__main__":
    sys.exit(main())
