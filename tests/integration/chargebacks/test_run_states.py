"""Who may make, approve and post a run, and what stays as it was written."""

import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.actions.step_period import step_period
from billing.chargebacks.actions.withdraw_run import withdraw_run
from billing.chargebacks.errors import (
    AlreadyChargedBack,
    ApproverIsMaker,
    InvoiceNotFinal,
    NoPoolLines,
    NoRules,
    PeriodNotOpen,
    RunState,
)
from billing.chargebacks.reads import (
    get_run,
    journal,
    runs,
    statements,
)
from core.db import Database
from core.errors import NotFound
from core.scope import TenantScope
from tenants.reads import TenantView
from tests.builders.world import ACTOR, World
from tests.integration.chargebacks.issued import NOVEMBER, Billed, issue
from tests.integration.chargebacks.steps import APPROVER, DIRECT, MAKER, amounts, posted, prepared


def test_a_preview_stores_nothing_and_a_run_is_exactly_it(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(777, counted={"A": 1, "B": 2})])
    with db.begin(TenantScope(acme.id)) as session:
        preview = preview_run(session, acme, "2026-10")
        assert runs(session, acme.id) == ()
        run = create_run(session, acme, "2026-10", MAKER, NOVEMBER)

    assert amounts(run.statements) == amounts(preview.statements)


def test_the_maker_cannot_approve_neither_by_code_nor_by_sql(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    with db.begin(TenantScope(acme.id)) as session:
        run = create_run(session, acme, "2026-10", MAKER, NOVEMBER)

    with pytest.raises(ApproverIsMaker), db.begin(TenantScope(acme.id)) as session:
        approve_run(session, acme.id, run.id, MAKER, NOVEMBER)
    with (
        pytest.raises(IntegrityError, match="ck_chargeback_run_approver_is_not_maker"),
        db.begin(TenantScope(acme.id)) as session,
    ):
        session.execute(text("update chargeback_run set approver = maker, approved_at = now(), status = 'approved'"))
    with (
        pytest.raises(IntegrityError, match="ck_chargeback_run_approved_by_somebody"),
        db.begin(TenantScope(acme.id)) as session,
    ):
        session.execute(text("update chargeback_run set status = 'approved'"))
    with db.begin(TenantScope(acme.id)) as session:
        assert get_run(session, acme.id, run.id).status == "draft"


@pytest.mark.parametrize(
    "statement",
    [
        "update chargeback_run set results = '{}'",
        "update chargeback_run set maker = gen_random_uuid()",
        "update chargeback_rule set share = '1/2'",
        "delete from chargeback_rule",
        "update statement set net_minor = 0",
        "delete from statement_line",
        "update journal_line set debit_minor = 1",
        "delete from chargeback_posting",
        "update cost_pool set net_minor = 0",
        "delete from pool_line",
    ],
)
def test_what_was_written_cannot_be_changed_by_the_service(db: Database, acme: TenantView, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), db.begin(TenantScope(acme.id)) as session:
        session.execute(text(statement))


def test_posting_again_changes_nothing(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    run = posted(db, acme)

    with db.begin(TenantScope(acme.id)) as session:
        again = post_run(session, acme.id, run.id, ACTOR, NOVEMBER)
        assert again == run
        assert len(statements(session, acme.id)) == 1
        assert len({line.document for line in journal(session, acme.id)}) == 2


def test_a_line_is_posted_once_whichever_run_comes_first(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    with db.begin(TenantScope(acme.id)) as session:
        two = [create_run(session, acme, "2026-10", MAKER, NOVEMBER) for _ in range(2)]
        for run in two:
            approve_run(session, acme.id, run.id, APPROVER, NOVEMBER)
    outcomes: list[object] = []

    def post(run_id: UUID) -> None:
        try:
            with db.begin(TenantScope(acme.id)) as session:
                outcomes.append(post_run(session, acme.id, run_id, ACTOR, NOVEMBER).status)
        except AlreadyChargedBack as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=post, args=(run.id,)) for run in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == ["already_charged_back", "posted"]
    with db.begin(TenantScope(acme.id)) as session:
        assert [s.sums.net.amount_minor for s in statements(session, acme.id)] == [100]
        assert sorted(run.status for run in runs(session, acme.id)) == ["approved", "posted"]


def test_only_approved_runs_are_posted_and_posted_ones_are_final(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    with db.begin(TenantScope(acme.id)) as session:
        run = create_run(session, acme, "2026-10", MAKER, NOVEMBER)
    with pytest.raises(RunState), db.begin(TenantScope(acme.id)) as session:
        post_run(session, acme.id, run.id, ACTOR, NOVEMBER)
    with db.begin(TenantScope(acme.id)) as session:
        gone = withdraw_run(session, acme.id, run.id, "wrong rules", ACTOR, NOVEMBER)
        assert (gone.status, gone.reason) == ("withdrawn", "wrong rules")

    final = posted(db, acme)

    with pytest.raises(RunState), db.begin(TenantScope(acme.id)) as session:
        withdraw_run(session, acme.id, final.id, "too late", ACTOR, NOVEMBER)
    with pytest.raises(NoPoolLines), db.begin(TenantScope(acme.id)) as session:
        create_run(session, acme, "2026-10", MAKER, NOVEMBER)


def test_a_pool_is_made_once_and_only_of_what_was_issued(db: Database, acme: TenantView) -> None:
    invoice_id = issue(db, acme, Billed(100, counted={"A": 1}))
    with db.begin(TenantScope(acme.id)) as session:
        first = create_pool_from_invoice(session, acme, invoice_id, ACTOR, NOVEMBER)
        assert create_pool_from_invoice(session, acme, invoice_id, ACTOR, NOVEMBER) == first
        with pytest.raises(NotFound):
            create_pool_from_invoice(session, acme, uuid4(), ACTOR, NOVEMBER)
        with pytest.raises(NoRules):
            preview_run(session, acme, "2026-10")
    other = issue(db, acme, Billed(100, counted={"A": 1}))
    with db.begin(TenantScope(acme.id)) as session:
        session.execute(text("update invoice set status = 'void'"))
    with pytest.raises(InvoiceNotFinal), db.begin(TenantScope(acme.id)) as session:
        create_pool_from_invoice(session, acme, other, ACTOR, NOVEMBER)


def test_a_soft_month_takes_no_new_run_and_a_closed_one_nothing(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    with db.begin(TenantScope(acme.id)) as session:
        run = create_run(session, acme, "2026-10", MAKER, NOVEMBER)
        approve_run(session, acme.id, run.id, APPROVER, NOVEMBER)
        step_period(session, acme, "2026-10", "soften", ACTOR, NOVEMBER)
    with pytest.raises(PeriodNotOpen), db.begin(TenantScope(acme.id)) as session:
        create_run(session, acme, "2026-10", MAKER, NOVEMBER)
    with db.begin(TenantScope(acme.id)) as session:
        step_period(session, acme, "2026-10", "close", ACTOR, NOVEMBER)
    with pytest.raises(PeriodNotOpen), db.begin(TenantScope(acme.id)) as session:
        post_run(session, acme.id, run.id, ACTOR, NOVEMBER)


def test_another_tenant_sees_nothing_of_it(db: Database, world: World, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    run = posted(db, acme)
    beta = world.tenant("beta")

    with db.begin(TenantScope(beta.id)) as session:
        for table in (
            "cost_pool",
            "pool_line",
            "chargeback_rule",
            "chargeback_run",
            "statement",
            "statement_line",
            "journal_line",
        ):
            assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0
        with pytest.raises(NotFound):
            get_run(session, acme.id, run.id)
