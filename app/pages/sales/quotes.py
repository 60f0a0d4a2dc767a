"""Quotes as a reader sees them: the list, one version, and what an offer would come to (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.i18n import gettext as _
from app.pages.charts import Chart
from app.pages.formats import day, instant, money, quantity, unit_price
from app.pages.sales.customers import nobody_found
from app.pages.sales.quote_preview import Stat, first_year, left_after_costs, share, simulated_text
from app.pages.tables import PAGE_SIZE, Chip, Column, Table, TableQuery, cell, number, status
from app.pages.words import state_badge
from billing.quotes.offers import QuoteTerms, State
from billing.quotes.reads import QuoteNames, QuoteView, Why
from plans.differences import differences
from plans.documents import PlanDocument, in_currency
from plans.terms import Discount
from tenants.reads import TenantView

__all__ = (
    "About",
    "QuotePage",
    "agreed_words",
    "choose_table",
    "may_decide",
    "quote_page",
    "quotes_table",
    "share",
    "state_chips",
)


@dataclass(frozen=True, slots=True)
class QuotePage:
    """One version of a quote."""

    title: str
    status: str
    tone: str
    told: str
    facts: tuple[tuple[str, str], ...]
    agreed: tuple[str, ...]
    """What stands otherwise than in the plan, sentence by sentence."""
    stats: tuple[Stat, ...]
    chart: Chart
    lines: Table
    reason: str


def quotes_table(
    found: Sequence[QuoteView], tenants: Mapping[UUID, TenantView], today: Mapping[UUID, date], query: TableQuery,
    base: str = "", why: Mapping[UUID, Why | None] | None = None, *, names: Mapping[str, str],
) -> Table:  # fmt: skip
    """Return versions of quotes, newest first.

    Args:
        found: one more than fit tells that there is a next page.
        tenants: whose they are.
        today: by customer.
        query: where the reader is.
        base: leads to a customer's own pages; else to the vendor's.
        why: why each waits, where the list is of those that do.
        names: of plans by key.
    """
    rows = []
    for one in (one for one in found[:PAGE_SIZE] if one.tenant_id in tenants):
        tenant = tenants[one.tenant_id]
        href = f"{base or f'/sales/customers/{tenant.slug}/quotes'}/{one.id}"
        rows.append(
            (
                cell(f"{one.key} · {one.version}", href),
                *(() if base else (cell(tenant.name, f"/sales/customers/{tenant.slug}"),)),
                status(*(_why(why[one.id]) if why else state_badge(_told(one, today[one.tenant_id])))),
                cell(names.get(one.terms.plan, one.terms.plan)),
                cell(day(one.valid_until), css="nowrap"),
                number(money(one.net), one.net.text()),
                *(() if base else (number(share(one.discount_percent), f"{one.discount_percent:f}"),)),
            )
        )
    return Table(
        id="quotes",
        caption=_("Quotes"),
        columns=(
            Column(_("Quote")),
            *(() if base else (Column(_("Customer")),)),
            Column(_("Why") if why else _("Status")),
            Column(_("Plan")),
            Column(_("Valid until")),
            Column(_("First year"), numeric=True),
            *(() if base else (Column(_("Given away"), numeric=True),)),
        ),
        rows=tuple(rows),
        pager=query.pager_of(found, lambda one: one.id),
        empty_title=_("No quote here"),
        empty_text=_("A quote is a contract offered, simulated on the customer's real year."),
    )


def _why(why: Why | None) -> tuple[str, str]:
    names = {
        Why.ABOVE_LIMIT: (_("Above its maker's limit"), "warn"),
        Why.LIMIT_LOWERED: (_("Sent; the limit was lowered since"), "warn"),
        Why.BELOW_FLOOR: (_("Sent; below a floor of today: needs a next version"), "bad"),
    }
    return names[why] if why is not None else (_("Waits no longer"), "")


def _told(one: QuoteView, today: date) -> str:
    state = one.told_status(today)
    return {"open": "sent", "pending": "needs_approval"}.get(state, state)


def state_chips(query: TableQuery) -> tuple[Chip, ...]:
    """Return the filter of the list by where quotes stand."""
    names = {
        "": _("All"),
        "draft": _("Draft"),
        "pending": _("Needs approval"),
        "open": _("Sent"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
    }
    now = query.get("status")
    return tuple(
        Chip(label, query.href(status=state or None, after=None), current=state == now)
        for state, label in names.items()
    )


def choose_table(tenants: Sequence[TenantView], query: TableQuery) -> Table:
    """Return the customers, each leading to a new quote."""
    search = query.get("search").strip().lower()
    found = [one for one in tenants if search in one.name.lower() or search in one.slug]
    shown, pager = query.page(sorted(found, key=lambda one: one.name.lower()))
    return Table(
        id="customers",
        caption=_("Customers"),
        columns=(Column(_("Customer")), Column(_("Currency")), Column(_("Status"))),
        rows=tuple(
            (
                cell(one.name, f"/sales/customers/{one.slug}/quotes/new"),
                cell(one.currency),
                status(*state_badge(one.status)),
            )
            for one in shown
        ),
        pager=pager,
        empty_title=_("No customer found"),
        empty_text=nobody_found(search),
        empty_way=("/sales/quotes/new", _("Show all customers")) if search else ("", ""),
    )


@dataclass(frozen=True, slots=True)
class About:
    """What a quote's page knows beside the quote."""

    tenant: TenantView
    plan: PlanDocument
    """The version that is offered, as it is sold."""
    names: QuoteNames
    today: date
    vendor: bool
    """What it gives away is the vendor's affair."""


