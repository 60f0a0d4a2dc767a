"""What must never happen to a subscription is refused by the database itself, whoever writes."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.scope import TenantScope
from plans.reads import periods
from tests.builders.contracts import begin, days

TILE = (
    "insert into billing_period (tenant_id, subscription_id, starts_at, ends_at, prev_ends_at, full_starts_at, full_ends_at)"
    " values (:tenant, :subscription, :starts, :ends, :prev, :starts, :ends)"
)


@pytest.mark.parametrize(
    ("starts", "ends", "prev", "constraint"),
    [
        ("2026-04-01", "2026-05-01", None, "uq_billing_period_head"),  # a second head: a gap
        ("2026-04-01", "2026-05-01", "2026-04-01", "fk_billing_period_previous"),  # points at nobody: a gap
        ("2026-03-30 22:00", "2026-05-01", "2026-04-01", "ck_billing_period_tiles"),  # points elsewhere than its start
        ("2026-02-27 23:00", "2026-03-15", "2026-02-27 23:00", "pk_billing_period"),  # the same start: an overlap
        ("2026-03-01", "2026-03-30 22:00", "2026-03-01", "uq_billing_period_end"),  # the same end: an overlap
        ("2026-03-30 22:00", "2026-03-30 22:00", "2026-03-30 22:00", "ck_billing_period_span"),  # no length
    ],
)
def test_gaps_and_overlaps_of_billing_periods_are_refused_by_constraint(db, tenant, starts, ends, prev, constraint):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
        assert days(session, held)[-1] == "2026-03-31T00:00"  # 2026-03-30 22:00 in UTC

    row = {
        "tenant": tenant.id,
        "subscription": held.id,
        "starts": f"{starts}+00",
        "ends": f"{ends}+00",
        "prev": prev and f"{prev}+00",
    }
    with pytest.raises(IntegrityError) as refused, db.begin(TenantScope(tenant.id)) as session:
        session.execute(text(TILE), row)

    assert isinstance(refused.value.orig, psycopg.Error)
    assert refused.value.orig.diag.constraint_name == constraint


def test_moving_an_end_away_from_its_successor_is_refused(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)

    with pytest.raises(IntegrityError, match="fk_billing_period_previous"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text("update billing_period set ends_at = '2026-02-20' where prev_ends_at is null"))
    with pytest.raises(IntegrityError, match="fk_billing_period_previous"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text("delete from billing_period where prev_ends_at is null"))
    with db.begin(TenantScope(tenant.id)) as session:
        assert len(periods(session, tenant.id, held.id)) == 2


def test_two_base_plans_at_once_or_a_gap_between_them_are_refused(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
    item = (
        "insert into subscription_item (tenant_id, subscription_id, slot, starts_at, ends_at, prev_ends_at, version_id, quantity)"
        " select tenant_id, subscription_id, slot, :starts, null, :prev, version_id, 1 from subscription_item"
        " where subscription_id = :subscription"
    )

    for prev in (None, "2026-03-01+00", "2026-02-28+00"):
        with pytest.raises(IntegrityError), db.begin(TenantScope(tenant.id)) as session:
            session.execute(text(item), {"starts": "2026-03-01+00", "prev": prev, "subscription": held.id})


@pytest.mark.parametrize(
    "statement",
    [
        "update plan_version set document = '{}'",
        "update plan_version set number = number + 1",
        "delete from plan_version",
        "update plan set rank = 9",
        "update subscription set currency = 'USD'",
        "update subscription set starts_at = now()",
        "delete from subscription",
        "update subscription_item set version_id = version_id",
        "update billing_period set starts_at = now()",
    ],
)
def test_what_is_published_or_agreed_on_cannot_be_rewritten_by_the_service(db, tenant, statement):
    with db.begin(TenantScope(tenant.id)) as session:
        begin(session, tenant)

    with pytest.raises(ProgrammingError, match="permission denied"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text(statement))


def test_a_version_that_the_first_period_is_under_cannot_be_deleted_by_the_service(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        begin(session, tenant)

    with db.begin(TenantScope(tenant.id)) as session:
        assert session.execute(text("select count(*) from subscription_item")).scalar_one() > 0
        assert session.execute(text("delete from subscription_item returning 1")).all() == []
