"""Telnet with port control, byte by byte."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.links.telnet import BINARY, COM_PORT, LINE_9600_8N1, PortControl, escape

WILL, WONT, DO, DONT = "fffb", "fffc", "fffd", "fffe"
ECHO = "01"
OPENING = bytes.fromhex("fffb00fffd00fffd03fffb2c")
SETTINGS = bytes.fromhex(
    "fffa2c0100002580fff0"  # 9600 baud
    "fffa2c0208fff0"  # 8 data bits
    "fffa2c0301fff0"  # no parity
    "fffa2c0401fff0"  # 1 stop bit
    "fffa2c0501fff0"  # no flow control
    "fffa2c0c03fff0"  # purge both buffers
)
CONFIRMATIONS = bytes.fromhex("fffa2c6500002580fff0fffa2c6608fff0fffa2c6701fff0fffa2c6801fff0")


def started() -> PortControl:
    control = PortControl()
    control.take_replies()
    return control


def test_it_opens_by_asking_for_what_it_needs() -> None:
    control = PortControl()
    assert control.take_replies() == OPENING
    assert control.take_replies() == b""


def test_settings_follow_once_the_server_allows_them() -> None:
    control = started()
    control.feed(bytes.fromhex(DO + "2c"))
    assert control.take_replies() == SETTINGS
    control.feed(bytes.fromhex(DO + "2c"))
    assert control.take_replies() == b""


def test_the_port_is_ready_when_every_setting_is_confirmed() -> None:
    control = started()
    for end in range(len(CONFIRMATIONS)):
        assert not control.ready
        control.feed(CONFIRMATIONS[end : end + 1])
    assert control.ready
    assert control.confirmed == LINE_9600_8N1


@pytest.mark.parametrize(
    "received, reply",
    [
        (WILL + "00", ""),  # as asked
        (DO + "00", ""),
        (WILL + "03", ""),
        (DO + "03", WILL + "03"),  # not asked, but willing
        (DO + "03" + DO + "03", WILL + "03"),  # once
        (WILL + ECHO, DONT + ECHO),
        (DO + ECHO, WONT + ECHO),
        (WONT + ECHO, ""),  # no change, no answer: two polite ends would never stop
        (DONT + ECHO, ""),
        (DO + "18", WONT + "18"),  # terminal type
        (DONT + "00", WONT + "00"),
        ("fff1", ""),  # NOP
    ],
)
def test_options_are_answered_when_they_change(received: str, reply: str) -> None:
    control = started()
    assert control.feed(bytes.fromhex(received)) == b""
    assert control.take_replies().hex() == reply


@pytest.mark.parametrize(
    "received, refused",
    [(DONT + "2c", COM_PORT), (DONT + "00", BINARY), (WONT + "00", BINARY)],
)
def test_refusals_of_what_is_needed_are_noted(received: str, refused: int) -> None:
    control = started()
    control.feed(bytes.fromhex(received))
    assert control.refused == {refused}


def test_other_answers_are_skipped() -> None:
    control = started()
    line_state, signature, other_option = "fffa2c6b10fff0", "fffa2c00776f77fff0", "fffa1801fff0"
    assert control.feed(bytes.fromhex("41" + line_state + signature + other_option + "42")) == b"AB"
    assert control.confirmed == {}


def test_an_answer_with_a_doubled_ff_is_undone() -> None:
    control = started()
    control.feed(bytes.fromhex("fffa2c650000ffff80fff0"))
    assert control.confirmed == {1: bytes.fromhex("0000ff80")}


def test_an_answer_that_never_ends_does_not_fill_the_memory() -> None:
    control = started()
    control.feed(b"\xff\xfa" + bytes(100_000))
    assert len(control._answer) <= 256


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_serial_bytes_survive_any_split(data: bytes, cuts: list[int], with_commands: bool) -> None:
    wire = escape(data)
    if with_commands:
        wire = CONFIRMATIONS + wire + bytes.fromhex(DO + "2c")
    control = started()
    edges = [0, *sorted(cut for cut in cuts if cut < len(wire)), len(wire)]
    got = b"".join(control.feed(wire[start:end]) for start, end in pairwise(edges))
    assert got == data
    assert control.ready is with_commands


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    control = started()
    assert len(control.feed(data)) <= len(data)
    assert len(control.take_replies()) <= len(data) + len(SETTINGS)
