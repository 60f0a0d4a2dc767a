"""The embedded stack: what two starts on one machine must not share."""

from pathlib import Path

import pytest

from app.embedded.postgres import free_port
from app.embedded.stack import Stack


def test_two_starts_at_once_never_get_the_same_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Neither listens yet, as while the demo loads; later the server would share the port and half the requests.
    monkeypatch.setattr("app.embedded.stack.PREFERRED_PORT", free_port())
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://not-used")
    monkeypatch.setenv("BROKER_URL", "redis://not-used")
    stacks = [Stack(tmp_path / name) for name in ("one", "two", "three")]

    assert len({stack.start()["PORT"] for stack in stacks}) == len(stacks)
