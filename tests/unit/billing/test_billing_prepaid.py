"""Prepaid credits, by hand and as laws: who pays what, in which order, and what is earned by it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from billing.prepaid import Balance, Payable, draws, earned, lapse, months_after

OCTOBER = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
S19, E0 = ("S", Decimal(19)), ("E", Decimal(0))
MAIN, OTHER = UUID(int=101), UUID(int=102)


def block(number: int, cents: int, **changes) -> Balance:
    plain = Balance(UUID(int=number), f"block {number}", cents, 100, datetime(2026, 1, 1, tzinfo=UTC), None)
    return replace(plain, **changes)


def line(position: int, cents: int, key: str = "active", meter: str | None = None, group=S19, moment=OCTOBER):
    return Payable(position, MAIN, key, meter, moment, cents, group)


def paid(lines, blocks) -> list[tuple[int, int, int]]:
    """Block, position and cents of each draw."""
    return [(draw.balance.id.int, draw.position, draw.amount_minor) for draw in draws(lines, blocks)]


def test_what_expires_first_pays_first_and_priority_goes_before_that():
    june, july = datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
    blocks = [
        block(1, 500),
        block(2, 500, expires_at=july),
        block(3, 500, expires_at=june),
        block(4, 500, priority=200),
    ]

    assert paid([line(1, 1200)], blocks) == [(3, 1, 500), (2, 1, 500), (1, 1, 200)]
    assert paid([line(1, 1200)], [*blocks, block(5, 700, priority=1)])[0] == (5, 1, 700)


def test_a_block_pays_what_was_supplied_in_its_time_whenever_that_is_billed():
    november = datetime(2026, 11, 1, tzinfo=UTC)
    late = [line(1, 300), line(2, 300, moment=november)]

    assert paid(late, [block(1, 900, expires_at=november)]) == [(1, 1, 300)]
    assert paid(late, [block(1, 900, starts_at=november)]) == [(1, 2, 300)]


def test_a_block_pays_its_charges_its_meters_and_its_contract_only():
    lines = [line(1, 100, "fee"), line(2, 100, "active", "members.active"), line(3, 100, "starts", "courses")]

    assert paid(lines, [block(1, 900, charges=frozenset(["fee"]))]) == [(1, 1, 100)]
    assert paid(lines, [block(1, 900, charges=frozenset(["fee"]), meters=frozenset(["courses"]))]) == [
        (1, 1, 100),
        (1, 3, 100),
    ]
    assert paid(lines, [block(1, 900, subscription_id=OTHER)]) == []
    # Two blocks for one line never pay it twice.
    only = frozenset(["fee"])
    assert paid(lines, [block(1, 60, charges=only), block(2, 60, charges=only)]) == [(1, 1, 60), (2, 1, 40)]


def test_what_is_given_back_on_the_same_document_is_not_paid():
    # 100 of use, 30 late ones back: 70 are owed, of which credits pay 70. The other rate stays as it is.
    assert paid([line(1, 100), line(2, -30)], [block(1, 900)]) == [(1, 1, 70)]
    assert paid([line(1, 100), line(2, -30, group=E0)], [block(1, 900)]) == [(1, 1, 70)]
    assert paid([line(1, 100), line(2, -130)], [block(1, 900)]) == []


def test_months_end_on_local_days():
    start = datetime(2026, 1, 30, 23, tzinfo=UTC)  # 31 January, midnight, in Berlin

    assert months_after(start, 1, "Europe/Berlin") == datetime(2026, 2, 27, 23, tzinfo=UTC)
    assert months_after(start, 6, "Europe/Berlin") == datetime(2026, 7, 30, 22, tzinfo=UTC)
    assert months_after(start, None, "Europe/Berlin") is None


cents = st.integers(-5000, 5000)
documents = st.lists(
    st.builds(line, st.just(0), cents, st.sampled_from(["fee", "active"]), group=st.sampled_from([S19, E0])), max_size=8
).map(lambda found: [replace(one, position=place) for place, one in enumerate(found, 1)])
wallets = st.lists(
    st.builds(
        block,
        st.integers(1, 10**6),
        st.integers(1, 4000),
        priority=st.integers(0, 3),
        charges=st.sampled_from([frozenset(), frozenset(["fee"])]),
        expires_at=st.sampled_from([None, OCTOBER, OCTOBER + timedelta(days=9)]),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)


@given(documents, wallets, st.randoms())
def test_credits_never_overdraw_never_overpay_and_the_order_of_blocks_changes_nothing(lines, blocks, random):
    made = draws(lines, blocks)
    shuffled = list(blocks)
    random.shuffle(shuffled)

    assert draws(lines, shuffled) == made
    assert all(draw.amount_minor > 0 for draw in made)
    for one in blocks:
        assert sum(d.amount_minor for d in made if d.balance == one) <= one.remaining_minor
    for one in lines:
        assert sum(d.amount_minor for d in made if d.position == one.position) <= max(0, one.amount_minor)
    whole = sum(one.amount_minor for one in lines)
    assert whole - sum(d.amount_minor for d in made) >= min(0, whole)
    for group in (S19, E0):
        total = sum(one.amount_minor for one in lines if one.group == group)
        places = {one.position for one in lines if one.group == group}
        assert total - sum(d.amount_minor for d in made if d.position in places) >= min(0, total)


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.lists(st.integers(1, 10**6), max_size=12))
def test_however_a_block_is_used_up_exactly_its_price_is_earned(amount, price, steps):
    remaining, deferred = amount, price
    for wanted in [*steps, amount]:
        used = min(wanted, remaining)
        if used:
            share = earned(deferred, used, remaining)
            assert 0 <= share <= deferred
            remaining, deferred = remaining - used, deferred - share

    assert (remaining, deferred) == (0, 0)


@given(
    st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.integers(0, 100).map(Decimal)
)
def test_what_expires_lapses_or_rolls_over_and_nothing_else(amount, remaining, deferred, percent):
    remaining = min(amount, remaining)
    became = lapse(amount, remaining, deferred if remaining else 0, percent)

    assert became.lapsed_minor + became.rolled_minor == remaining
    assert 0 <= became.breakage_minor <= deferred
    assert became.rolled_minor * 100 <= (percent or 0) * amount + 50
