import asyncio
import os
import random
import select
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.sim.wire import Ear, heartbeat, make_unit
from twcmaster.model.ports import Link, LinkError
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import ConnectorHeartbeat, decode
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.endpoints import STALE_BYTES, MemoryLink, PtyEndpoint, TcpEndpoint
from twcmaster.sim.line import Line

QUIET: dict[str, Any] = {"boot_ready_s": 1e6, "reply_delay_s": 0.01}


def quiet_line() -> Line:
    line = Line(random.Random(1))
    line.seat(make_unit(**QUIET))
    return line


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_memory_link_is_a_link_and_carries_both_ways() -> None:
    async def main() -> Ear:
        ear, lost = Ear(), list[str]()
        link: Link = MemoryLink(quiet_line(), "garage")
        assert link.url == "sim://garage"
        link.write(heartbeat())
        await link.open(ear, lost.append)
        link.write(heartbeat())
        await asyncio.sleep(1.0)
        await link.close()
        await link.close()
        link.write(heartbeat())
        await asyncio.sleep(1.0)
        assert lost == []
        return ear

    assert len(run_virtual(main()).answers) == 1


def test_an_unplugged_memory_link_is_lost_once_and_refuses_until_it_is_back() -> None:
    async def main() -> tuple[list[str], int]:
        ear, lost = Ear(), list[str]()
        link = MemoryLink(quiet_line())
        await link.open(ear, lost.append)
        link.unplug()
        link.unplug()
        link.write(heartbeat())
        with pytest.raises(LinkError, match="plug it in"):
            await link.open(ear, lost.append)
        link.plug_in()
        await link.open(ear, lost.append)
        link.write(heartbeat())
        await asyncio.sleep(1.0)
        return lost, len(ear.answers)

    assert run_virtual(main()) == (["unplugged"], 1)


# ── pseudo-terminal: real bytes, real time ───────────────────────────────────────────────────────────────────────


def open_port(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    termios.tcflush(fd, termios.TCIFLUSH)
    return fd


def readable(fd: int) -> bytes:
    ready, _, _ = select.select([fd], [], [], 0)
    return os.read(fd, 4096) if ready else b""


async def ask(fd: int) -> list[int]:
    """Send a heartbeat; states in the answers that come within a moment."""
    os.write(fd, heartbeat())
    decoder = FrameDecoder()
    for _ in range(200):
        await asyncio.sleep(0.005)
        messages = [decode(body) for body in decoder.feed(readable(fd))]
        if states := [message.state for message in messages if isinstance(message, ConnectorHeartbeat)]:
            return states
    return []


@pytest.mark.smoke
async def test_a_pty_carries_both_ways_and_survives_closing_and_opening(tmp_path: Path) -> None:
    endpoint = PtyEndpoint(quiet_line(), tmp_path / "port")
    endpoint.plug_in()
    try:
        for _ in range(2):
            fd = open_port(endpoint.link)
            assert await ask(fd) == [0]
            os.close(fd)
    finally:
        endpoint.unplug()


@pytest.mark.smoke
async def test_a_pty_can_vanish_and_return_under_the_same_name(tmp_path: Path) -> None:
    endpoint = PtyEndpoint(quiet_line(), tmp_path / "port")
    endpoint.plug_in()
    endpoint.plug_in()
    fd = open_port(endpoint.link)
    endpoint.unplug()
    endpoint.unplug()
    assert not endpoint.link.is_symlink()
    with pytest.raises(OSError, match="Input/output"):
        os.write(fd, heartbeat())
    os.close(fd)

    endpoint.plug_in()
    fd = open_port(Path(endpoint.url))
    assert await ask(fd) == [0]
    os.close(fd)
    endpoint.unplug()


@pytest.mark.smoke
async def test_a_port_that_nobody_reads_keeps_no_more_than_a_moment(tmp_path: Path) -> None:
    line = Line(random.Random(1))
    endpoint = PtyEndpoint(line, tmp_path / "port")
    endpoint.plug_in()
    talker = line.attach(Ear())
    for _ in range(300):
        endpoint._to_peer(heartbeat())
    fd = os.open(endpoint.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    assert 0 < len(readable(fd)) <= STALE_BYTES + len(heartbeat())
    os.close(fd)
    line.detach(talker)
    endpoint.unplug()


# ── TCP ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def ask_over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    writer.write(heartbeat())
    decoder = FrameDecoder()
    async with asyncio.timeout(5.0):
        while True:
            for body in decoder.feed(await reader.read(4096)):
                if isinstance(message := decode(body), ConnectorHeartbeat):
                    return message.state


async def hang_up(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.smoke
@pytest.mark.parametrize("hold_s", [0.0, 0.02])
async def test_tcp_clients_share_the_line(hold_s: float) -> None:
    endpoint = TcpEndpoint(quiet_line(), hold_s=hold_s)
    await endpoint.plug_in()
    assert endpoint.url == f"socket://127.0.0.1:{endpoint.port}"
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    listener, other = await asyncio.open_connection("127.0.0.1", endpoint.port)
    assert await ask_over(reader, writer) == 0
    async with asyncio.timeout(5.0):
        assert (await listener.readexactly(2))[0] == 0xC0
    await hang_up(writer, other)
    await endpoint.unplug()


@pytest.mark.smoke
async def test_tcp_drops_everyone_and_comes_back_on_the_same_port() -> None:
    endpoint = TcpEndpoint(quiet_line())
    await endpoint.plug_in()
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    assert await ask_over(reader, writer) == 0
    await endpoint.unplug()
    await endpoint.unplug()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1000)
    await hang_up(writer)
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", endpoint.port)

    await endpoint.plug_in()
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    assert await ask_over(reader, writer) == 0
    await hang_up(writer)
    await endpoint.unplug()
