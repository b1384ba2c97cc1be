"""People of the demo hall, at a running bot of each file's own: what one file submits is not in another's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RunningHall, demo_of, running
from tests.talk import Person


@pytest.fixture(scope="module")
def demo(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    """A running bot with the demo hall's people, organizations and cases."""
    with running(tmp_path_factory.mktemp("demo")) as hall:
        demo_of(hall)
        yield hall


@pytest.fixture
def citizen(demo: RunningHall) -> Callable[[], Person]:
    """A new person at the Guangdong page, each time."""
    return lambda: Person(demo.web)
