"""The documents that a contract would have made on stored facts: the invoice run's own code, nothing stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.compose_draft import Taxes, draft_line
from billing.actions.rate_subscription import SubscriptionBill, Wanted, reckon
from billing.answers.assumed import Assumed, assume
from billing.answers.contracts import NOBODY, Terms, contract
from billing.answers.questions import AssumedSeats
from billing.answers.reads.figures import Figures
from billing.drafts import Claim, Draft, DraftLine, paid_with_credits
from billing.due import DueItem, Question, Timing, due_items
from billing.history import LOOK_BACK, History, reaches_back
from billing.prepaid import Balance, StillPaid
from billing.reads import BilledPeriodView, RevisionView, tax_rates
from core.periods import local_date
from plans.periods import Span
from plans.rating import Sources
from plans.reads.offers import refuse_unfit
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView, get_legal_entity, get_tenant

__all__ = (
    "Simulated",
    "Standing",
    "assume_seats",
    "carry_on",
    "fitting",
    "simulate",
    "simulate_subscription",
    "taxes_for",
)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A document that would have been: what was billed on one day."""

    closed_at: datetime
    draft: Draft


def taxes_for(session: Session, tenant: TenantView) -> Taxes:
    """Return what taxes of a tenant's documents depend on."""
    payer = get_tenant(session, tenant.payer_id)
    return Taxes(get_legal_entity(session, tenant.legal_entity_id), payer, tax_rates(session))


def simulate(figures: Figures, terms: Terms, taxes: Taxes, sources: Sources | None = None) -> tuple[Simulated, ...]:
    """Bill a contract from its first to its last day as far as facts are known now.

    Each bill is reckoned when its period ends, from what the bills before it said; so the result is
    what the invoice run makes of a subscription with these terms that is billed today.

    Args:
        figures: the tenant's, for these terms.
        terms: the contract.
        taxes: of the tenant's documents (`taxes_for`).
        sources: other figures than those measured, for instance scaled ones.

    Returns:
        Documents by the day on which they would have been due, without those that have no line.

    Raises:
        CurrencyNotPriced: a charge has no price in the contract's currency (`currency_not_priced`).
        IntervalDiffers: an add-on is billed at another interval (`interval_differs`).
        TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
    """
    return simulate_subscription(figures, fitting(figures.tenant, terms), taxes, sources)


def fitting(tenant: TenantView, terms: Terms) -> SubscriptionView:
    """Return the subscription that the terms would be, where its versions fit together.

    Raises:
        CurrencyNotPriced, IntervalDiffers: they do not.
    """
    subscription = contract(tenant, terms)
    refuse_unfit(subscription)
    return subscription


def simulate_subscription(
    figures: Figures, subscription: SubscriptionView, taxes: Taxes, sources: Sources | None = None
) -> tuple[Simulated, ...]:
    """Do so for a subscription at hand, with all its phases; it has an end.

    Raises:
        TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
    """
    assert subscription.ends_at is not None, "what is simulated has an end"
    tiling = tuple(subscription.spans_until(subscription.ends_at))
    if sources is None:
        figures.prepare(subscription, [span.period for span in tiling])
        sources = figures.sources(subscription)
    books = _Books(figures.tenant, subscription, tiling, sources, taxes)
    for at in _last_of_days([subscription.starts_at, *(span.period.ends_at for span in tiling)], subscription):
        figures.progress.touch()
        books.bill(at)
    return tuple(books.made)


def assume_seats(
    figures: Figures, subscription: SubscriptionView, seats: AssumedSeats, sources: Sources | None = None
) -> Assumed:
    """Return a contract's figures with assumed seats where nothing was counted in any of its periods; it has an end.

    Args:
        figures: the tenant's.
        subscription: in whose periods it is looked whether any seat was counted.
        seats: what is assumed.
        sources: figures of another contract for the same customer; None: this one's.
    """
    assert subscription.ends_at is not None, "what is simulated has an end"
    periods = [span.period for span in subscription.spans_until(subscription.ends_at)]
    figures.prepare(subscription, periods)
    return assume(sources or figures.sources(subscription), seats, periods)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a real subscription's books stand."""

    tenant: TenantView
    """Who consumes."""
    taxes: Taxes
    """Of its documents."""
    history: History
    claimed: frozenset[tuple[Timing, datetime]]
    """What is on a document that was issued: timing and start."""
    credits: tuple[Balance, ...]
    paid: tuple[StillPaid, ...]


def carry_on(
    subscription: SubscriptionView, standing: Standing, sources: Sources, now: datetime
) -> tuple[tuple[Simulated, ...], tuple[Balance, ...]]:
    """Bill what is left of a subscription that ends, from where its books stand, and store nothing.

    Args:
        subscription: as it will be, with its end.
        standing: its books; the spans of their history tile its life to its end.
        sources: use as far as it is known.
        now: the tenant's time.

    Returns:
        The documents to come, and what is then left of the credits.
    """
    history = standing.history
    tiling = tuple(sorted(history.spans.values(), key=lambda span: span.period))
    books = _Books(
        standing.tenant, subscription, tiling, sources, standing.taxes,
        billed=list(history.billed),
        revisions={place: list(listed) for place, listed in history.revisions.items()},
        claimed=set(standing.claimed),
        credits={balance.id: balance for balance in standing.credits},
        paid=list(standing.paid),
        late_since=history.late_since, changed=history.changed,
    )  # fmt: skip
    ends = (span.period.ends_at for span in tiling)
    for at in _last_of_days([now, *(at for at in ends if at > now)], subscription):
        books.bill(at)
    return tuple(books.made), tuple(books.credits.values())


