"""How far an answer is: told by those who work on it, heard by who keeps it (pure)."""

from typing import Protocol

__all__ = ("UNWATCHED", "Progress")


class Progress(Protocol):
    """Who hears that work goes on; both may raise where nobody wants the answer any more."""

    def step(self) -> None:
        """One of the answer's steps is done."""

    def touch(self) -> None:
        """Something was done, though no step: whoever works is alive."""


class _Unwatched:
    def step(self) -> None:
        """Nobody hears it."""

    def touch(self) -> None:
        """Nobody hears it."""


UNWATCHED: Progress = _Unwatched()
