"""The API of what is owed."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import zstandard
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from billing.actions.add_rates import ExchangeRateInput, TaxRateInput, add_rates
from billing.actions.bill_due import bill_due
from billing.actions.buy_credits import CreditsInput, buy_credits
from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.actions.refund_credits import RefundInput, refund_credits
from billing.actions.render_invoice import render_invoice
from billing.actions.void_invoice import void_invoice
from billing.actions.withdraw_credits import WithdrawalInput, withdraw_credits
from billing.evidence import manifest
from billing.reads import (
    InvoiceFilter,
    evidence_of,
    get_grant,
    get_invoice,
    get_run,
    grants_page,
    invoices_of_run,
    invoices_page,
    movements_page,
    payer_of,
    runs_page,
    transfers_page,
    trial_balance,
    usable,
)
from billing.schemas import (
    CreditBody,
    CreditsAnswer,
    CreditsBody,
    CreditsItem,
    CreditsPage,
    ExchangeRateBody,
    InvoiceAnswer,
    InvoiceItem,
    InvoicePage,
    MovementAnswer,
    MovementPage,
    ReasonBody,
    RefundAnswer,
    RefundBody,
    RunAnswer,
    RunBody,
    RunPage,
    TaxRateBody,
    TransferAnswer,
    TransferPage,
    TrialBalanceAnswer,
    WithdrawalAnswer,
)
from billing.schemas.amounts import MoneyAnswer
from core.db import Database
from core.errors import NotFound
from core.scope import VENDOR_ID, StewardScope, TenantScope
from tenants.principal import Principal, require
from tenants.reads import TenantView, find_tenant, get_tenant, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
NamedTenant = Annotated[str | None, Parameter(header="Tbk-Tenant", description="Only this customer's usage.")]
Until = Annotated[date | None, Parameter(query="until", description="The last booking date that counts.")]


class InvoiceRunController(Controller):
    """Runs: what is due is billed, each period once however often it is asked for."""

    path = "/v1/invoice-runs"
    tags = ("invoices",)

    @post(sync_to_thread=True)
    def start(
        self, principal: Principal, steward: Session, database: Database, data: RunBody, tbk_tenant: NamedTenant = None
    ) -> RunAnswer:
        """Bill what is due and answer with the documents; with `finalise: false` they stay drafts."""
        require(principal, Permission.INVOICES_WRITE)
        only = [find_tenant(steward, tbk_tenant).id] if tbk_tenant else None
        outcome = bill_due(
            database, actor=principal.actor, tenant_ids=only, period=data.period,
            skip_grace=data.skip_grace, reason=data.reason, finalise=data.finalise,
        )  # fmt: skip
        with database.begin(StewardScope()) as session:
            return _run_answer(session, outcome.run_id)

    @get(sync_to_thread=True)
    def all(self, principal: Principal, steward: Session, cursor: UUID | None = None, limit: Limit = 50) -> RunPage:
        """List runs, newest first."""
        require(principal, Permission.INVOICES_READ)
        found = runs_page(steward, cursor, limit)
        items = [RunAnswer.of(run, invoices_of_run(steward, run.id)) for run in found]
        return RunPage(items, _next(items, limit))

    @get("/{run_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, steward: Session, run_id: UUID) -> RunAnswer:
        """Show a run and its documents."""
        require(principal, Permission.INVOICES_READ)
        return _run_answer(steward, run_id)


class InvoiceController(Controller):
    """Invoices and credit notes. A vendor's key that names no customer reads those of all."""

    path = "/v1/invoices"
    tags = ("invoices",)

    @get(sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, database: Database,
        status: str | None = None, kind: str | None = None, cursor: UUID | None = None, limit: Limit = 50,
    ) -> InvoicePage:  # fmt: skip
        """List documents, newest first."""
        require(principal, Permission.INVOICES_READ)
        payer = _payer_named(session)
        wanted = InvoiceFilter(payer, status, kind, None, cursor, limit)
        with database.begin(TenantScope(payer) if payer else StewardScope()) as reading:
            items = [InvoiceItem.of(item) for item in invoices_page(reading, wanted)]
        return InvoicePage(items, _next(items, limit))

    @get("/{name:str}", sync_to_thread=True, media_type="application/json")
    def one(self, principal: Principal, session: Session, database: Database, name: str) -> Response[Any]:
        """Show a document; `{id}.pdf` gives it as PDF."""
        require(principal, Permission.INVOICES_READ)
        if name.endswith(".pdf"):
            return _pdf(session, database, _id(name.removesuffix(".pdf")))
        payer_id, invoice_id = _find(session, database, _id(name))
        with database.begin(TenantScope(payer_id)) as reading:
            return Response(InvoiceAnswer.of(get_invoice(reading, payer_id, invoice_id)))

    @get("/{name:str}/pdf", sync_to_thread=True, media_type="application/pdf")
    def pdf(self, principal: Principal, session: Session, database: Database, name: str) -> Response[bytes]:
        """Give a document as PDF/A-3b; an issued one has the same bytes for ever."""
        require(principal, Permission.INVOICES_READ)
        return _pdf(session, database, _id(name))

    @get("/{name:str}/evidence", sync_to_thread=True, media_type="application/x-ndjson")
    def evidence(self, principal: Principal, session: Session, database: Database, name: str) -> Response[bytes]:
        """Give the pseudonymous list of who was counted, one JSON object a line.

        Who pays for several others gets the list of their files, with lengths and hashes.
        """
        require(principal, Permission.INVOICES_READ)
        payer_id, invoice_id = _find(session, database, _id(name))
        with database.begin(TenantScope(payer_id)) as reading:
            files = get_invoice(reading, payer_id, invoice_id).evidence_files
        content, digest = _evidence(database, invoice_id, files)
        return Response(content, media_type="application/x-ndjson", headers={"ETag": f'"{digest}"'})

    @post("/{name:str}/finalise", sync_to_thread=True, status_code=200)
    def finalise(self, principal: Principal, session: Session, tenant: TenantView, name: str) -> InvoiceAnswer:
        """Issue a draft exactly as it stands: from then on it has a number and never changes."""
        require(principal, Permission.INVOICES_WRITE)
        finalise_invoice(session, tenant.id, _id(name), tenant_now(session, tenant), principal.actor)
        return InvoiceAnswer.of(get_invoice(session, tenant.id, _id(name)))

    @post("/{name:str}/refresh", sync_to_thread=True, status_code=200)
    def refresh(self, principal: Principal, session: Session, tenant: TenantView, name: str) -> InvoiceAnswer:
        """Reckon a draft anew with all facts known by now."""
        require(principal, Permission.INVOICES_WRITE)
        refresh_draft(session, tenant.id, _id(name), tenant_now(session, tenant), principal.actor)
        return InvoiceAnswer.of(get_invoice(session, tenant.id, _id(name)))

    @post("/{name:str}/void", sync_to_thread=True, status_code=200)
    def void(
        self, principal: Principal, session: Session, tenant: TenantView, name: str, data: ReasonBody
    ) -> InvoiceAnswer:
        """Withdraw an issued document: it keeps its number, its periods are billed anew by the next run."""
        require(principal, Permission.INVOICES_WRITE)
        now = tenant_now(session, tenant)
        void_invoice(session, tenant.id, _id(name), data.reason, principal.actor, now)
        return InvoiceAnswer.of(get_invoice(session, tenant.id, _id(name)))

    @post("/{name:str}/credit-notes", sync_to_thread=True)
    def credit(
        self, principal: Principal, session: Session, tenant: TenantView, name: str, data: CreditBody
    ) -> InvoiceAnswer:
        """Give back all that is left of an invoice, or amounts of its lines."""
        require(principal, Permission.INVOICES_WRITE)
        given = CreditInput(tenant.id, _id(name), data.reason, data.amounts(), data.rebill)
        note = credit_invoice(session, given, principal.actor, tenant_now(session, tenant))
        return InvoiceAnswer.of(get_invoice(session, tenant.id, note))


