"""The RFC 2217 link: against a small server of our own for every refusal, and against ser2net where it is installed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.links.ends import HEARTBEAT, Ear, Pty, free_port, listens, open_files, pseudo_terminal, tcp_server, until
from twcmaster.links import rfc2217
from twcmaster.links.rfc2217 import Rfc2217Link
from twcmaster.model.address import Rfc2217Address
from twcmaster.model.ports import LinkError

FF = b"\xff"
EVERY_BYTE = bytes(range(256)) * 2


@dataclass
class Server:
    """Confirms each setting (with `baud` in place of ours), then sends the serial bytes it gets back."""

    baud: int = 9600
    port_control: bool = True
    binary: bool = True
    hang_up_after: int | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        settings = 0
        while verb := await self._byte(reader, writer):
            if verb in b"\xfb\xfc\xfd\xfe":
                self._agree(verb, await reader.readexactly(1), writer)
            elif verb == b"\xfa":
                self._confirm(await reader.readuntil(b"\xff\xf0"), writer)
                settings += 1
                if settings == self.hang_up_after:
                    return

    async def _byte(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The byte after the next FF that starts a command; what comes before is echoed."""
        while byte := await reader.read(1):
            follower = await reader.readexactly(1) if byte == FF else b""
            if byte == FF and follower != FF:
                return follower
            writer.write(byte + follower)
        return b""

    def _agree(self, verb: bytes, option: bytes, writer: asyncio.StreamWriter) -> None:
        able = self.port_control if option == b"\x2c" else self.binary
        if verb == b"\xfb":
            writer.write(FF + (b"\xfd" if able else b"\xfe") + option)
        elif verb == b"\xfd":
            writer.write(FF + (b"\xfb" if able else b"\xfc") + option)

    def _confirm(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        value = self.baud.to_bytes(4, "big") if request[1] == 1 else request[2:-2]
        writer.write(b"\xff\xfa\x2c" + bytes((request[1] + 100,)) + value + b"\xff\xf0")


async def opened(port: int, ear: Ear) -> Rfc2217Link:
    link = Rfc2217Link(Rfc2217Address("127.0.0.1", port))
    await link.open(ear.on_bytes, ear.on_lost)
    return link


async def test_bytes_pass_both_ways_unchanged() -> None:
    ear = Ear()
    async with tcp_server(Server().serve) as port:
        link = await opened(port, ear)
        link.write(EVERY_BYTE)
        await until(lambda: len(ear.data) >= len(EVERY_BYTE))
        await link.close()
    assert ear.data == EVERY_BYTE
    assert ear.lost == []


async def test_a_server_that_goes_is_reported_once_and_the_link_opens_again() -> None:
    ear = Ear()
    port = free_port()
    link = Rfc2217Link(Rfc2217Address("127.0.0.1", port))
    for attempt in range(2):
        async with tcp_server(Server().serve, port):
            await link.open(ear.on_bytes, ear.on_lost)
            link.write(b"again")
            await until(lambda: ear.data == b"again")
            ear.data.clear()
        await until(lambda: len(ear.lost) == attempt + 1)  # noqa: B023 - awaited at once
        link.write(HEARTBEAT)
    await link.close()
    assert len(ear.lost) == 2


@pytest.mark.parametrize(
    "server, words",
    [
        (Server(port_control=False), "does not allow port settings"),
        (Server(binary=False), "refuses binary data"),
        (Server(baud=115200), "it says 115200 baud"),
        (Server(hang_up_after=1), "closed the connection"),
    ],
)
async def test_a_server_that_is_no_use_says_why(server: Server, words: str) -> None:
    ear = Ear()
    async with tcp_server(server.serve) as port:
        with pytest.raises(LinkError, match=words) as failure:
            await opened(port, ear)
    assert str(failure.value).startswith(f"rfc2217://127.0.0.1:{port}")
    assert ear == Ear()


async def test_a_server_that_does_not_speak_telnet_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEARTBEAT)
        await asyncio.Event().wait()

    monkeypatch.setattr(rfc2217, "SETUP_TIMEOUT_S", 0.05)
    ear = Ear()
    async with tcp_server(raw) as port:
        with pytest.raises(LinkError, match="use socket:// instead"):
            await opened(port, ear)
        await until(lambda: True)
    assert ear == Ear()


async def test_nothing_is_left_after_a_failed_opening() -> None:
    async with tcp_server(Server(port_control=False).serve) as port:
        before = open_files()
        with pytest.raises(LinkError):
            await opened(port, Ear())
        await until(lambda: open_files() == before)


async def test_a_refused_connection_names_the_address() -> None:
    port = free_port()
    with pytest.raises(LinkError, match=f"rfc2217://127.0.0.1:{port}: .*refuses port"):
        await opened(port, Ear())


@contextmanager
def ser2net(pty: Pty, folder: Path) -> Iterator[int]:
    program = shutil.which("ser2net", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("ser2net is not installed")
    port = free_port()
    config = folder / "ser2net.yaml"
    config.write_text(
        "%YAML 1.1\n---\n"
        f"connection: &port\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
        f"  connector: serialdev,{pty.name},115200n81,local\n",
        encoding="ascii",
    )
    process = subprocess.Popen([program, "-n", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=5)


@pytest.mark.smoke
async def test_ser2net_sets_the_port_and_passes_every_byte(tmp_path: Path) -> None:
    ear = Ear()
    sent = bytearray()

    def far_side_has_it() -> bool:
        sent.extend(pty.receive())
        return len(sent) >= len(EVERY_BYTE)

    with pseudo_terminal() as pty:
        with ser2net(pty, tmp_path) as port:
            await until(lambda: listens(port))
            link = await opened(port, ear)
            assert termios.tcgetattr(pty._near)[4] == termios.B9600
            link.write(EVERY_BYTE)
            await until(far_side_has_it)
            pty.send(EVERY_BYTE)
            await until(lambda: len(ear.data) >= len(EVERY_BYTE))
        await until(lambda: ear.lost)
        await link.close()
    assert sent == ear.data == EVERY_BYTE
    assert len(ear.lost) == 1
