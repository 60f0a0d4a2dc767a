"""The desk at which alerts are made and looked at."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.alerts import Desk
from tests.builders.world import World


@pytest.fixture
def desk(client: TestClient[Litestar], world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(client, world, monkeypatch)
