"""Addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.model.address import (
    AddressError,
    LinkAddress,
    ReplayAddress,
    Rfc2217Address,
    SerialAddress,
    TcpAddress,
    parse_link,
)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("/dev/ttyUSB0", SerialAddress("/dev/ttyUSB0")),
        (" /dev/ttyUSB0\n", SerialAddress("/dev/ttyUSB0")),
        ("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", SerialAddress("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0")),
        ("device:///dev/ttyAMA0", SerialAddress("/dev/ttyAMA0")),
        ("/tmp/virtual", SerialAddress("/tmp/virtual")),
        ("socket://10.0.0.5:8899", TcpAddress("10.0.0.5", 8899)),
        ("tcp://adapter.local:8899/", TcpAddress("adapter.local", 8899)),
        ("socket://[fe80::1]:8899", TcpAddress("fe80::1", 8899)),
        ("rfc2217://10.0.0.5:2217", Rfc2217Address("10.0.0.5", 2217)),
        ("replay:///data/bus.jsonl", ReplayAddress("/data/bus.jsonl")),
        ("replay://bus.jsonl?speed=10", ReplayAddress("bus.jsonl", 10)),
        ("replay://~/my%20bus.hex", ReplayAddress("~/my bus.hex")),
        ("/data/bus.JSONL", ReplayAddress("/data/bus.JSONL")),
        ("captures/bus.hex", ReplayAddress("captures/bus.hex")),
    ],
)
def test_an_address_is_understood(text: str, expected: LinkAddress) -> None:
    assert parse_link(text) == expected


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "the link is empty"),
        ("ttyUSB0", "Did you mean /dev/ttyUSB0?"),
        ("COM3", "not a full path"),
        ("10.0.0.5:8899", "socket://"),
        ("http://10.0.0.5:8899", "unknown http://"),
        ("socket://10.0.0.5", "names no port"),
        ("socket://:8899", "names no host"),
        ("socket://10.0.0.5:0", "names no port"),
        ("socket://10.0.0.5:99999", "not a number from 1 to 65535"),
        ("socket://10.0.0.5:http", "not a number from 1 to 65535"),
        ("rfc2217://10.0.0.5:2217/ttyS0", "more than a host and a port"),
        ("rfc2217://me:secret@10.0.0.5:2217", "more than a host and a port"),
        ("socket://[::1:8899", "no valid address"),
        ("replay://", "is no recording"),
        ("replay:///bus.jsonl?sped=10", "is no recording"),
        ("replay:///bus.jsonl?speed=fast", "speed must be a number above 0"),
        ("replay:///bus.jsonl?speed=0", "speed must be a number above 0"),
        ("replay:///bus.jsonl?speed=nan", "speed must be a number above 0"),
    ],
)
def test_what_is_no_address_says_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(AddressError) as failure:
        parse_link(text)
    assert complaint in str(failure.value)


@pytest.mark.parametrize(
    "text",
    [
        "/dev/ttyUSB0",
        "socket://10.0.0.5:8899",
        "socket://[fe80::1]:8899",
        "rfc2217://h:1",
        "replay:///a.jsonl?speed=2.5",
    ],
)
def test_an_address_gives_its_text_back(text: str) -> None:
    assert parse_link(text).url == text


@given(st.text())
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        address = parse_link(text)
    except AddressError:
        return
    assert address.url
