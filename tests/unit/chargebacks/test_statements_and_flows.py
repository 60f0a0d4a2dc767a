"""Statements, the chart, months and states."""

import pytest

from billing.chargebacks.allocation import allocate
from billing.chargebacks.errors import PeriodNotOpen, RunState
from billing.chargebacks.flows import sankey_of
from billing.chargebacks.months import last_day, month_span, next_month
from billing.chargebacks.statements import statements_of
from billing.chargebacks.states import PERIOD_TRANSITIONS, RUN_TRANSITIONS, advance_period, advance_run
from billing.errors import PeriodInvalid
from core.periods import zone
from tests.unit.chargebacks.lines import DIRECT, HEADCOUNT, METER, inputs, line, rules


def example():
    # 100.00 + 19.00 tax: 70 % by usage 3:1, the rest by people 1:2; 7 JPY by the same.
    ruleset = rules({**DIRECT, "share": "0.7"}, {"method": "headcount"})
    lines = [line(10000, 1900), line(7, 0, key="2", currency="JPY")]
    return allocate(lines, ruleset, inputs({METER: {"A": 3, "B": 1}, HEADCOUNT: {"A": 1, "B": 2}}))


def test_there_is_one_statement_per_centre_and_currency_and_they_sum_to_the_pool():
    # A has 7/10·3/4 + 3/10·1/3 = 5/8 of everything. 100.00: 62.50 and 37.50. Tax 19.00: 1187.5 and
    # 712.5 units, a tie of remainders, so the larger weight gets the odd one: 11.88 and 7.12.
    # 7 JPY: 4.375 and 2.625 -> 4 and 3.
    assert [(s.cost_centre, s.currency, s.net_minor, s.tax_minor) for s in statements_of(example())] == [
        ("A", "EUR", 6250, 1188),
        ("A", "JPY", 4, 0),
        ("B", "EUR", 3750, 712),
        ("B", "JPY", 3, 0),
    ]


def test_what_flows_into_a_rule_flows_out_of_it():
    euros, yen = sankey_of(example())

    assert (euros.currency, yen.currency) == ("EUR", "JPY")
    for chart in (euros, yen):
        for rule in (node for node in chart.nodes if node.kind == "rule"):
            into = sum(link.amount.amount_minor for link in chart.links if link.target == rule.id)
            out = sum(link.amount.amount_minor for link in chart.links if link.source == rule.id)
            assert into == out == rule.amount.amount_minor
    # A's 74.38 gross: 52.50/62.50 = 21/25 of it by usage: 62.479 -> 62.48, by people 11.90.
    links = {(link.source, link.target): link.amount.amount_minor for link in euros.links}
    assert links["rule:r0", "centre:A"] == 6248
    assert links["rule:r1", "centre:A"] == 1190
    assert sum(minor for (source, _), minor in links.items() if source == "line:1") == 11900


def test_the_chart_gathers_the_smallest_centres():
    found = inputs({"A": 5, "B": 3, "C": 1, "D": 1})

    (chart,) = sankey_of(allocate([line(100, 0)], rules(DIRECT), found), centres_max=3)

    assert {
        node.key: (node.kind, node.amount.amount_minor) for node in chart.nodes if node.id.startswith("centre")
    } == {
        "A": ("centre", 50),
        "B": ("centre", 30),
        "~others": ("others", 20),
    }


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2026-10-01", "1999-10", "", "2026-10\n"])
def test_a_month_is_written_in_one_way(month):
    with pytest.raises(PeriodInvalid):
        month_span(month, zone("Europe/Berlin"))


def test_a_month_is_cut_in_the_tenants_zone():
    span = month_span("2026-10", zone("Europe/Berlin"))

    # Begins in summer time, ends in winter time: 31 days and one hour.
    assert (span.starts_at.isoformat(), span.ends_at.isoformat()) == (
        "2026-09-30T22:00:00+00:00",
        "2026-10-31T23:00:00+00:00",
    )
    assert (next_month("2026-12"), last_day("2028-02").isoformat()) == ("2027-01", "2028-02-29")


RUN_STATES = ("draft", "approved", "posted", "withdrawn")
RUN_TRIGGERS = ("approve", "post", "withdraw")
ALLOWED = {
    ("draft", "approve"): "approved",
    ("draft", "withdraw"): "withdrawn",
    ("approved", "post"): "posted",
    ("approved", "withdraw"): "withdrawn",
}


@pytest.mark.parametrize("status", RUN_STATES)
@pytest.mark.parametrize("trigger", RUN_TRIGGERS)
def test_a_run_steps_as_its_table_says_and_no_other_way(status, trigger):
    assert (status, trigger) in ALLOWED or (status, trigger) not in RUN_TRANSITIONS
    if (status, trigger) in ALLOWED:
        assert advance_run(status, trigger) == ALLOWED[status, trigger]
    else:
        with pytest.raises(RunState):
            advance_run(status, trigger)


@pytest.mark.parametrize("status", ["open", "soft", "closed"])
@pytest.mark.parametrize("trigger", ["soften", "reopen", "close"])
def test_a_period_closes_step_by_step(status, trigger):
    allowed = {("open", "soften"): "soft", ("soft", "reopen"): "open", ("soft", "close"): "closed"}
    assert allowed == PERIOD_TRANSITIONS
    if (status, trigger) in allowed:
        assert advance_period("2026-10", status, trigger) == allowed[status, trigger]
    else:
        with pytest.raises(PeriodNotOpen):
            advance_period("2026-10", status, trigger)
