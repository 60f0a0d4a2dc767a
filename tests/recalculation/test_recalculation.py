"""Every figure of the demo world, computed twice: by the product, and naively.

In `make test` the world is small (a few per cent of the demo's people and events, with all its
kinds of trouble). `TOLLBOOK_RECALCULATE=1000` compares the whole demo world, which takes long.
"""

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction

import pytest
import structlog

from app.demo.events import deliveries
from app.demo.load import load
from app.demo.world import Customer, World, build_world
from billing.chargebacks.reads import statements as read_statements
from billing.reads import InvoiceView, invoice_for_period
from core.db import Database
from core.periods import Period, add_months
from core.scope import VENDOR_ID, TenantScope
from metering.reads import Measuring
from tenants.reads import TenantView, list_tenants
from tests.recalculation.bills import Line
from tests.recalculation.killed import load_and_kill
from tests.recalculation.statements import Statement, pool_of
from tests.recalculation.years import TAX_PERCENT, Year, charge_back, figures, live_through
from tests.server import fresh_database

THOUSANDTHS = int(os.environ.get("TOLLBOOK_RECALCULATE", "40"))
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LOOKED_AT = range(0, 13, 2) if THOUSANDTHS < 100 else (0, 6, 12)
"""Months of which all figures are compared; those that are billed are compared by the bills anyway."""

WITHOUT_DRIVERS = ("members.registered.any", "contributions")
"""Nothing of the demo is charged or divided by these: their figures are compared, not who carries them."""


