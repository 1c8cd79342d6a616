"""Kind to class: the only list of concrete links and meters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import assert_never

from twcmaster.config.meters import (
    ConstantMeterSection,
    FileMeterSection,
    HttpMeterSection,
    MeterSection,
    ModbusMeterSection,
    MqttMeterSection,
)
from twcmaster.links.guard import Checker, GuardedLink, Refusal, nothing_allowed
from twcmaster.links.recording import Recorder
from twcmaster.links.replay import ReplayLink
from twcmaster.links.rfc2217 import Rfc2217Link
from twcmaster.links.serial import SerialLink
from twcmaster.links.tcp import TcpLink
from twcmaster.meters.constant import ConstantMeter
from twcmaster.meters.file import FileMeter
from twcmaster.meters.http import HttpMeter
from twcmaster.meters.modbus import ModbusMeter
from twcmaster.meters.mqtt import MqttMeter
from twcmaster.model.address import LinkAddress, ReplayAddress, Rfc2217Address, SerialAddress, TcpAddress, parse_link
from twcmaster.model.ports import Link, Meter


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
        link = Recorder(link, record_to, on_record_error)
    return GuardedLink(link, check, on_refused)


def open_meter(section: MeterSection, clock: Callable[[], datetime]) -> Meter:
    """The meter of a config section, not yet connected. `clock` is the site's wall clock, with its zone."""
    match section:
        case HttpMeterSection():
            return HttpMeter(section, clock)
        case MqttMeterSection():
            return MqttMeter(section, clock)
        case ModbusMeterSection():
            return ModbusMeter(section)
        case FileMeterSection():
            return FileMeter(section, clock)
        case ConstantMeterSection():
            return ConstantMeter(section)
        case _:
            assert_never(section)


def _bare_link(address: LinkAddress) -> Link:
    match address:
        case SerialAddress():
            return SerialLink(address)
        case TcpAddress():
            return TcpLink(address)
        case Rfc2217Address():
            return Rfc2217Link(address)
        case ReplayAddress():
            return ReplayLink(address)
        case _:
            assert_never(address)
