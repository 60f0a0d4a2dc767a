"""What tests of pure meters begin with."""

import pytest

from tests.builders.story import Story


@pytest.fixture
def story() -> Story:
    return Story()
