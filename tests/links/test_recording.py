"""Recording a bus and playing it back."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.links.ends import HEARTBEAT, Ear
from twcmaster.links.recording import FLUSH_EVERY_S, Recorder
from twcmaster.links.replay import PLAIN_LINE_S, BadLine, ReplayLink, read_recording
from twcmaster.model.address import ReplayAddress
from twcmaster.model.ports import LinkError
from twcmaster.protocol.framing import frame
from twcmaster.sim.clock import run_virtual

BODY = HEARTBEAT[1:-1]


class Bus:
    """A link whose traffic the test makes up."""

    url = "test"

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.say: Callable[[bytes], None] = self.written.append

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.say = on_bytes

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def close(self) -> None:
        return


async def record(path: Path, traffic: list[tuple[float, str, bytes]], max_bytes: int | None = None) -> list[str]:
    bus, ear, errors = Bus(), Ear(), list[str]()
    recorder = Recorder(bus, path, errors.append, max_bytes)
    await recorder.open(ear.on_bytes, ear.on_lost)
    for wait_s, direction, data in traffic:
        await asyncio.sleep(wait_s)
        if direction == "rx":
            bus.say(data)
        else:
            recorder.write(data)
    await recorder.close()
    assert ear.data == b"".join(data for _, direction, data in traffic if direction == "rx")
    assert bus.written == [data for _, direction, data in traffic if direction == "tx"]
    return errors


async def play(path: Path, speed: float = 1.0) -> tuple[list[tuple[float, bytes]], list[str]]:
    """What a replay says and when, until it ends."""
    loop = asyncio.get_running_loop()
    started_at = loop.time()
    heard: list[tuple[float, bytes]] = []
    ended: asyncio.Future[str] = loop.create_future()
    link = ReplayLink(ReplayAddress(str(path), speed))
    await link.open(lambda data: heard.append((round(loop.time() - started_at, 6), data)), ended.set_result)
    link.write(HEARTBEAT)
    reason = await ended
    await link.close()
    return heard, [reason]


def test_a_recording_holds_time_direction_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"
    run_virtual(record(path, [(5, "tx", b"\xc0\x01"), (0.25, "rx", b"\x02"), (3, "rx", b"\x03")]), start_s=100)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"t": 0.0, "dir": "tx", "hex": "c001"},
        {"t": 0.25, "dir": "rx", "hex": "02"},
        {"t": 3.25, "dir": "rx", "hex": "03"},
    ]


def test_what_was_recorded_plays_back_at_its_own_pace(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"
    run_virtual(record(path, [(0, "tx", b"ask"), (0.1, "rx", b"\x00\xff"), (2, "rx", HEARTBEAT)]))
    heard, reasons = run_virtual(play(path))
    assert heard == [(0.1, b"\x00\xff"), (2.1, HEARTBEAT)]
    assert reasons == ["the recording is at its end"]
    assert run_virtual(play(path, speed=10))[0] == [(0.01, b"\x00\xff"), (0.21, HEARTBEAT)]


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from(["rx", "tx"]), st.binary(min_size=1, max_size=40)), max_size=10
    )
)
def test_any_traffic_survives_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, traffic: list[tuple[float, str, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("bus") / "bus.jsonl"
    path.touch()
    assert run_virtual(record(path, traffic)) == []
    assert [data for _, data in run_virtual(play(path))[0]] == [data for _, way, data in traffic if way == "rx"]


def test_a_restarted_program_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"
    for _ in range(2):
        run_virtual(record(path, [(0, "rx", b"\x01"), (60, "rx", b"\x02")]))
    assert [at for at, _ in run_virtual(play(path))[0]] == [0, 60, 60, 120]


def test_the_file_is_written_while_the_bus_runs(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"

    async def watch() -> list[int]:
        recorder = Recorder(Bus(), path, pytest.fail)
        sizes = []
        for _ in range(3):
            recorder.write(HEARTBEAT)
            await asyncio.sleep(FLUSH_EVERY_S * 1.5)
            sizes.append(len(path.read_text().splitlines()))
        await recorder.close()
        return sizes

    assert run_virtual(watch()) == [1, 2, 3]


def test_a_bounded_recording_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"
    traffic = [(2.0, "rx", number.to_bytes(16, "big")) for number in range(200)]
    run_virtual(record(path, traffic, max_bytes=4000))
    older = tmp_path / "bus.jsonl.1"
    assert path.stat().st_size + older.stat().st_size <= 4000
    kept = [json.loads(line)["hex"] for file in (older, path) for line in file.read_text().splitlines()]
    assert kept == [data.hex() for _, _, data in traffic[-len(kept) :]]
    assert len(kept) > 30


def test_a_file_that_cannot_be_written_ends_the_recording_not_the_bus(tmp_path: Path) -> None:
    errors = run_virtual(record(tmp_path / "missing" / "bus.jsonl", [(2.0, "rx", b"\x01")] * 5))
    assert len(errors) == 1
    assert "No such file or directory" in errors[0]


@pytest.mark.parametrize(
    "line, data",
    [
        (HEARTBEAT.hex(), HEARTBEAT),
        (HEARTBEAT.hex(" ").upper(), HEARTBEAT),
        (BODY.hex(" "), HEARTBEAT),
        (HEARTBEAT.hex() + "fc", HEARTBEAT + b"\xfc"),
        ("07:53:37: Rx@: (F8) " + BODY.hex(" "), HEARTBEAT),
        (frame(bytes.fromhex("fbe0c0db")).hex(), frame(bytes.fromhex("fbe0c0db"))),
    ],
)
def test_plain_hex_plays_too(tmp_path: Path, line: str, data: bytes) -> None:
    path = tmp_path / "bus.hex"
    path.write_text(f"# seen in the garage\n\n{line}\n{line}\n")
    assert run_virtual(play(path))[0] == [(PLAIN_LINE_S, data), (round(2 * PLAIN_LINE_S, 6), data)]


def test_frames_that_another_program_sent_are_not_played(tmp_path: Path) -> None:
    path = tmp_path / "bus.log"
    path.write_text(f"07:53:37: Tx@: {HEARTBEAT.hex(' ')}\n07:53:38: waiting for an answer\n")
    assert run_virtual(play(path)) == ([], ["the recording is at its end"])


def test_a_file_without_frames_says_so(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("# nothing\n\nthe bus is silent today\n")
    assert run_virtual(play(path)) == ([], ["the recording holds no frames: is it the right file?"])


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}",
        '{"t": 1, "dir": "up", "hex": "c0"}',
        '{"t": "x", "dir": "rx", "hex": "c0"}',
        '{"t": 1, "dir": "rx", "hex": "c0f"}',
        '{"t": 1, "dir": [], "hex": "c0"}',
        '{"a":' * 50_000,
    ],
)
def test_a_bad_line_is_named_and_ends_the_replay(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bus.jsonl"
    path.write_text(f"{HEARTBEAT.hex()}\n{line}\n")
    heard, reasons = run_virtual(play(path))
    assert len(heard) == 1
    assert reasons[0].startswith("line 2 of the recording is damaged: ")


def test_an_unreadable_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="cannot be read: No such file or directory"):
        run_virtual(play(tmp_path / "none.jsonl"))


def test_a_replay_can_be_closed_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "bus.jsonl"
    path.write_text('{"t": 0, "dir": "rx", "hex": "c0"}\n{"t": 1000, "dir": "rx", "hex": "c1"}\n')
    ear = Ear()

    async def stop_early() -> None:
        link = ReplayLink(ReplayAddress(str(path)))
        await link.open(ear.on_bytes, ear.on_lost)
        await asyncio.sleep(1)
        await link.close()
        await link.close()
        await asyncio.sleep(2000)

    run_virtual(stop_early())
    assert ear == Ear(bytearray(b"\xc0"), chunks=1)


@given(st.text())
def test_any_file_is_chunks_or_a_bad_line(text: str) -> None:
    try:
        chunks = list(read_recording(io.StringIO(text)))
    except BadLine:
        return
    assert all(chunk.wait_s >= 0 for chunk in chunks)
