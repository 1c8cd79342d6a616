"""`sniff` and `connector` on real pseudo-terminals and sockets."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.processes import end, ended, start
from tests.links.ends import Pty
from twcmaster.protocol.master import Master
from twcmaster.protocol.settings import MasterSettings

LINK_READY = bytes.fromhex("c0fde22433521f400000000000000000eac0")
RECORDING = """\
{"t": 0.0, "dir": "rx", "hex": "c0fde22433521f"}
{"t": 0.01, "dir": "rx", "hex": "400000000000000000eac0"}
{"t": 0.1, "dir": "rx", "hex": "c0fbe07777243300000000000000000025c0"}
{"t": 0.2, "dir": "rx", "hex": "c0fbe0777724330507d000000000000001c0"}
{"t": 0.3, "dir": "rx", "hex": "c0fde02433777704000000000000000029c0"}
"""


def recording(folder: Path) -> Path:
    path = folder / "bus.jsonl"
    path.write_text(RECORDING)
    return path


def test_a_recording_can_be_listened_to(twcmaster: Invoke, tmp_path: Path) -> None:
    result = twcmaster("sniff", "--link", f"replay://{recording(tmp_path)}?speed=10")
    assert result.exit_code == 0, result.output
    assert "master 7777 → 2433 heartbeat" in result.stdout
    assert "# heard a master 7777" in result.stderr
    assert "good frames" in result.stderr


def test_what_was_heard_as_json(twcmaster: Invoke, tmp_path: Path) -> None:
    result = twcmaster("sniff", "--json", "--link", f"replay://{recording(tmp_path)}?speed=10")
    heard = [json.loads(line) for line in result.stdout.splitlines()]
    assert {message["kind"] for message in heard} >= {"master_heartbeat"}
    assert all(message["t"] >= 0 for message in heard)


def test_silence_is_interpreted(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    result = twcmaster("sniff", "--link", f"replay://{tmp_path}/empty.jsonl")
    assert result.exit_code == 1
    for hint in ("power", "D+", "rotary switch", "F"):
        assert hint in result.stderr


def test_nothing_but_damage_is_interpreted(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "noise.jsonl").write_text('{"t": 0.0, "dir": "rx", "hex": "c0fbe07777ffffffffffc0c0112233445566c0"}\n')
    result = twcmaster("sniff", "--link", f"replay://{tmp_path}/noise.jsonl")
    assert result.exit_code == 1
    assert "Only damaged frames" in result.stderr


@pytest.mark.parametrize("command", ["sniff", "connector"])
@pytest.mark.parametrize(
    "url, words",
    [
        ("/dev/ttyNOWHERE", "no such port"),
        ("TMP/file", "TMP/file is not a serial port"),
        ("socket://127.0.0.1:9", "127.0.0.1:9"),
        ("socket://no-such-host.invalid:8899", "no-such-host.invalid"),
        ("replay:///no/such/file.jsonl", "/no/such/file.jsonl"),
    ],
)
def test_a_port_that_cannot_be_opened_ends_with_3(
    twcmaster: Invoke, tmp_path: Path, command: str, url: str, words: str
) -> None:
    (tmp_path / "file").write_text("")
    result = twcmaster(command, "--link", url.replace("TMP", str(tmp_path)))
    assert result.exit_code == 3
    assert words.replace("TMP", str(tmp_path)) in result.stderr


@pytest.mark.smoke
async def test_listening_never_sends_a_byte_and_records(tmp_path: Path) -> None:
    pty, record = Pty(), tmp_path / "bus.jsonl"
    sniffing = await start("sniff", "--link", pty.name, "--record", record, "--seconds", "2")
    assert sniffing.stdout is not None
    heard = asyncio.ensure_future(sniffing.stdout.readline())
    while not heard.done():
        pty.send(LINK_READY)
        await asyncio.wait([heard], timeout=0.1)
    ended_here = await ended(sniffing)
    assert pty.receive() == b""
    pty.release()
    assert ended_here.code == 0
    assert "2433 ready to link: protocol 2" in heard.result().decode()
    assert "good frames, 0 damaged" in ended_here.err
    chunks = [json.loads(line) for line in record.read_text().splitlines()]
    assert {chunk["dir"] for chunk in chunks} == {"rx"}


@pytest.mark.smoke
async def test_a_played_connector_obeys_a_master(tmp_path: Path) -> None:
    """Our own master at one end of a TCP connection, the command at the other."""
    loop = asyncio.get_running_loop()
    master = Master(MasterSettings(connector_limit_ca=3200), loop.time())
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(100):
            master.receive_data(data, loop.time())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    playing = await start("connector", "--link", f"socket://127.0.0.1:{port}", "--id", "2433", "--car-amps", "10")
    try:
        async with asyncio.timeout(25):
            while not (unit := master.units.get(0x2433)) or (unit.actual_ca or 0) < 900:
                if writers:
                    master.handle_timer(loop.time())
                    for frame in master.frames_to_send():
                        writers[0].write(frame)
                if unit:
                    master.set_offer(0x2433, 1600, loop.time() + 5)
                await asyncio.sleep(0.01)
        ended = await end(playing, signal.SIGINT)
    finally:
        server.close()
        for writer in writers:
            writer.close()
    assert ended.code == 0
    assert "playing connector 2433, protocol 2, up to 32 A" in ended.err
    assert "2433 has a master, starting (08), limit 16.00 A" in ended.out
