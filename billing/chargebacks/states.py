"""The lives of a run and of a period: one table each, one way to step (pure)."""

from billing.chargebacks.errors import PeriodNotOpen, RunState

__all__ = ("PERIOD_TRANSITIONS", "RUN_TRANSITIONS", "advance_period", "advance_run")

RUN_TRANSITIONS: dict[tuple[str, str], str] = {
    ("draft", "approve"): "approved",
    ("approved", "post"): "posted",
    ("draft", "withdraw"): "withdrawn",
    ("approved", "withdraw"): "withdrawn",
}
"""A posted run is final: what is wrong in it is put right by another run, never taken out."""

PERIOD_TRANSITIONS: dict[tuple[str, str], str] = {
    ("open", "soften"): "soft",
    ("soft", "reopen"): "open",
    ("soft", "close"): "closed",
}
"""Open takes everything; soft takes no new run but lets approved ones be posted; closed takes nothing."""


def advance_run(status: str, trigger: str) -> str:
    """Return the run's next status.

    Raises:
        RunState: the run cannot do that now (`run_state`).
    """
    found = RUN_TRANSITIONS.get((status, trigger))
    if found is None:
        raise RunState(status, trigger)
    return found


def advance_period(period: str, status: str, trigger: str) -> str:
    """Return the period's next status.

    Raises:
        PeriodNotOpen: the period cannot do that now (`period_not_open`).
    """
    found = PERIOD_TRANSITIONS.get((status, trigger))
    if found is None:
        raise PeriodNotOpen(period, status)
    return found
