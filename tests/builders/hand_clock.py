"""The clock by which a process remembers, moved by hand."""

import pytest

from core import remembering

__all__ = ("HandClock",)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(remembering, "time", self)

    def monotonic(self) -> float:
        return self.now
