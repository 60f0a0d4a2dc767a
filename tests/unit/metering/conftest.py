"""What tests of pure meters begin with."""

from pathlib import Path

import pytest

from tests.builders.story import Story


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")
