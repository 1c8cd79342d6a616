"""Test-wide settings: how hard hypothesis tries, and where the recorded field data lies."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: how long one example takes says nothing on a shared two-core machine.
settings.register_profile("dev", max_examples=40, deadline=None, print_blob=True)
# Repeatable, so that a red run says something of the change; new examples are found by everybody's own runs.
settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True, derandomize=True)
settings.load_profile(os.environ.get("TWCMASTER_HYPOTHESIS", "dev"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of recorded field data (captures, days, devices), too large and too foreign for the repository."""
    named = os.environ.get("TWCMASTER_CORPUS")
    if not named:
        pytest.skip("TWCMASTER_CORPUS is not set: it names the folder with recorded field data")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"TWCMASTER_CORPUS names {folder}, which is not a folder")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two tests of one name would be run once only where files are shared out to processes."""
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:
        raise pytest.UsageError(f"tests of one name: {', '.join(twice)}")
