"""How long a model is run: a little in `make test`, `LAW_STEPS` steps of it by `make laws`."""

import os
import sys
import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

STEPS = int(os.environ.get("LAW_STEPS", "0"))
"""Steps that the long run takes at least; 0 for the short one."""
EXAMPLES, LENGTH = 10, 100
"""Worlds that are made before the steps are counted anew, and steps in each of them."""
PARTS = 2 if STEPS else 1
"""Processes that share the steps of a long run: each of them waits for PostgreSQL half of its time."""

in_parts = pytest.mark.parametrize("part", range(1, PARTS + 1))
"""The test is run in so many parts, each of them worlds of its own."""


class Counted(RuleBasedStateMachine):
    """A machine whose steps are counted; they count from `began` on, when there is a world to act on."""

    steps = 0

    @classmethod
    def took_a_step(cls) -> None:
        Counted.steps += 1


def hold(machine: type[Counted], part: int, examples: int, length: int) -> None:
    """Run a model so often, or with `LAW_STEPS` until it has taken its part of so many steps, other ones each time."""
    Counted.steps, began = 0, time.monotonic()
    while Counted.steps * PARTS <= STEPS:
        _run(machine, EXAMPLES if STEPS else examples, LENGTH if STEPS else length)
        assert Counted.steps, "nothing was done"
        if STEPS:
            took_s = time.monotonic() - began
            # Not to the output, which is not that of the terminal where processes share the tests.
            print(f"{machine.__name__} {part}: {Counted.steps:,} steps in {took_s:,.0f} s", file=sys.stderr, flush=True)


def settled(examples: int, parts: int = 1) -> settings:
    """Return how many random worlds a law is tried on: so many, or with `LAW_STEPS` a hundredth of it in all parts."""
    made = settings(
        max_examples=max(examples, STEPS // 100 // parts), deadline=None, suppress_health_check=list(HealthCheck)
    )
    return settings(made, derandomize=not STEPS)


def _run(machine: type[Counted], examples: int, length: int) -> None:
    run_state_machine_as_test(machine, settings=_settings(examples, length))


def _settings(examples: int, length: int) -> settings:
    checks = list(HealthCheck)
    made = settings(max_examples=examples, stateful_step_count=length, deadline=None, suppress_health_check=checks)
    # A long run tells the steps as they were: to look for fewer of them could take an hour.
    return settings(made, phases=(Phase.generate,), derandomize=False) if STEPS else made
