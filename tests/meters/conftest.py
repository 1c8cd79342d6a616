"""What all meters are tested with."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest


@pytest.fixture
async def nothing_escapes() -> AsyncIterator[None]:
    """Fails when an error gets out into the loop, where it could end the daemon and leaves a traceback in its log."""
    escaped: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: escaped.append(context))
    yield
    gc.collect()  # futures tell of errors that nobody has looked at when they go
    loop.set_exception_handler(None)
    assert escaped == []
