"""The API of answers: ask, look how far it is, read."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from billing.answers.actions.ask import ask, ask_about_file, cancel_answer
from billing.answers.offered import Offers
from billing.answers.questions import MarginsQuestion, ParallelFile, Question, SimulationQuestion
from billing.answers.reads.answers import answers_page, get_answer
from billing.answers.schemas import AnswerAnswer, AnswerPage
from core.clock import utc_now
from tenants.principal import Principal, require
from tenants.reads import find_tenant
from tenants.roles import Permission

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
NamedTenant = Annotated[str | None, Parameter(header="Tbk-Tenant", description="Only answers about this customer.")]


class SimulationController(Controller):
    """Invoices that would have been."""

    path = "/v1/simulations"
    tags = ("answers",)

    @post(sync_to_thread=True, status_code=202)
    def start(self, principal: Principal, steward: Session, offers: Offers, data: SimulationQuestion) -> AnswerAnswer:
        """Queue a simulation of customers under plans (published, draft or negotiated) and quotes on stored facts."""
        _may_ask(principal, data)
        return AnswerAnswer.of(ask(steward, data, principal.actor, utc_now(), offers))

    @get("/{answer_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, steward: Session, answer_id: UUID) -> AnswerAnswer:
        """Show how far a simulation is, and its invoices once it is done."""
        require(principal, Permission.TENANTS_READ)
        return AnswerAnswer.of(get_answer(steward, answer_id))


class ParallelController(Controller):
    """Another system's bills beside ours."""

    path = "/v1/parallel-runs"
    tags = ("answers",)

    @post(sync_to_thread=True, status_code=202)
    def start(self, principal: Principal, steward: Session, data: ParallelFile) -> AnswerAnswer:
        """Queue the comparison with a CSV file of another system's invoices; read it at `/v1/answers/{id}`."""
        require(principal, Permission.TENANTS_READ)
        return AnswerAnswer.of(ask_about_file(steward, data, principal.actor, utc_now()))


class AnswerController(Controller):
    """All questions of sales: simulations, licence models, concurrent licences, time-outs, definitions."""

    path = "/v1/answers"
    tags = ("answers",)

    @post(sync_to_thread=True, status_code=202)
    def start(self, principal: Principal, steward: Session, offers: Offers, data: Question) -> AnswerAnswer:
        """Queue a question; `kind` says which."""
        _may_ask(principal, data)
        return AnswerAnswer.of(ask(steward, data, principal.actor, utc_now(), offers))

    @get(sync_to_thread=True)
    def all(
        self, principal: Principal, steward: Session, tbk_tenant: NamedTenant = None,
        cursor: UUID | None = None, limit: Limit = 50,
    ) -> AnswerPage:  # fmt: skip
        """List questions, newest first, without their results."""
        require(principal, Permission.TENANTS_READ)
        customer = find_tenant(steward, tbk_tenant).id if tbk_tenant else None
        items = [AnswerAnswer.of(view) for view in answers_page(steward, customer, cursor, limit)]
        return AnswerPage(items, str(items[-1].id) if len(items) == limit else None)

    @get("/{answer_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, steward: Session, answer_id: UUID) -> AnswerAnswer:
        """Show how far an answer is, and its result once it is done."""
        require(principal, Permission.TENANTS_READ)
        return AnswerAnswer.of(get_answer(steward, answer_id))

    @post("/{answer_id:uuid}/cancel", sync_to_thread=True, status_code=200)
    def cancel(self, principal: Principal, steward: Session, answer_id: UUID) -> AnswerAnswer:
        """Stop working on an answer."""
        require(principal, Permission.TENANTS_READ)
        return AnswerAnswer.of(cancel_answer(steward, answer_id, principal.actor, utc_now()))


def _may_ask(principal: Principal, question: Question) -> None:
    require(principal, Permission.TENANTS_READ)
    if isinstance(question, SimulationQuestion) and question.quotes:
        require(principal, Permission.SUBSCRIPTIONS_READ)
    if isinstance(question, MarginsQuestion):
        require(principal, Permission.INVOICES_READ)


route_handlers = (SimulationController, ParallelController, AnswerController)
