"""The edges of the program as protocols: what a link, a meter and a vehicle must offer.

Adapters implement these; `catalog.py` is the only place that knows which ones exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twcmaster.model.reading import Reading


class LinkError(Exception):
    """A link could not be opened. The text names the port, the cause and the remedy."""


class Link(Protocol):
    """A byte pipe to one RS-485 bus. It does not reconnect by itself: the bus loop asks it to open again."""

    @property
    def url(self) -> str:
        """The configured address without secrets, for messages."""

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Connect. Bytes then arrive by `on_bytes`; `on_lost` is called once with the reason when the link vanishes.

        Raises LinkError.
        """

    def write(self, data: bytes) -> None:
        """Send now, without waiting. On a link that is not open: nothing happens, the loss was reported already."""

    async def close(self) -> None:
        """Release the port. Safe to call at any time, also twice; `on_lost` is not called for it."""


class MeterError(Exception):
    """A meter gave no usable answer. The text says what was asked, what came back and what to check."""


class Meter(Protocol):
    """One source of power readings."""

    async def read(self) -> Reading:
        """One fresh reading. Raises MeterError; must end by itself within the configured time-out."""

    async def close(self) -> None:
        """Release connections."""
