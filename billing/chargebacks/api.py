"""The API of chargeback."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Controller, Response, get, post, put
from litestar.params import Parameter
from sqlalchemy.orm import Session

from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.pool_the_month import pool_the_month
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.actions.step_period import step_period
from billing.chargebacks.actions.withdraw_run import withdraw_run
from billing.chargebacks.hledger import journal_to_hledger
from billing.chargebacks.journal import journal_csv
from billing.chargebacks.reads import (
    current_rules,
    explain_statement,
    get_pool,
    get_run,
    journal,
    period_states,
    pools,
    runs,
    sankey,
    statements,
)
from billing.chargebacks.schemas import (
    ChartAnswer,
    PeriodAnswer,
    PeriodBody,
    PoolAnswer,
    PoolBody,
    RulesBody,
    RuleSetAnswer,
    RunAnswer,
    RunBody,
    StatementAnswer,
    StatementItem,
    WithdrawBody,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission
from tenants.schemas import Page

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
JournalFormat = Annotated[Literal["csv", "hledger"], Parameter(query="format")]


class CostPoolController(Controller):
    """What is to be recovered."""

    path = "/v1/cost-pools"
    tags = ("chargeback",)

    @get(sync_to_thread=True)
    def pools(
        self, principal: Principal, session: Session, tenant: TenantView,
        period: str | None = None, cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List cost pools with their lines, newest first."""
        require(principal, Permission.CHARGEBACK_READ)
        found = pools(session, tenant.id, period=period, before=cursor, limit=limit)
        return Page([PoolAnswer.of(pool) for pool in found], str(found[-1].id) if len(found) == limit else None)

    @get("/{pool_id:uuid}", sync_to_thread=True)
    def pool(self, principal: Principal, session: Session, tenant: TenantView, pool_id: UUID) -> PoolAnswer:
        """Show a cost pool."""
        require(principal, Permission.CHARGEBACK_READ)
        return PoolAnswer.of(get_pool(session, tenant.id, pool_id))

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, tenant: TenantView, data: PoolBody) -> PoolAnswer:
        """Make a cost pool of an issued invoice; an invoice that has one gets that again."""
        require(principal, Permission.CHARGEBACK_WRITE)
        now = tenant_now(session, tenant)
        pool = create_pool_from_invoice(session, tenant, data.invoice_id, principal.actor, now, month=data.period)
        return PoolAnswer.of(pool)


class RuleController(Controller):
    """How it is divided."""

    path = "/v1/chargeback/rules"
    tags = ("chargeback",)

    @get(sync_to_thread=True)
    def rules(self, principal: Principal, session: Session, tenant: TenantView) -> RuleSetAnswer:
        """Show the rules in force, in their order, each with its sentence."""
        require(principal, Permission.CHARGEBACK_READ)
        return RuleSetAnswer.of(current_rules(session, tenant.id))

    @put(sync_to_thread=True)
    def put_rules(self, principal: Principal, session: Session, tenant: TenantView, data: RulesBody) -> RuleSetAnswer:
        """Replace the rules; runs that exist keep theirs."""
        require(principal, Permission.CHARGEBACK_WRITE)
        now = tenant_now(session, tenant)
        return RuleSetAnswer.of(set_rules(session, tenant, data.rules, principal.actor, now))


