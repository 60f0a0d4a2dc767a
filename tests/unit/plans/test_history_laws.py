"""Whatever history of changes a contract has: each second is billed once, and a preview is what is billed."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import add_months
from plans.changes import Timing, decide_change
from plans.rating import Sources, rate_advance, rate_period
from plans.rating.estimate import estimate_change
from plans.subscriptions import Holding, SubscriptionView
from tests.unit.plans.contracts import START, contract, fee, held, plan, units, used

UNTIL = datetime(2026, 7, 1, tzinfo=UTC)
MINUTES = int((UNTIL - START).total_seconds() // 60)
IN_ADVANCE = plan(
    fee("310", in_advance=True),
    fee("100", key="late"),
    units("1.25", "seats.named.peak"),
    discounts=[{"key": "d", "name": "D", "percent": "12.5", "periods": 4}],
)
MODES = st.sampled_from(["regular", "regular", "regular", "trial", "paused"])
HISTORIES = st.lists(
    st.tuples(st.integers(1, MINUTES - 1), st.integers(1, 9), MODES), max_size=7, unique_by=lambda c: c[0]
)
FACTS = used(m1=10, m2=20, m3=5, m4=40, m5=1, m6=7)


def chain(history: list[tuple[int, int, str]]) -> SubscriptionView:
    starts = [(START, 1, "regular")]
    starts += [(START + timedelta(minutes=at), quantity, mode) for at, quantity, mode in sorted(history)]
    ends = [at for at, *_ in starts[1:]] + [None]
    holdings: list[Holding] = [
        held(IN_ADVANCE, starts_at=at, ends_at=end, quantity=quantity, mode=mode)
        for (at, quantity, mode), end in zip(starts, ends, strict=True)
    ]
    return contract(*holdings)


def bill(view: SubscriptionView, sources: Sources = FACTS) -> dict[str, int]:
    totals: dict[str, int] = {}
    for span in view.spans_until(UNTIL):
        for line in (*rate_advance(view, span), *rate_period(view, span, sources)):
            totals[line.charge_key] = totals.get(line.charge_key, 0) + line.rated.amount.amount_minor
    return totals


@given(HISTORIES)
def test_any_history_of_changes_bills_each_second_exactly_once(history):
    view = chain(history)
    spans = list(view.spans_until(UNTIL))

    assert spans[0].period.starts_at == START
    assert spans[-1].period.ends_at == UNTIL
    assert all(before.period.ends_at == after.period.starts_at for before, after in pairwise(spans))
    exact, pieces = Fraction(0), 0
    for holding in view.holdings:
        if holding.mode != "regular":
            continue
        for span in spans:
            if holding.holds_at(span.period.starts_at):
                exact += holding.quantity * 31_000 * Fraction(span.period.duration_us, span.full.duration_us)
                pieces += 1
    # One rounding a piece, of half a cent at most.
    assert abs(bill(view).get("fee", 0) - exact) <= Fraction(pieces, 2)


@given(
    st.lists(
        st.tuples(st.integers(1, MINUTES - 1), st.sampled_from([1, 2, 3, 12])), max_size=6, unique_by=lambda c: c[0]
    )
)
def test_any_history_of_intervals_bills_each_second_by_that_of_its_plan(history):
    starts = [(START, 1), *((START + timedelta(minutes=at), months) for at, months in sorted(history))]
    ends = [*(at for at, _ in starts[1:]), None]
    documents = {months: plan(fee("310", in_advance=True), interval_months=months) for months in (1, 2, 3, 12)}
    view = contract(*(
        held(documents[months], starts_at=at, ends_at=end, key=f"every{months}")
        for (at, months), end in zip(starts, ends, strict=True)
    ))  # fmt: skip

    exact, pieces = Fraction(0), 0
    for (at, months), end in zip(starts, ends, strict=True):
        # Anchored on 1 January: full periods begin with that day and every so many months after it.
        for number in range(12 // months):
            begins, after = (
                datetime.combine(add_months(START.date(), months * n), time(), UTC) for n in (number, number + 1)
            )
            ran = min(after, end or UNTIL, UNTIL) - max(begins, at)
            if ran > timedelta(0):
                exact += 31_000 * Fraction(
                    ran // timedelta(microseconds=1), (after - begins) // timedelta(microseconds=1)
                )
                pieces += 1
    ending = replace(view, ends_at=UNTIL)
    assert abs(bill(ending).get("fee", 0) - exact) <= Fraction(pieces, 2)


@given(HISTORIES, st.integers(1, MINUTES - 1), st.integers(1, 9))
@settings(max_examples=60)
def test_a_previewed_change_is_what_the_running_period_then_bills(history, minute, quantity):
    at = START + timedelta(minutes=minute)
    view = chain([step for step in history if step[0] < minute])
    if any(holding.starts_at == at for holding in view.holdings) or view.at(at).base.quantity == quantity:
        return
    wanted = [replace(view.at(at).base, quantity=quantity)]
    decision = decide_change(view, [], wanted, Timing("prorate_now", None, at))

    promised: dict[str, int] = {}
    for line in estimate_change(view, decision, FACTS):
        promised[line.charge_key] = promised.get(line.charge_key, 0) + line.rated.amount.amount_minor

    running = decision.running.period
    billed: dict[str, int] = {}
    for span in decision.after.spans_until(running.ends_at, running.starts_at):
        for line in (*rate_advance(decision.after, span), *rate_period(decision.after, span, FACTS)):
            billed[line.charge_key] = billed.get(line.charge_key, 0) + line.rated.amount.amount_minor
    # What was billed in advance for the whole period is on an invoice already.
    for line in rate_advance(view, decision.running):
        billed[line.charge_key] -= line.rated.amount.amount_minor
    assert {key: amount for key, amount in promised.items() if amount} == {
        key: amount for key, amount in billed.items() if amount
    }
