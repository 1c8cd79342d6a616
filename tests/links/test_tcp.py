"""The TCP link against real servers."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from tests.links.ends import HEARTBEAT, Ear, free_port, open_files, tcp_server, until
from twcmaster.links import tcp
from twcmaster.links.pipe import MAX_UNSENT_BYTES
from twcmaster.links.tcp import TcpLink, explain_connect, explain_loss
from twcmaster.model.address import TcpAddress
from twcmaster.model.ports import LinkError

ADDRESS = TcpAddress("10.0.0.5", 8899)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()


async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def at_once_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def opened(port: int, ear: Ear) -> TcpLink:
    link = TcpLink(TcpAddress("127.0.0.1", port))
    await link.open(ear.on_bytes, ear.on_lost)
    return link


async def test_bytes_pass_both_ways_unchanged() -> None:
    every_byte = bytes(range(256))
    ear = Ear()
    async with tcp_server(echo) as port:
        link = await opened(port, ear)
        link.write(every_byte)
        link.write(every_byte)
        await until(lambda: len(ear.data) >= 512)
        await link.close()
    assert ear.data == every_byte * 2
    assert ear.lost == []


async def test_an_adapter_that_closes_is_reported_once_and_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    async with tcp_server(at_once_gone) as port:
        before = open_files()
        link = await opened(port, ear)
        link.write(HEARTBEAT)
        await until(lambda: ear.lost)
        for _ in range(10):
            link.write(HEARTBEAT)
        await link.close()
        await until(lambda: open_files() == before)
    assert len(ear.lost) == 1
    assert "closed the connection" in ear.lost[0]
    assert caplog.records == []


async def test_the_same_link_opens_again_after_a_loss() -> None:
    ear = Ear()
    port = free_port()
    link = TcpLink(TcpAddress("127.0.0.1", port))
    for attempt in range(3):
        async with tcp_server(echo, port):
            await link.open(ear.on_bytes, ear.on_lost)
            link.write(b"again")
            await until(lambda: ear.data == b"again")
            ear.data.clear()
        await until(lambda: len(ear.lost) == attempt + 1)  # noqa: B023 - awaited at once
    await link.close()


async def test_nothing_is_reported_after_close() -> None:
    ear = Ear()
    async with tcp_server(echo) as port:
        link = await opened(port, ear)
        link.write(HEARTBEAT)
        await link.close()
        link.write(HEARTBEAT)
    await asyncio.sleep(0.02)
    assert ear == Ear()


async def test_an_adapter_that_stops_reading_is_given_up_rather_than_sent_stale_frames() -> None:
    ear = Ear()
    async with tcp_server(forever) as port:
        link = await opened(port, ear)
        chunk = bytes(MAX_UNSENT_BYTES // 2)
        for _ in range(100_000):  # the system's own buffers take a few megabytes
            link.write(chunk)
            if ear.lost:
                break
        assert ear.lost == ["the other end takes no more bytes: it hangs, or the connection to it does"]
        await link.close()
    assert len(ear.lost) == 1


async def test_a_dead_peer_will_be_noticed_and_frames_leave_at_once() -> None:
    async with tcp_server(forever) as port:
        link = await opened(port, Ear())
        assert link._pipe is not None
        transport = link._pipe._transport
        assert isinstance(transport, asyncio.Transport)
        connection = transport.get_extra_info("socket")

        def option(number: int) -> int:
            value: int = connection.getsockopt(socket.IPPROTO_TCP, number)
            return value

        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert option(socket.TCP_NODELAY)
        quiet_s = option(socket.TCP_KEEPIDLE) + option(socket.TCP_KEEPINTVL) * option(socket.TCP_KEEPCNT)
        assert quiet_s == tcp.DEAD_PEER_S
        assert option(socket.TCP_USER_TIMEOUT) == tcp.DEAD_PEER_S * 1000
        await link.close()


async def test_a_refused_connection_says_so() -> None:
    port = free_port()
    with pytest.raises(LinkError, match=f"127.0.0.1 is there but refuses port {port}"):
        await opened(port, Ear())


async def test_a_name_with_several_addresses_that_all_refuse_says_so_too() -> None:
    link = TcpLink(TcpAddress("localhost", free_port()))
    with pytest.raises(LinkError, match="localhost is there but refuses port"):
        await link.open(Ear().on_bytes, Ear().on_lost)


async def test_a_silent_host_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CONNECT_TIMEOUT_S", 0.05)
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())  # takes the one place; the next caller hears nothing
        ear = Ear()
        with pytest.raises(LinkError, match="no answer within"):
            await opened(full.getsockname()[1], ear)
    await asyncio.sleep(0)
    assert ear.lost == []


async def test_giving_up_an_attempt_leaves_nothing_behind() -> None:
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
        before = open_files()
        ear = Ear()
        attempt = asyncio.create_task(opened(full.getsockname()[1], ear))
        await asyncio.sleep(0.02)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert open_files() == before
        assert ear.lost == []


@pytest.mark.parametrize(
    "problem, words",
    [
        (TimeoutError(), ["no answer within 5 s", "ping 10.0.0.5"]),
        (socket.gaierror(-2, "Name or service not known"), ["name 10.0.0.5 cannot be found", "IP address"]),
        (UnicodeError("label too long"), ["cannot be found"]),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ["refuses port 8899", "TCP server"]),
        (OSError(errno.EHOSTUNREACH, "No route to host"), ["cannot connect: No route to host", "network"]),
        (OSError("odd"), ["cannot connect: odd"]),
    ],
)
def test_a_failed_connection_names_address_cause_and_remedy(problem: Exception, words: list[str]) -> None:
    text = explain_connect(ADDRESS, problem)
    assert text.startswith("socket://10.0.0.5:8899")
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    "problem, words",
    [
        (None, "closed the connection"),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), "has not answered for 10 s"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "broke: Connection reset by peer"),
    ],
)
def test_a_loss_is_put_in_words(problem: Exception | None, words: str) -> None:
    assert words in explain_loss(problem)
