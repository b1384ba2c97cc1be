"""People who talk with the demo hall."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import RunningHall
from tests.talk import Person


@pytest.fixture
def citizen(demo: RunningHall) -> Callable[[], Person]:
    """A new person at the Guangdong page, each time."""
    return lambda: Person(demo.web)
