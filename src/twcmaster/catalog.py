"""Kind to class: the only list of concrete links and meters.

Each is imported when it is asked for, so that a site pays in time and memory for what it uses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from twcmaster.config.sealed import SealedMeter
from twcmaster.links.guard import Checker, GuardedLink, Refusal, nothing_allowed
from twcmaster.model.address import LinkAddress, ReplayAddress, Rfc2217Address, SerialAddress, TcpAddress, parse_link
from twcmaster.model.ports import Link, Meter
from twcmaster.model.reading import Reading

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection


def _unreported(*_: object) -> None:
    """The reporter of those who only want the counters."""


def open_link(
    url: str,
    check: Checker = nothing_allowed,
    on_refused: Refusal = _unreported,
    record_to: Path | None = None,
    on_record_error: Callable[[str], None] = _unreported,
) -> GuardedLink:
    """The link at an address, not yet connected. It sends only what `check` lets pass: by default nothing.

    With `record_to`, everything that comes and goes is appended to that file. Raises AddressError.
    """
    link = _bare_link(parse_link(url))
    if record_to is not None:
        from twcmaster.links.recording import Recorder

        link = Recorder(link, record_to, on_record_error)
    return GuardedLink(link, check, on_refused)


def open_meter(section: MeterSection | SealedMeter, clock: Callable[[], datetime]) -> Meter:
    """The meter of a config section, not yet connected. `clock` is the site's wall clock, with its zone."""
    if isinstance(section, SealedMeter):
        return _LateMeter(section, clock)
    match section.kind:
        case "http":
            from twcmaster.meters.http import HttpMeter

            return HttpMeter(section, clock)
        case "mqtt":
            from twcmaster.meters.mqtt import MqttMeter

            return MqttMeter(section, clock)
        case "modbus":
            from twcmaster.meters.modbus import ModbusMeter

            return ModbusMeter(section)
        case "file":
            from twcmaster.meters.file import FileMeter

            return FileMeter(section, clock)
        case "constant":
            from twcmaster.meters.constant import ConstantMeter

            return ConstantMeter(section)
        case _:
            assert_never(section.kind)


class _LateMeter:
    """A meter that is loaded with its first reading: the bus speaks first."""

    def __init__(self, section: SealedMeter, clock: Callable[[], datetime]) -> None:
        self._section = section
        self._clock = clock
        self._meter: Meter | None = None

    async def read(self) -> Reading:
        if self._meter is None:
            section = await asyncio.to_thread(self._section.unpack)
            self._meter = open_meter(section, self._clock)
        return await self._meter.read()

    async def close(self) -> None:
        if self._meter is not None:
            await self._meter.close()


def _bare_link(address: LinkAddress) -> Link:
    match address:
        case SerialAddress():
            from twcmaster.links.serial import SerialLink

            return SerialLink(address)
        case TcpAddress():
            from twcmaster.links.tcp import TcpLink

            return TcpLink(address)
        case Rfc2217Address():
            from twcmaster.links.rfc2217 import Rfc2217Link

            return Rfc2217Link(address)
        case ReplayAddress():
            from twcmaster.links.replay import ReplayLink

            return ReplayLink(address)
        case _:
            assert_never(address)
