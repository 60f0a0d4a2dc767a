"""The life of an invoice or credit note: one table, one step."""

from enum import StrEnum

__all__ = ("TRANSITIONS", "State", "Trigger", "advance")


class State(StrEnum):
    """Where a document stands."""

    DRAFT = "draft"
    """Reckoned, without a number; may be reckoned anew."""
    FINALISED = "finalised"
    """Numbered and owed; nothing on it changes any more."""
    PAID = "paid"
    """Settled: what was owed has come in, or what is owed back has gone out."""
    VOID = "void"
    """Withdrawn: it keeps its number, its transfers are reversed, its periods are billed anew."""
    UNCOLLECTIBLE = "uncollectible"
    """Given up for the time being; it can still be paid."""


class Trigger(StrEnum):
    """What moves a document on."""

    FINALISE = "finalise"
    PAY = "pay"
    VOID = "void"
    GIVE_UP = "give_up"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.DRAFT, Trigger.FINALISE): State.FINALISED,
    (State.FINALISED, Trigger.PAY): State.PAID,
    (State.FINALISED, Trigger.VOID): State.VOID,
    (State.FINALISED, Trigger.GIVE_UP): State.UNCOLLECTIBLE,
    (State.UNCOLLECTIBLE, Trigger.PAY): State.PAID,
}
"""Every step that exists; whatever is not here is refused."""


def advance(state: State, trigger: Trigger) -> State | None:
    """Return the state after that trigger, or None where the step does not exist.

    >>> advance(State.DRAFT, Trigger.FINALISE), advance(State.VOID, Trigger.PAY)
    (<State.FINALISED: 'finalised'>, None)
    """
    return TRANSITIONS.get((state, trigger))
