"""Every kind of address leads to its class, and what comes out is guarded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.links.ends import Ear, pseudo_terminal, until
from twcmaster.catalog import open_link
from twcmaster.model.address import AddressError
from twcmaster.protocol.framing import frame

REQUEST = frame(bytes.fromhex("fbeb7777123400000000000000") + bytes((0x1F,)))


@pytest.mark.parametrize(
    "url",
    ["/dev/ttyUSB0", "socket://10.0.0.5:8899", "rfc2217://10.0.0.5:2217", "replay:///bus.jsonl"],
)
def test_every_kind_of_address_makes_a_link(url: str) -> None:
    assert open_link(url).url == url


def test_a_bad_address_makes_none() -> None:
    with pytest.raises(AddressError, match="unknown http://"):
        open_link("http://10.0.0.5")


async def test_a_link_without_a_checker_sends_nothing() -> None:
    with pseudo_terminal() as pty:
        refused: list[tuple[str, bytes]] = []
        link = open_link(pty.name, on_refused=lambda *refusal: refused.append(refusal))
        await link.open(Ear().on_bytes, Ear().on_lost)
        link.write(REQUEST)
        await asyncio.sleep(0.02)
        assert pty.receive() == b""
        await link.close()
    assert [reason for reason, _ in refused] == ["this link only listens"]


async def test_a_checked_link_sends_and_records_what_was_sent(tmp_path: Path) -> None:
    record = tmp_path / "bus.jsonl"
    ear = Ear()
    with pseudo_terminal() as pty:
        link = open_link(pty.name, check=lambda body: None, record_to=record)
        await link.open(ear.on_bytes, ear.on_lost)
        link.write(REQUEST)
        link.write(b"not a frame")
        await until(lambda: pty.waiting() >= len(REQUEST))
        assert pty.receive() == REQUEST
        pty.send(b"\xc0")
        await until(lambda: ear.data)
        await link.close()
    assert [line.split('"')[5] for line in record.read_text().splitlines()] == ["tx", "rx"]
