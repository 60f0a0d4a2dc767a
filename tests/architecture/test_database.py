"""Every table is a tenant's and secured, or stands on the short list; models and migrations agree."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from core.db import Database
from core.scope import StewardScope

ROOT = Path(__file__).parents[2]

GLOBAL = {
    # read before a tenant is known
    "legal_entity", "tenant", "test_clock", "user_account", "user_session", "api_key", "sign_in_attempt",
    # the published catalogue
    "plan_family", "plan", "plan_version", "coupon",
    # shared by the customers of a legal entity, or by all
    "number_counter", "number_registry", "tax_rate", "exchange_rate",
    "alembic_version",
}  # fmt: skip

TABLES = text("""
    select c.relname, c.relrowsecurity, c.relforcerowsecurity,
           exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as owned,
           (select array_agg(a.attname order by array_position(i.indkey::int2[], a.attnum)) from pg_index i
              join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
             where i.indrelid = c.oid and i.indisprimary) as key,
           (select count(*) from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
""")


def test_every_table_is_a_tenants_and_secured_or_on_the_short_list(db: Database) -> None:
    with db.begin(StewardScope()) as session:
        tables = session.execute(TABLES).all()

    owned = {row.relname for row in tables if row.owned and row.relname not in GLOBAL}
    assert {row.relname for row in tables} - owned - GLOBAL == set()
    for row in tables:
        if row.relname in owned:
            assert row.relrowsecurity, row.relname
            assert row.relforcerowsecurity, row.relname
            assert row.policies >= 2, row.relname
            assert row.key[0] == "tenant_id", row.relname


def test_foreign_keys_and_unique_constraints_of_tenant_tables_lead_with_the_tenant(db: Database) -> None:
    query = text("""
        select c.conrelid::regclass::text as table_name, c.conname, a.attname
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.connamespace = 'public'::regnamespace and c.contype in ('u', 'f')
          and not (c.contype = 'f' and c.confrelid::regclass::text = any(:global))
    """)
    with db.begin(StewardScope()) as session:
        rows = session.execute(query, {"global": sorted(GLOBAL)}).all()

    assert {row for row in rows if row.table_name not in GLOBAL and row.attname != "tenant_id"} == set()


def test_the_serving_roles_cannot_pass_the_policies(db: Database) -> None:
    with db.begin(StewardScope()) as session:
        bypass = set(
            session.execute(
                text("select rolname from pg_roles where rolbypassrls and rolname like 'tollbook_%'")
            ).scalars()
        )
        owners = set(session.execute(text("select tableowner from pg_tables where schemaname = 'public'")).scalars())

    assert bypass <= {"tollbook_ingest"}
    assert owners == {"tollbook_owner"}


def test_models_and_migrations_agree(database_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
