import itertools

import pytest

from billing.states import TRANSITIONS, State, Trigger, advance

ALLOWED = {
    ("draft", "finalise"): "finalised",
    ("finalised", "pay"): "paid",
    ("finalised", "void"): "void",
    ("finalised", "give_up"): "uncollectible",
    ("uncollectible", "pay"): "paid",
}


@pytest.mark.parametrize(("state", "trigger"), itertools.product(State, Trigger))
def test_every_state_and_trigger_is_either_a_step_of_the_table_or_refused(state, trigger):
    assert advance(state, trigger) == ALLOWED.get((state, trigger))


def test_the_table_has_no_further_step():
    assert {(str(s), str(t)): str(to) for (s, t), to in TRANSITIONS.items()} == ALLOWED


@pytest.mark.parametrize("state", [State.PAID, State.VOID])
def test_paid_and_void_are_ends(state):
    assert all(advance(state, trigger) is None for trigger in Trigger)
