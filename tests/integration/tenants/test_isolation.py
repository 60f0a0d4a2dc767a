"""Row-level security, by raw SQL as the service's roles."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.db import Database
from core.ids import new_id
from core.scope import GlobalScope, StewardScope, TenantScope

A, B = UUID(int=1), UUID(int=2)
INSERT = text(
    "insert into audit_entry (tenant_id, id, at, actor, action, object_type, object_id)"
    " values (:tenant_id, :id, now(), 'x', 'x', 'x', 'x')"
)


def test_no_tenant_set_shows_no_rows(db: Database) -> None:
    with db.begin(TenantScope(A)) as session:
        session.execute(INSERT, {"tenant_id": A, "id": new_id()})

    with db.begin(GlobalScope()) as session:
        assert session.execute(text("select count(*) from audit_entry")).scalar_one() == 0
    with db.begin(TenantScope(B)) as session:
        assert session.execute(text("select count(*) from audit_entry")).scalar_one() == 0
    with db.begin(StewardScope()) as session:
        assert session.execute(text("select count(*) from audit_entry")).scalar_one() == 1


def test_a_row_of_another_tenant_cannot_be_written(db: Database) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), db.begin(TenantScope(A)) as session:
        session.execute(INSERT, {"tenant_id": B, "id": new_id()})


def test_reset_role_does_not_lead_back_to_the_owner(db: Database) -> None:
    with db.begin(GlobalScope()) as session:
        session.execute(text("reset role"))
        assert session.execute(text("select current_user")).scalar_one() == "tollbook_app"


def test_append_only_tables_refuse_update_and_delete(db: Database) -> None:
    for statement in ("update audit_entry set actor = 'y'", "delete from audit_entry"):
        with pytest.raises(ProgrammingError, match="permission denied"), db.begin(TenantScope(A)) as session:
            session.execute(text(statement))
