"""How long to fuzz: `make test` tries a little and always the same, `make fuzz` anew and as often as FUZZ_EXAMPLES says."""

import os

import hypothesis
import pytest

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 0)
SLOW = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large]


def tried(little: int) -> hypothesis.settings:
    """Return how often a property is tried: a little, or as often as wanted."""
    return hypothesis.settings(
        max_examples=EXAMPLES or little,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=SLOW,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if EXAMPLES and "fuzz" in item.path.parts:
            item.add_marker(pytest.mark.timeout(0))
