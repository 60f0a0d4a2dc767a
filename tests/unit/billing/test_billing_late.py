from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.late import Figure, billed_so_far, late_delta
from core.money import Money


def figure(minor: int, quantity: int = 0, centres=()) -> Figure:
    return Figure(Money(minor, "EUR"), Decimal(quantity), centres)


def test_a_late_fact_is_priced_as_the_difference_to_what_was_billed():
    # 12 members at 4.20 were billed (50.40); now 13 are known (54.60): 4.20 for 1 more.
    delta = late_delta(figure(5460, 13), [figure(5040, 12)])

    assert delta == figure(420, 1)


def test_a_corrected_fact_gives_a_credit():
    assert late_delta(figure(4620, 11), [figure(5040, 12)]) == figure(-420, -1)


def test_every_revision_so_far_is_taken_off():
    assert late_delta(figure(5880, 14), [figure(5040, 12), figure(420, 1)]) == figure(420, 1)


def test_a_change_inside_what_is_included_costs_nothing_and_is_kept_all_the_same():
    # The contract year's later bills reckon with all that was counted before them.
    assert late_delta(figure(0, 90), [figure(0, 80)]) == figure(0, 10)


def test_nothing_changed_makes_no_line():
    assert late_delta(figure(5040, 12), [figure(5000, 11), figure(40, 1)]) is None


def test_the_delta_names_the_cost_centres_whose_usage_changed():
    before = figure(200, 2, (("4711", Fraction(1)), ("4712", Fraction(1))))
    now = figure(300, 3, (("4711", Fraction(1)), ("4712", Fraction(3, 2)), (None, Fraction(1, 2))))

    assert late_delta(now, [before]).centres == (("4712", Fraction(1, 2)), (None, Fraction(1, 2)))


def test_after_a_reversal_all_of_it_is_billed_anew():
    assert late_delta(figure(5040, 12), [figure(5040, 12), figure(-5040, -12)]) == figure(5040, 12)


states = st.tuples(
    st.integers(-(10**9), 10**9),
    st.integers(0, 10**6),
    st.dictionaries(st.sampled_from(["a", "b", "c", None]), st.fractions(0, 100).filter(bool)),
)


@given(st.lists(states, min_size=1, max_size=12))
def test_billed_and_late_are_what_would_have_been_billed_in_time(history):
    # The period is reckoned again after each wave of facts; whatever the waves, the revisions add
    # up to the last reckoning.
    revisions = []
    for minor, quantity, centres in history:
        ordered = tuple(sorted(centres.items(), key=lambda item: (item[0] is None, item[0] or "")))
        now = figure(minor, quantity, ordered)
        delta = late_delta(now, revisions)
        revisions += [delta] if delta else []
        billed = billed_so_far(revisions, "EUR")
        assert (billed.amount, billed.quantity) == (now.amount, now.quantity)