class RunController(Controller):
    """Runs: made by one, approved by another, posted."""

    path = "/v1/chargeback/runs"
    tags = ("chargeback",)

    @get(sync_to_thread=True)
    def runs(
        self, principal: Principal, session: Session, tenant: TenantView,
        period: str | None = None, cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List runs, newest first."""
        require(principal, Permission.CHARGEBACK_READ)
        found = runs(session, tenant.id, period=period, before=cursor, limit=limit)
        return Page([RunAnswer.of(run) for run in found], str(found[-1].id) if len(found) == limit else None)

    @get("/{run_id:uuid}", sync_to_thread=True)
    def run(self, principal: Principal, session: Session, tenant: TenantView, run_id: UUID) -> RunAnswer:
        """Show a run with its sums per cost centre."""
        require(principal, Permission.CHARGEBACK_READ)
        return RunAnswer.of(get_run(session, tenant.id, run_id))

    @get("/{run_id:uuid}/flows", sync_to_thread=True)
    def flows(self, principal: Principal, session: Session, tenant: TenantView, run_id: UUID) -> list[ChartAnswer]:
        """Show how money flows from lines through rules to cost centres, one chart a currency."""
        require(principal, Permission.CHARGEBACK_READ)
        return [ChartAnswer.of(chart) for chart in sankey(session, tenant.id, run_id)]

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, tenant: TenantView, data: RunBody) -> Response[RunAnswer]:
        """Make a run of a month's pools, or with `preview` say what it would be and store nothing."""
        if data.preview:
            require(principal, Permission.CHARGEBACK_READ)
            with session.begin_nested() as trial:  # pools that the run would make are tried out too
                pool_the_month(session, tenant, data.period, principal.actor, tenant_now(session, tenant))
                preview = preview_run(session, tenant, data.period, data.rules)
                trial.rollback()
            return Response(RunAnswer.of_preview(preview), status_code=200)
        require(principal, Permission.CHARGEBACK_WRITE)
        run = create_run(session, tenant, data.period, principal.user_id, tenant_now(session, tenant))
        return Response(RunAnswer.of(run), status_code=201)

    @post("/{run_id:uuid}/approve", sync_to_thread=True, status_code=200)
    def approve(self, principal: Principal, session: Session, tenant: TenantView, run_id: UUID) -> RunAnswer:
        """Approve a run that somebody else made."""
        require(principal, Permission.CHARGEBACK_APPROVE)
        now = tenant_now(session, tenant)
        return RunAnswer.of(approve_run(session, tenant.id, run_id, principal.user_id, now))

    @post("/{run_id:uuid}/post", sync_to_thread=True, status_code=200)
    def post_one(self, principal: Principal, session: Session, tenant: TenantView, run_id: UUID) -> RunAnswer:
        """Write statements and journal of an approved run; a posted one is answered as it is."""
        require(principal, Permission.CHARGEBACK_WRITE)
        now = tenant_now(session, tenant)
        return RunAnswer.of(post_run(session, tenant.id, run_id, principal.actor, now))

    @post("/{run_id:uuid}/withdraw", sync_to_thread=True, status_code=200)
    def withdraw(
        self, principal: Principal, session: Session, tenant: TenantView, run_id: UUID, data: WithdrawBody
    ) -> RunAnswer:
        """Take a run back that is not posted."""
        require(principal, Permission.CHARGEBACK_WRITE)
        now = tenant_now(session, tenant)
        return RunAnswer.of(withdraw_run(session, tenant.id, run_id, data.reason, principal.actor, now))


class StatementController(Controller):
    """What each cost centre carries, and why."""

    path = "/v1/chargeback"
    tags = ("chargeback",)

    @get("/statements", sync_to_thread=True)
    def statements(
        self, principal: Principal, session: Session, tenant: TenantView,
        period: str | None = None, cost_centre: str | None = None,
        cursor: UUID | None = None, limit: Limit = 500,
    ) -> Page:  # fmt: skip
        """List posted statements; the owner of a cost centre sees those of their own."""
        require(principal, Permission.STATEMENT_READ)
        if not _may_see(principal, cost_centre):
            return Page([], None)
        centre = cost_centre or principal.cost_centre
        found = statements(session, tenant.id, period=period, cost_centre=centre, after=cursor, limit=limit)
        return Page([StatementItem.of(one) for one in found], str(found[-1].id) if len(found) == limit else None)

    @get("/statements/{statement_id:uuid}", sync_to_thread=True)
    def statement(
        self, principal: Principal, session: Session, tenant: TenantView, statement_id: UUID
    ) -> StatementAnswer:
        """Show a statement with the rules, shares and drivers behind each line."""
        require(principal, Permission.STATEMENT_READ)
        return StatementAnswer.explained(explain_statement(session, tenant.id, statement_id, principal.cost_centre))

    @get("/journal", sync_to_thread=True)
    def journal(
        self, principal: Principal, session: Session, tenant: TenantView,
        file_format: JournalFormat = "csv", period: str | None = None, run_id: UUID | None = None,
    ) -> Response[str]:  # fmt: skip
        """Give the journal of posted runs, as CSV for an ERP or as an hledger journal."""
        require(principal, Permission.CHARGEBACK_READ)
        text = journal_csv(journal(session, tenant.id, period=period, run_id=run_id))
        if file_format == "hledger":
            return _file(journal_to_hledger(text), "text/plain", "chargeback.journal")
        return _file(text, "text/csv", "chargeback.csv")

    @get("/periods", sync_to_thread=True)
    def periods(self, principal: Principal, session: Session, tenant: TenantView) -> list[PeriodAnswer]:
        """List the months that are not simply open, newest first."""
        require(principal, Permission.CHARGEBACK_READ)
        return [PeriodAnswer(found.period, found.status) for found in period_states(session, tenant.id)]

    @put("/periods/{period:str}", sync_to_thread=True)
    def step(
        self, principal: Principal, session: Session, tenant: TenantView, period: str, data: PeriodBody
    ) -> PeriodAnswer:
        """Step a month from open over soft to closed."""
        require(principal, Permission.CHARGEBACK_WRITE)
        done = step_period(session, tenant, period, data.step, principal.actor, tenant_now(session, tenant))
        return PeriodAnswer(done.period, done.status)


def _may_see(principal: Principal, cost_centre: str | None) -> bool:
    return principal.cost_centre is None or cost_centre in (None, principal.cost_centre)


def _file(text: str, media_type: str, name: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=f"{media_type}; charset=utf-8", headers=headers)


route_handlers = (CostPoolController, RuleController, RunController, StatementController)
