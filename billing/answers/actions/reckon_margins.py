"""What was left of customers' bills: billed for service in some months, less what serving it cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.answers.actions.reckon_costs import costing, reckon_costs
from billing.answers.actions.simulate import taxes_for
from billing.answers.margins import CustomerMargin, MarginsResult, MarginTotal
from billing.answers.progress import Progress
from billing.answers.questions import MarginsQuestion
from billing.answers.reads.figures import Figures
from billing.costs.margins import margin
from billing.costs.reads import CostsView, cost_sheets, in_force
from billing.revenue.reads import billed_slices
from billing.schemas.amounts import MoneyAnswer
from core.db import Database
from core.money import Money
from core.periods import Period, day_start
from core.scope import StewardScope, TenantScope
from plans.reads import all_subscriptions, list_plans
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView, get_tenant

__all__ = ("concerned_customers", "reckon_margins")


@dataclass(frozen=True, slots=True)
class _Served:
    """A customer in the days asked about, in one currency."""

    tenant: TenantView
    net: Money
    contracts: tuple[SubscriptionView, ...]
    """That ran in these days, in this currency; their use costs once, however many there are."""


def concerned_customers(session: Session, question: MarginsQuestion) -> tuple[UUID, ...]:
    """Return the customers with a contract in the days asked about; a steward's read."""
    held = (one for one in all_subscriptions(session) if _days(one, question) is not None)
    return tuple(dict.fromkeys(one.tenant_id for one in held))


def reckon_margins(database: Database, question: MarginsQuestion, progress: Progress) -> MarginsResult:
    """Return what each customer left, by the sheets of costs that held on each day; one step a customer."""
    with database.begin(StewardScope()) as session:
        sheets = cost_sheets(session)
        served = list(_served(session, question))
        names = {plan.key: plan.name for plan in list_plans(session)}
    found: list[CustomerMargin] = []
    for number, one in enumerate(served):
        with database.begin(TenantScope(one.tenant.id)) as session:
            cost = _cost(session, one, question, sheets, progress)
        plan = max(one.contracts, key=lambda held: held.starts_at).plan_key if one.contracts else ""
        found.append(_left(one, plan, names.get(plan, plan), cost))
        if number + 1 == len(served) or served[number + 1].tenant.id != one.tenant.id:
            progress.step()
    ranked = tuple(sorted(found, key=_rank))
    return MarginsResult(ranked, tuple(_by_plan(ranked)), tuple(_totals(ranked)))


def _served(session: Session, question: MarginsQuestion) -> Iterator[_Served]:
    billed: dict[tuple[UUID, str], Money] = {}
    for one in billed_slices(session):
        if question.starts_on <= one.month < question.ends_on:
            place = (one.customer, one.amount.currency)
            billed[place] = billed.get(place, Money(0, one.amount.currency)) + one.amount
    ran: dict[tuple[UUID, str], list[SubscriptionView]] = defaultdict(list)
    for held in all_subscriptions(session):
        if _days(held, question) is not None:
            ran[held.tenant_id, held.currency].append(held)
    for place in sorted({*billed, *ran}):
        tenant_id, currency = place
        yield _Served(
            get_tenant(session, tenant_id), billed.get(place, Money(0, currency)), tuple(ran.get(place, ()))
        )  # fmt: skip


def _days(one: SubscriptionView, question: MarginsQuestion) -> Period | None:
    """Return the part of the days asked about in which a contract runs; None: it does not."""
    tz = one.schedule.tz
    first, after = day_start(question.starts_on, tz), day_start(question.ends_on, tz)
    starts_at, ends_at = max(one.starts_at, first), min(one.ends_at or after, after)
    return Period(starts_at, ends_at) if starts_at < ends_at else None


def _cost(
    session: Session, one: _Served, question: MarginsQuestion, sheets: Sequence[CostsView], progress: Progress
) -> Money | None:
    """Return what serving a customer cost on the days on which it held a contract; None where some are not known."""
    total = Money(0, one.net.currency)
    taxes = taxes_for(session, one.tenant)
    for stretch, sheet in _stretches(one, question, sheets):
        costed = costing(one.tenant, stretch, sheet)
        if costed.costs is None:
            return None
        figures = Figures(session, one.tenant, costed.both, progress=progress)
        spent = reckon_costs(figures, costed, taxes)
        assert spent is not None, "its sheet prices the currency"
        total += spent
    return total


def _stretches(
    one: _Served, question: MarginsQuestion, sheets: Sequence[CostsView]
) -> Iterator[tuple[SubscriptionView, CostsView | None]]:
    """Yield the days with a contract, cut where another sheet begins to hold, as contracts of these days.

    Where several ran at once the earliest says how meters count. What is due once is due as a contract begins.
    """
    tz = one.tenant.tz
    done = day_start(question.starts_on, tz)
    for held in sorted(one.contracts, key=lambda each: each.starts_at):
        days = _days(held, question)
        assert days is not None, "it runs in these days"
        edges = [edge for sheet in sheets if done < (edge := day_start(sheet.valid_from, tz)) < days.ends_at]
        starts_at = max(done, days.starts_at)
        for ends_at in (*(edge for edge in edges if edge > starts_at), days.ends_at):
            if starts_at < ends_at:
                sheet = in_force(sheets, starts_at.astimezone(tz).date())
                begins = starts_at == held.starts_at
                cut = replace(held, starts_at=starts_at, ends_at=ends_at)
                yield cut, sheet if sheet is None or begins else _lasting(sheet)
                starts_at = ends_at
        done = max(done, days.ends_at)


def _lasting(sheet: CostsView) -> CostsView:
    charges = tuple(charge for charge in sheet.document.charges if not charge.once)
    return replace(sheet, document=msgspec.structs.replace(sheet.document, charges=charges))


def _left(one: _Served, plan: str, plan_name: str, cost: Money | None) -> CustomerMargin:
    return CustomerMargin(
        tenant=one.tenant.slug,
        name=one.tenant.name,
        plan=plan,
        plan_name=plan_name,
        net=MoneyAnswer.of(one.net),
        cost=None if cost is None else MoneyAnswer.of(cost),
        margin_percent=_share(one.net, cost),
    )


def _share(net: Money, cost: Money | None) -> str | None:
    left = None if cost is None else margin(net, cost)
    return None if left is None else f"{left:f}"


def _rank(one: CustomerMargin) -> tuple[str, bool, int, str]:
    net = one.net.money()
    left = net.amount_minor - one.cost.money().amount_minor if one.cost is not None else 0
    return net.currency, one.cost is None, left, one.tenant


def _by_plan(found: Sequence[CustomerMargin]) -> Iterator[MarginTotal]:
    for plan in dict.fromkeys(one.plan for one in found):
        yield from _totals([one for one in found if one.plan == plan], plan)


def _totals(found: Iterable[CustomerMargin], plan: str = "") -> Iterator[MarginTotal]:
    """Yield by currency what those come to whose costs are known, then what the others were billed."""
    grouped: dict[tuple[str, bool], list[CustomerMargin]] = defaultdict(list)
    for one in found:
        grouped[one.net.money().currency, one.cost is None].append(one)
    for (currency, unknown), those in sorted(grouped.items()):
        net = sum((one.net.money() for one in those), Money(0, currency))
        cost = None if unknown else sum((one.cost.money() for one in those if one.cost), Money(0, currency))
        yield MarginTotal(
            plan,
            those[0].plan_name if plan else "",
            len(those),
            MoneyAnswer.of(net),
            None if cost is None else MoneyAnswer.of(cost),
            _share(net, cost),
        )