def _last_of_days(instants: Iterable[datetime], subscription: SubscriptionView) -> tuple[datetime, ...]:
    """Return the last instant of each local day: what ends on one day shares a document."""
    return tuple({local_date(at, subscription.schedule.tz): at for at in sorted(instants)}.values())


@dataclass(slots=True)
class _Books:
    """What a simulated subscription was billed so far."""

    tenant: TenantView
    subscription: SubscriptionView
    tiling: tuple[Span, ...]
    sources: Sources
    taxes: Taxes
    made: list[Simulated] = field(default_factory=list)
    billed: list[BilledPeriodView] = field(default_factory=list)
    revisions: dict[tuple[str, datetime], list[RevisionView]] = field(default_factory=dict)
    claimed: set[tuple[Timing, datetime]] = field(default_factory=set)
    credits: dict[UUID, Balance] = field(default_factory=dict)
    """Prepaid credits that came with the plan."""
    paid: list[StillPaid] = field(default_factory=list)
    """What they paid, less what came back, in order."""
    late_since: datetime | None = None
    changed: datetime | None = None
    """As in a history: nothing comes late in a simulation from the start."""

    def bill(self, now: datetime) -> None:
        """Bill what is due at an instant, a document for each day on which something closed."""
        tz = self.subscription.schedule.tz
        begun = [span.period for span in self.tiling if span.period.starts_at <= now]
        question = Question(now, timedelta(0), tz)
        due = due_items(self.tenant.id, self.subscription.id, begun, self.claimed, question)
        by_day = groupby(sorted(due, key=lambda item: item.closes_on(tz)), key=lambda item: item.closes_on(tz))
        for _, items in by_day:
            self._document(tuple(sorted(items, key=lambda item: (item.period, item.timing))), now)

    def _document(self, items: tuple[DueItem, ...], now: datetime) -> None:
        wanted = Wanted(self.tenant, self.subscription.at(now), items, now)
        bill = reckon(wanted, self._history(now), self.sources)
        self.claimed |= {(item.timing, item.period.starts_at) for item in items}
        if not bill.parts:
            return
        invoice_id = UUID(int=len(self.made) + 1)
        self._note(bill, items, invoice_id, now)
        lines = self._paid([draft_line(self.tenant, bill, part, self.taxes, now) for part in bill.parts])
        claims = tuple(
            Claim(
                consumer_tenant_id=item.tenant_id,
                subscription_id=item.subscription_id,
                timing=item.timing,
                starts_at=item.period.starts_at,
                ends_at=item.period.ends_at,
            )
            for item in items
        )
        draft = Draft(currency=self.subscription.currency, claims=claims, lines=lines, evidence=(), measured_at=now)
        self.made.append(Simulated(now, draft))

    def _paid(self, lines: list[DraftLine]) -> tuple[DraftLine, ...]:
        """Return the lines with what credits pay of them; what they sell pays from the next document on."""
        paid = paid_with_credits(lines, self.credits.values(), self.subscription.currency, self.paid)
        for place, line in enumerate(paid):
            assert line.grant_id is not None, "what pays names its block"
            held = self.credits[line.grant_id]
            self.credits[held.id] = replace(held, remaining_minor=held.remaining_minor + line.amount_minor)
            self._note_paid(line, UUID(int=len(self.made) << 32 | place), held.id)
        for line in lines:
            if line.block is not None:
                brought = line.block.balance(UUID(int=len(self.credits) + 1))
                self.credits[brought.id] = brought
        return (*lines, *paid)

    def _note_paid(self, line: DraftLine, number: UUID, grant_id: UUID) -> None:
        if line.pays is not None:
            key = (line.subscription_id, line.charge_key, line.period_starts_at)
            self.paid.append(StillPaid(key, number, grant_id, -line.amount_minor))
            return
        self.paid = [
            replace(one, amount_minor=one.amount_minor - line.amount_minor)
            if (one.rated_line_id, one.grant_id) == (line.rated_line_id, grant_id)
            else one
            for one in self.paid
        ]

    def _history(self, now: datetime) -> History:
        since, recent = reaches_back(self.subscription, self.tiling, now), now - LOOK_BACK
        kept = {place: listed for place, listed in self.revisions.items() if place[1] >= since}
        issued = {revision.invoice_id for listed in kept.values() for revision in listed}
        billed = tuple(
            view
            for view in self.billed
            if view.invoice_id in issued and (view.timing == "advance" or view.period.ends_at > recent)
        )
        by_start = {span.period.starts_at: span for span in self.tiling}
        return History(by_start, billed, kept, self.late_since, self.changed)

    def _note(self, bill: SubscriptionBill, items: tuple[DueItem, ...], invoice_id: UUID, now: datetime) -> None:
        payer = self.subscription.payer_tenant_id
        for item in items:
            if item.timing != "again":
                view = BilledPeriodView(self.subscription.id, item.timing, item.period, payer, invoice_id, now)
                self.billed.append(view)
        self.billed.sort(key=lambda view: (view.period, view.timing))
        for part in bill.parts:
            view_of = RevisionView(
                NOBODY, part.revision, part.kind, part.figure, part.meter, part.unit, part.period, payer, invoice_id
            )
            self.revisions.setdefault((part.charge_key, part.period.starts_at), []).append(view_of)
