from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.house import Served, served


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Served]:
    """The API of a house with an owner."""
    async with served(tmp_path) as running:
        yield running
