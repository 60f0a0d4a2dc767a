"""Revenue at risk from a change of version: each contract on the old one, billed for the same days under both."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from billing.answers.actions.simulate import simulate_subscription, taxes_for
from billing.answers.contracts import NOBODY
from billing.answers.progress import Progress
from billing.answers.questions import VersionQuestion
from billing.answers.reads.figures import Figures
from billing.answers.results import VersionImpact, VersionResult, VersionTotal, net_of
from billing.schemas.amounts import MoneyAnswer
from core.db import Database
from core.errors import NotFound, Refused
from core.money import Money
from core.periods import day_start
from core.scope import StewardScope, TenantScope
from plans.documents import PlanDocument
from plans.reads import all_subscriptions, draft, get_version
from plans.reads.offers import refuse_unfit
from plans.states import State
from plans.subscriptions import Holding, SubscriptionView
from tenants.reads import TenantView, get_tenant

__all__ = ("after_document", "compare_versions", "concerned")


def concerned(session: Session, question: VersionQuestion) -> tuple[SubscriptionView, ...]:
    """Return the running contracts that hold the version as it was published; a steward's read.

    One with negotiated terms in its place is not concerned: the terms stay whatever is published.
    """
    return tuple(
        one
        for one in all_subscriptions(session)
        if one.status in (State.ACTIVE, State.ENDING) and any(_is_old(held, question) for held in _held(one))
    )


def compare_versions(database: Database, question: VersionQuestion, progress: Progress) -> VersionResult:
    """Bill each contract for the days asked about under both versions, with its quantity, add-ons and discounts.

    Real use is rated by the code that bills; discounts that end after some periods are left out of both.

    Raises:
        NotFound: there is no such plan, version or draft (`not_found`).
    """
    with database.begin(StewardScope()) as session:
        document = after_document(session, question)
        held = [(one, get_tenant(session, one.tenant_id)) for one in concerned(session, question)]
    found = []
    for one, tenant in held:
        with database.begin(TenantScope(tenant.id)) as session:
            found.append(_impact(session, tenant, one, question, document, progress))
        progress.step()
    ranked = sorted(found, key=lambda one: (one.before.currency, _minor(one.difference), one.tenant, one.contract))
    label = "draft" if question.after is None else str(question.after)
    return VersionResult(question.plan, str(question.before), label, tuple(ranked), tuple(_totals(ranked)))


def after_document(session: Session, question: VersionQuestion) -> PlanDocument:
    """Return what the new version says.

    Raises:
        NotFound: there is no such version or draft (`not_found`).
    """
    get_version(session, question.plan, question.before)
    if question.after is not None:
        return get_version(session, question.plan, question.after).document
    found = draft(session, question.plan)
    if found is None:
        raise NotFound("draft of plan", question.plan)
    return found.document


def _impact(
    session: Session, tenant: TenantView, one: SubscriptionView, question: VersionQuestion, document: PlanDocument,
    progress: Progress,
) -> VersionImpact:  # fmt: skip
    before = _for_days(one, question.starts_on, question.ends_on)
    changed = tuple(replace(held, document=document) if _is_old(held, question) else held for held in before.holdings)
    after = replace(before, holdings=changed)
    figures, taxes = Figures(session, tenant, [before, after], progress=progress), taxes_for(session, tenant)
    nets, refused = [Money(0, one.currency)] * 2, None
    try:
        refuse_unfit(after)
        nets = [
            net_of((made.draft for made in simulate_subscription(figures, view, taxes)), one.currency)
            for view in (before, after)
        ]
    except Refused as refusal:
        refused = {"code": refusal.code, "detail": refusal.detail}
    return VersionImpact(
        tenant=tenant.slug,
        name=tenant.name,
        contract=one.key,
        before=MoneyAnswer.of(nets[0]),
        after=MoneyAnswer.of(nets[1]),
        difference=MoneyAnswer.of(nets[1] - nets[0]),
        refused=refused,
    )


def _for_days(one: SubscriptionView, first: date, until: date) -> SubscriptionView:
    """Return the contract as it is held now, as if it had been held on those days."""
    tz = one.schedule.tz
    starts_at, ends_at = day_start(first, tz), day_start(until, tz)
    lasting = [agreed for agreed in one.discounts if agreed.discount.periods is None]
    return replace(
        one,
        id=NOBODY,
        starts_at=starts_at,
        ends_at=ends_at,
        holdings=tuple(replace(held, starts_at=starts_at, ends_at=None, mode="regular") for held in _held(one)),
        discounts=tuple(replace(agreed, starts_at=starts_at) for agreed in lasting),
        renews_months=None,
        as_of=starts_at,
    )


def _held(one: SubscriptionView) -> tuple[Holding, ...]:
    return one.base, *one.addon_holdings


def _is_old(held: Holding, question: VersionQuestion) -> bool:
    return (held.plan_key, held.version_number, held.terms_id) == (question.plan, question.before, None)


def _totals(found: list[VersionImpact]) -> Iterator[VersionTotal]:
    """Yield by currency what all come to; nothing is converted, and who cannot have the new version is in none."""
    for currency in dict.fromkeys(one.before.currency for one in found):
        told = [one for one in found if one.before.currency == currency and one.refused is None]
        sums = [sum(_minor(getattr(one, name)) for one in told) for name in ("before", "after", "difference")]
        lost = sum(min(0, _minor(one.difference)) for one in told)
        amounts = (MoneyAnswer.of(Money(minor, currency)) for minor in (*sums, lost))
        yield VersionTotal(len(told), *amounts)


def _minor(answer: MoneyAnswer) -> int:
    return answer.money().amount_minor