@pytest.fixture(scope="module")
def demo(admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo world, loaded as `make demo` loads it: killed -9 on the way, and started again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with fresh_database(admin_url) as url:
        run_dir = tmp_path_factory.mktemp("run")
        load_and_kill(url, run_dir, NOW, THOUSANDTHS, "March 2026")
        database = Database(url)
        credentials = load(database, run_dir, NOW, THOUSANDTHS, processes=False, out=io.StringIO())
        # Once more finds everything there, and whoever was let in still gets in.
        assert load(database, run_dir, NOW, THOUSANDTHS, processes=False, out=io.StringIO()) == credentials
        yield database
        database.dispose()


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(NOW, THOUSANDTHS)


@pytest.fixture(scope="module")
def years(world: World) -> dict[str, Year]:
    """All customers' years, lived through a second time."""
    return {customer.slug: live_through(customer) for customer in world.customers if customer.spec.plan}


@pytest.fixture(scope="module")
def tenants(demo: Database) -> dict[str, TenantView]:
    with demo.begin(TenantScope(VENDOR_ID)) as session:
        return {tenant.slug: tenant for tenant in list_tenants(session)}


def test_every_event_gets_the_answer_it_must(world: World, years: dict[str, Year]) -> None:
    # The load compared the service's answers with what each delivery says it must be told.
    for slug, year in years.items():
        for answer, delivery in zip(year.answers, deliveries(world.customer(slug)), strict=True):
            expected = delivery.expected
            told = (answer.accepted, answer.duplicate, answer.conflicts, answer.rejected)
            assert told == (expected.accepted, expected.duplicate, expected.conflicts, expected.rejected.total()), slug


def test_usage_of_all_meters_is_equal_to_the_last_digit(
    demo: Database, years: dict[str, Year], tenants: dict[str, TenantView]
) -> None:
    for slug, year in years.items():
        with demo.begin(TenantScope(tenants[slug].id)) as session:
            measuring = Measuring(session, tenants[slug])
            for month in LOOKED_AT:
                start, end = year.edges[month], year.edges[month + 1]
                for meter, mine in figures(year.known, start, end, year.customer.spec.currency).items():
                    theirs = measuring.measure(meter, Period(start, end))
                    assert theirs.quantity == mine.quantity, f"{slug}, month {month}, {meter}"
                    if meter not in WITHOUT_DRIVERS:
                        attributed = _without_zeros(theirs.by_cost_centre())
                        assert attributed == _without_zeros(mine.drivers), f"{slug}, month {month}, {meter}"


def test_every_line_of_every_invoice_is_equal_to_the_cent(
    demo: Database, years: dict[str, Year], tenants: dict[str, TenantView], world: World
) -> None:
    for customer in world.customers:
        if customer.spec.parent:
            continue
        consumers = [c.slug for c in world.customers if customer.slug in (c.slug, c.spec.parent) and c.spec.plan]
        for month in billed_months(customer):
            invoice = _invoice(demo, customer, tenants[customer.slug], month)
            theirs = _their_lines(invoice, {tenants[slug].id: slug for slug in consumers}, years)
            mine = {
                (slug, line.charge, line.kind, line.month): (line.amount, line.quantity)
                for slug in consumers
                for line in years[slug].bills[month]
            }
            assert theirs == mine, f"{customer.slug}, month {month}"


def test_net_tax_and_gross_of_every_invoice_are_equal_to_the_cent(
    demo: Database, years: dict[str, Year], tenants: dict[str, TenantView], world: World
) -> None:
    for customer in world.customers:
        if customer.spec.parent:
            continue
        for month in billed_months(customer):
            lines = _lines_paid_by(customer, world, years, month)
            pool = pool_of(lines, TAX_PERCENT.get(customer.slug, 0))
            invoice = _invoice(demo, customer, tenants[customer.slug], month)
            sums = [invoice.sign * money.amount_minor for money in (invoice.net, invoice.tax, invoice.gross)]
            net, tax = sum(pool.net), sum(pool.tax)
            assert sums == [net, tax, net + tax], f"{customer.slug}, month {month}"


def test_every_statement_is_equal_to_the_cent_and_they_add_up_to_the_invoice(
    demo: Database, years: dict[str, Year], tenants: dict[str, TenantView], world: World
) -> None:
    compared = 0
    for customer in world.customers:
        if customer.spec.parent or not customer.spec.plan:
            continue
        for month in billed_months(customer):
            theirs = _statements(demo, customer, tenants[customer.slug], month)
            if not theirs:
                assert month == billed_months(customer)[-1], "only the newest bill may wait for its chargeback"
                continue
            mine = charge_back(years[customer.slug], month)
            assert _non_zero(theirs) == _non_zero(mine), f"{customer.slug}, month {month}"
            invoice = _invoice(demo, customer, tenants[customer.slug], month)
            assert sum(s.net + s.tax for s in theirs.values()) == invoice.sign * invoice.gross.amount_minor
            compared += 1
    payers = [c for c in world.customers if c.spec.plan and not c.spec.parent]
    assert compared == sum(len(billed_months(customer)) for customer in payers) - 2


def test_the_reseller_carries_its_childrens_bills(
    demo: Database, years: dict[str, Year], tenants: dict[str, TenantView], world: World
) -> None:
    reseller = world.customer("alpina-partners")
    for month in billed_months(reseller):
        lines = _lines_paid_by(reseller, world, years, month)
        theirs = _statements(demo, reseller, tenants[reseller.slug], month)
        assert _non_zero(theirs) == {"RESALE": Statement(int(sum(line.amount for line in lines) * 100), 0)}


def test_the_newest_month_is_measured_and_not_billed(
    demo: Database, tenants: dict[str, TenantView], world: World
) -> None:
    for customer in world.customers:
        closes_on = add_months(customer.months[-1], 1)
        with demo.begin(TenantScope(tenants[customer.slug].id)) as session:
            assert invoice_for_period(session, tenants[customer.slug].id, closes_on) == ()


def billed_months(customer: Customer) -> range:
    return range(customer.first_billed, 12)


def _lines_paid_by(customer: Customer, world: World, years: dict[str, Year], month: int) -> list[Line]:
    consumers = [c.slug for c in world.customers if customer.slug in (c.slug, c.spec.parent) and c.spec.plan]
    return [line for slug in consumers for line in years[slug].bills[month]]


def _invoice(db: Database, customer: Customer, tenant: TenantView, month: int) -> InvoiceView:
    with db.begin(TenantScope(tenant.id)) as session:
        (invoice,) = invoice_for_period(session, tenant.id, add_months(customer.months[month], 1))
        return invoice


def _their_lines(
    invoice: InvoiceView, consumers: dict[object, str], years: dict[str, Year]
) -> dict[tuple[str, str, str, int], tuple[Fraction, Fraction]]:
    found = {}
    for line in invoice.lines:
        slug = consumers[line.consumer_tenant_id]
        month = years[slug].edges.index(line.period.starts_at)
        key = (slug, line.charge_key, line.kind, month)
        assert key not in found, f"{key} twice on {invoice.number}"
        amount = Fraction(invoice.sign * line.amount.amount_minor, 100)
        found[key] = (amount, Fraction(line.quantity))
    return found


def _statements(db: Database, customer: Customer, tenant: TenantView, month: int) -> dict[str, Statement]:
    with db.begin(TenantScope(tenant.id)) as session:
        posted = read_statements(session, tenant.id, period=f"{customer.months[month]:%Y-%m}", limit=500)
        return {s.cost_centre: Statement(s.sums.net.amount_minor, s.sums.tax.amount_minor) for s in posted}


def _non_zero(statements: dict[str, Statement]) -> dict[str, Statement]:
    return {code: statement for code, statement in statements.items() if statement != Statement()}


def _without_zeros(drivers: dict[str | None, Fraction]) -> dict[str | None, Fraction]:
    return {code: amount for code, amount in drivers.items() if amount}