class CreditController(Controller):
    """Prepaid credits: bought or granted, they pay what is billed before tax until they are used up or expire."""

    path = "/v1/credits"
    tags = ("credits",)

    @get(sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, tenant: TenantView, cursor: UUID | None = None, limit: Limit = 50
    ) -> CreditsPage:
        """List a customer's credits, newest first, and what can be used of them now."""
        require(principal, Permission.INVOICES_READ)
        page = grants_page(session, tenant.id, cursor, limit)
        balances = [MoneyAnswer.of(sum_) for sum_ in usable(session, tenant.id, tenant_now(session, tenant))]
        return CreditsPage.of(page, balances, _next(list(page), limit))

    @post(sync_to_thread=True)
    def buy(
        self, principal: Principal, session: Session, tenant: TenantView, data: CreditsBody
    ) -> Response[CreditsAnswer]:
        """Sell credits, which is invoiced at once, or grant them; with `preview` the same request writes nothing."""
        require(principal, Permission.INVOICES_WRITE)
        told = msgspec.structs.asdict(data) | {
            "amount": data.amount.money("/amount"), "price": data.price.money("/price") if data.price else None,
            "charges": tuple(data.charges), "meters": tuple(data.meters),
        }  # fmt: skip
        given = CreditsInput(tenant.id, actor=principal.actor, **told)
        bought = buy_credits(session, given, tenant_now(session, tenant))
        answer = CreditsAnswer.of(bought.grant, bought.totals, bought.invoice_id, preview=data.preview)
        return Response(answer, status_code=200 if data.preview else 201)

    @get("/{grant_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, grant_id: UUID) -> CreditsItem:
        """Show a block of credits."""
        require(principal, Permission.INVOICES_READ)
        return CreditsItem.of(get_grant(session, tenant.id, grant_id))

    @get("/{grant_id:uuid}/movements", sync_to_thread=True)
    def movements(
        self, principal: Principal, session: Session, tenant: TenantView, grant_id: UUID,
        cursor: UUID | None = None, limit: Limit = 50,
    ) -> MovementPage:  # fmt: skip
        """List what came onto a block and went off it, newest first."""
        require(principal, Permission.INVOICES_READ)
        get_grant(session, tenant.id, grant_id)
        items = [MovementAnswer.of(moved) for moved in movements_page(session, tenant.id, grant_id, cursor, limit)]
        return MovementPage(items, _next(items, limit))

    @post("/{grant_id:uuid}/refund", sync_to_thread=True, status_code=200)
    def refund(
        self, principal: Principal, session: Session, tenant: TenantView, grant_id: UUID, data: RefundBody
    ) -> RefundAnswer:
        """Give back what is left of the price by a credit note, where the terms say so."""
        require(principal, Permission.INVOICES_WRITE)
        given = RefundInput(tenant.id, grant_id, data.reason, principal.actor, data.preview)
        held, net, note = refund_credits(session, given, tenant_now(session, tenant))
        return RefundAnswer(data.preview, CreditsItem.of(held), MoneyAnswer.of(net), note)

    @post("/{grant_id:uuid}/withdraw", sync_to_thread=True, status_code=200)
    def withdraw(
        self, principal: Principal, session: Session, tenant: TenantView, grant_id: UUID, data: RefundBody
    ) -> WithdrawalAnswer:
        """Take back what is left of credits that were granted for nothing."""
        require(principal, Permission.INVOICES_WRITE)
        given = WithdrawalInput(tenant.id, grant_id, data.reason, principal.actor, data.preview)
        held, amount = withdraw_credits(session, given, tenant_now(session, tenant))
        return WithdrawalAnswer(data.preview, CreditsItem.of(held), MoneyAnswer.of(amount))


class LedgerController(Controller):
    """The vendor's books."""

    path = "/v1/ledger"
    tags = ("ledger",)

    @get("/trial-balance", sync_to_thread=True)
    def balance(self, principal: Principal, steward: Session, until: Until = None) -> TrialBalanceAnswer:
        """Give debits less credits of every account; they sum to zero per currency at every moment."""
        require(principal, Permission.INVOICES_READ)
        return TrialBalanceAnswer.of(trial_balance(steward, until))

    @get("/transfers", sync_to_thread=True)
    def transfers(
        self, principal: Principal, steward: Session, tbk_tenant: NamedTenant = None,
        cursor: UUID | None = None, limit: Limit = 50,
    ) -> TransferPage:  # fmt: skip
        """List movements of money, newest first."""
        require(principal, Permission.INVOICES_READ)
        payer = find_tenant(steward, tbk_tenant).id if tbk_tenant else None
        items = [TransferAnswer.of(transfer) for transfer in transfers_page(steward, payer, cursor, limit)]
        return TransferPage(items, _next(items, limit))


class RateController(Controller):
    """Tax and exchange rates that bills rest on; a rate that is known for a day stays as it is."""

    path = "/v1"
    tags = ("invoices",)

    @post("/tax-rates", sync_to_thread=True)
    def tax(self, principal: Principal, steward: Session, data: TaxRateBody) -> TaxRateBody:
        """Add a country's standard rate of value added tax from a day on."""
        require(principal, Permission.INVOICES_WRITE)
        rate = TaxRateInput(data.country, data.valid_from, "S", Decimal(data.percent), data.source)
        add_rates(steward, [rate], [], principal.actor)
        return data

    @post("/exchange-rates", sync_to_thread=True)
    def exchange(self, principal: Principal, steward: Session, data: ExchangeRateBody) -> ExchangeRateBody:
        """Add an exchange rate from a day on."""
        require(principal, Permission.INVOICES_WRITE)
        pair = (data.currency, data.base_currency)
        add_rates(
            steward, [], [ExchangeRateInput(*pair, data.valid_from, Decimal(data.rate), data.source)], principal.actor
        )
        return data


def _run_answer(session: Session, run_id: UUID | None) -> RunAnswer:
    assert run_id is not None, "a run that was asked for is always recorded"
    return RunAnswer.of(get_run(session, run_id), invoices_of_run(session, run_id))


def _id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound("invoice", name) from None


def _payer_named(session: Session) -> UUID | None:
    """Return the acting tenant; None for a vendor's key that names nobody."""
    tenant_id: UUID = session.info["scope"].tenant_id
    return None if tenant_id == VENDOR_ID else tenant_id


def _find(session: Session, database: Database, invoice_id: UUID) -> tuple[UUID, UUID]:
    """Return payer and id of a document: the acting tenant's, or anybody's for the vendor's own view."""
    payer_id = _payer_named(session)
    if payer_id is None:
        with database.begin(StewardScope()) as steward:
            payer_id = payer_of(steward, invoice_id)
    return payer_id, invoice_id


def _pdf(session: Session, database: Database, invoice_id: UUID) -> Response[bytes]:
    payer_id, _ = _find(session, database, invoice_id)
    with database.begin(TenantScope(payer_id)) as writing:
        now = tenant_now(writing, get_tenant(writing, payer_id))
        content = render_invoice(writing, payer_id, invoice_id, now)
        number = get_invoice(writing, payer_id, invoice_id).number or "draft"
    shown = {"Content-Disposition": f'inline; filename="{number}.pdf"'}
    return Response(content, media_type="application/pdf", headers=shown)


def _evidence(database: Database, invoice_id: UUID, files: tuple[tuple[UUID, int, str], ...]) -> tuple[bytes, str]:
    listed = manifest(files)
    if len(files) != 1:
        return listed.content, listed.sha256
    [(consumer_id, _, digest)] = files
    with database.begin(TenantScope(consumer_id)) as session:
        [(_, _, content)] = evidence_of(session, consumer_id, invoice_id, [digest])
    return zstandard.decompress(content), digest


def _next(items: list[Any], limit: int) -> str | None:
    return str(items[-1].id) if len(items) == limit else None


route_handlers = (InvoiceRunController, InvoiceController, CreditController, LedgerController, RateController)
