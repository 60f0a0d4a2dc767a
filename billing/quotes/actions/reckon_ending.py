"""What a contract that is replaced will still bill, and what is then left of its prepaid credits."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from billing.actions.rate_subscription import Wanted, history_of, issued_documents
from billing.answers.actions.simulate import Standing, carry_on, taxes_for
from billing.answers.reads.figures import Figures
from billing.answers.results import SimulatedInvoice, simulated_invoice
from billing.history import reaches_back
from billing.prepaid import Balance, StillPaid
from billing.reads import balances, billed_periods, still_paid
from core.acting import act_for
from core.money import Money
from plans.changes import Decision
from plans.periods import Span
from plans.reads import periods
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("CreditsLeft", "Ending", "reckon_ending")


@dataclass(frozen=True, slots=True)
class CreditsLeft:
    """Credits that came with the contract: after its last bill they pay nothing any more."""

    name: str
    left: Money
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a contract that is replaced."""

    key: str
    plan_name: str
    ends_at: datetime
    documents: tuple[SimulatedInvoice, ...]
    """What it still bills, use as far as it is known: the very lines of its last documents."""
    credits: tuple[CreditsLeft, ...]


def reckon_ending(session: Session, tenant: TenantView, decision: Decision, now: datetime) -> Ending:
    """Bill the contract to its end by the code that bills, and write nothing.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        decision: what its cancellation makes of it.
        now: the customer's time.

    Raises:
        TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
    """
    ended = decision.after
    history = history_of(session, Wanted(tenant, ended, (), now))
    tiling = _to_its_end(ended, [view.span for view in periods(session, tenant.id, ended.id)], decision.effective_at)
    since = reaches_back(ended, tiling, now)
    kept = {span.period.starts_at: span for span in tiling if span.period.starts_at >= since}
    known = billed_periods(session, tenant.id, ended.id, since)
    issued = issued_documents(session, known, history.revisions)
    claimed = frozenset((one.timing, one.period.starts_at) for one in known if one.invoice_id in (None, *issued))
    credits_, paid = _credits(session, tenant, ended)
    standing = Standing(tenant, taxes_for(session, tenant), replace(history, spans=kept), claimed, credits_, paid)
    sources = Figures(session, tenant, [ended]).as_billed(tiling[-1].period, now)
    made, left = carry_on(ended, standing, sources, now)
    return Ending(
        key=ended.key,
        plan_name=ended.plan_name,
        ends_at=decision.effective_at,
        documents=tuple(simulated_invoice(one.draft) for one in made),
        credits=tuple(
            CreditsLeft(one.name, Money(one.remaining_minor, ended.currency), one.expires_at)
            for one in left
            if one.subscription_id == ended.id and one.remaining_minor
        ),
    )


def _to_its_end(ended: SubscriptionView, stored: list[Span], at: datetime) -> list[Span]:
    """Return the stored periods that stay as they are, and those that follow up to the end."""
    stay = [span for span in stored if span.period.ends_at <= at]
    since = stay[-1].period.ends_at if stay else ended.starts_at
    return stay if since >= at else [*stay, *ended.spans_until(at, since)]


def _credits(
    session: Session, tenant: TenantView, ended: SubscriptionView
) -> tuple[tuple[Balance, ...], tuple[StillPaid, ...]]:
    payer_id = tenant.payer_id
    with act_for(session, payer_id):
        paid = still_paid(session, payer_id, {ended.id})
        besides = {one.grant_id for one in paid}
        return balances(session, payer_id, tenant.legal_entity_id, ended.currency, besides), paid
