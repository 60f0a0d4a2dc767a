"""The whole product of states and triggers, refusals included."""

from datetime import UTC, datetime, timedelta

import pytest

from plans.errors import SubscriptionNotIn
from plans.states import State, Trigger, advance, state_at

ALLOWED = {
    ("scheduled", "start"): "active",
    ("active", "change"): "active",
    ("active", "cancel_at_period_end"): "ending",
    ("active", "cancel_now"): "ended",
    ("ending", "change"): "ending",
    ("ending", "cancel_at_period_end"): "ending",
    ("ending", "cancel_now"): "ended",
    ("ending", "renew"): "ending",
    ("ending", "continue"): "active",
    ("ending", "end"): "ended",
}
START = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_state_meets_every_trigger(state, trigger):
    after = ALLOWED.get((state.value, trigger.value))
    if after is None:
        with pytest.raises(SubscriptionNotIn) as refusal:
            advance(state, trigger)
        assert (refusal.value.code, refusal.value.status) == ("subscription_state", 409)
    else:
        assert advance(state, trigger) == after


def test_nothing_leads_out_of_ended():
    assert not [key for key in ALLOWED if key[0] == "ended"]


@pytest.mark.parametrize(
    ("now", "ends_at", "state"),
    [
        (START - TICK, None, State.SCHEDULED),
        (START, None, State.ACTIVE),
        (START, START + timedelta(days=9), State.ENDING),
        (START + timedelta(days=9) - TICK, START + timedelta(days=9), State.ENDING),
        (START + timedelta(days=9), START + timedelta(days=9), State.ENDED),
    ],
)
def test_the_state_follows_from_the_instants(now, ends_at, state):
    assert state_at(START, ends_at, now) == state