def quote_page(view: QuoteView, about: About) -> QuotePage:
    """Return one version."""
    state, tone = state_badge(_told(view, about.today))
    terms, query = view.terms, TableQuery.of("", {})
    chart, lines = first_year(view.first_year, view.currency, query)
    stats = [Stat(_("First year, before tax"), money(view.net))]
    if about.vendor:
        stats.append(Stat(_("At list price"), money(view.listed)))
        if view.term_net is not None and view.term_listed is not None and view.term_net != view.net:
            at_list = _("%(amount)s at list price") % {"amount": money(view.term_listed)}
            stats.append(Stat(_("Whole term"), money(view.term_net), at_list))
        stats.append(Stat(_("Given away"), share(view.discount_percent)))
        stats += left_after_costs(view.margin_percent, view.cost)
    return QuotePage(
        title=f"{view.key} · {view.version}",
        status=state,
        tone=tone,
        told=simulated_text(view.simulated_from, view.simulated_until, view.first_year),
        facts=tuple(_facts(view, about)),
        agreed=tuple(agreed_words(terms, about.plan, about.names, view.currency)),
        stats=tuple(stats),
        chart=chart,
        lines=lines,
        reason=view.reason,
    )


def _facts(view: QuoteView, about: About) -> Iterable[tuple[str, str]]:
    terms, tz = view.terms, about.tenant.tz
    yield _("Plan"), _("%(plan)s, version %(number)s") % {"plan": about.names.plan(terms.plan), "number": terms.version}
    last = date.fromordinal(terms.ends_on.toordinal() - 1)
    yield _("Term"), _("%(first)s to %(last)s") % {"first": day(terms.starts_on), "last": day(last)}
    if terms.replaces:
        yield _("Replaces"), _("%(contract)s, which ends on that day") % {"contract": about.names.replaced}
    if terms.quantity > 1:
        yield _("Quantity"), quantity(terms.quantity)
    for addon in terms.addons:
        yield _("Add-on"), f"{about.names.plan(addon.key)} × {quantity(addon.quantity)}"
    if terms.trial_days:
        yield _("Trial"), _("%(days)s days free") % {"days": quantity(terms.trial_days)}
    yield _("Valid until"), day(view.valid_until)
    if view.sent_at:
        yield _("Sent"), instant(view.sent_at, tz)
    if view.accepted_at:
        yield _("Accepted"), instant(view.accepted_at, tz)


def agreed_words(terms: QuoteTerms, plan: PlanDocument, names: QuoteNames, currency: str) -> Iterable[str]:
    """Yield what stands otherwise than in the plan as it is sold, sentence by sentence: discounts, ramp, own terms."""
    yield from (_discount(one, currency) for one in terms.discounts)
    for phase in terms.phases:
        words = {"day": day(phase.starts_on), "plan": names.plan(phase.plan or terms.plan)}
        if phase.quantity:
            yield _("From %(day)s: %(plan)s, %(count)s of it.") % {**words, "count": quantity(phase.quantity)}
        else:
            yield _("From %(day)s: %(plan)s.") % words
    if terms.terms is not None:
        both = in_currency(plan, currency), in_currency(terms.terms, currency)
        yield from (one.sentence for one in differences(*both))


def _discount(one: Discount, currency: str) -> str:
    if one.percent is not None:
        much = share(one.percent)
    else:
        much = unit_price(one.amounts.get(currency, Decimal(0)), currency)
    words = {"name": one.name, "much": much}
    if one.periods is None:
        return _("%(name)s: %(much)s off.") % words
    return _("%(name)s: %(much)s off in the first %(count)s periods.") % {**words, "count": quantity(one.periods)}


def may_decide(view: QuoteView, today: date) -> bool:
    """Tell whether a version can still be sent, approved, accepted or declined."""
    return view.told_status(today) in {State.DRAFT.value, State.PENDING.value, State.OPEN.value}
