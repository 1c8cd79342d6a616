"""Frames that people captured from real buses decode to what their source says.

Each entry of `captures/frames.jsonl` has the hex, or a part of it, and a `decoded` object with facts from the source.
Those are compared by name; a fact whose name is new here must still occur among the values that `as_dict` gives.
Parts are completed first: hidden ids so that the checksum fits, a missing checksum, a missing head before a data area.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twcmaster.protocol.describe import as_dict
from twcmaster.protocol.framing import BODY_LENGTHS, FrameDecoder, frame
from twcmaster.protocol.hexlines import read_line
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    MasterHeartbeat,
    Message,
    Opcode,
    Unknown,
    checksum,
    decode,
    opcode_of,
)

pytestmark = pytest.mark.corpus
Entry = dict[str, Any]

#: Words about a frame, not facts in it.
PROSE = frozenset(("msg", "log", "note"))
#: Fact names of the captures and where `as_dict` has them.
FACTS: dict[str, tuple[str, ...]] = {
    "sender": ("sender",),
    "receiver": ("receiver",),
    "sign": ("sign",),
    "max_amps": ("max_a",),
    "amps": ("limit_a",),
    "amps_max": ("limit_a",),
    "amps_actual": ("actual_a",),
    "state": ("state",),
    "cmd": ("command",),
    "kWh": ("energy_raw",),
    "V": ("voltage_v",),
    "version": ("firmware",),
    "vin": ("vin_part",),
    "serial": ("serial",),
    "model": ("model",),
    "plug": ("plug",),
}


@pytest.fixture(scope="module")
def entries(corpus: Path) -> list[Entry]:
    lines = (corpus / "captures" / "frames.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.strip()]
    assert found, "frames.jsonl is empty"
    return found


def good(entry: Entry) -> bool:
    return bool(entry["hex"]) and entry["checksum_ok"] is True


def bad(entry: Entry) -> bool:
    return bool(entry["hex"]) and entry["checksum_ok"] is False


def test_whole_frames_decode_to_what_their_source_says(entries: list[Entry]) -> None:
    whole = [entry for entry in entries if good(entry)]
    assert whole
    for entry in whole:
        bodies, decoder = received(entry)
        assert len(bodies) == 1, entry
        assert decoder.counters.damaged == 0, entry
        assert len(bodies[0]) == entry["body_len"], entry
        message = decode(bodies[0])
        assert f"{opcode_of(message):04X}" == entry["id"], entry
        assert isinstance(message, Unknown) == (int(entry["id"], 16) not in set(Opcode)), entry
        same_facts(message, entry)


def test_corrupted_frames_are_rejected_and_counted(entries: list[Entry]) -> None:
    corrupted = [entry for entry in entries if bad(entry)]
    assert corrupted
    for entry in corrupted:
        bodies, decoder = received(entry)
        assert bodies == [], entry
        assert decoder.counters.damaged >= 1, entry


def test_a_corrupted_frame_costs_its_neighbours_nothing(entries: list[Entry]) -> None:
    whole = next(raw(entry) for entry in entries if good(entry))
    for entry in entries:
        if bad(entry):
            decoder = FrameDecoder()
            assert len(decoder.feed(whole + raw(entry) + whole)) == 2, entry


def test_the_whole_file_as_one_stream(entries: list[Entry]) -> None:
    complete = [entry for entry in entries if good(entry) or bad(entry)]
    stream = b"\xfc".join(map(raw, complete))
    decoder = FrameDecoder()
    bodies = [body for at in range(0, len(stream), 7) for body in decoder.feed(stream[at : at + 7])]
    assert [f"{opcode_of(decode(body)):04X}" for body in bodies] == [entry["id"] for entry in complete if good(entry)]
    assert decoder.counters.damaged == sum(map(bad, complete))


def test_partial_frames_decode_to_what_their_source_says(entries: list[Entry]) -> None:
    partial = [entry for entry in entries if not entry["hex"]]
    assert partial
    for entry in partial:
        body = completed(entry)
        assert FrameDecoder().feed(frame(body)) == [body], entry
        message = decode(body)
        assert not isinstance(message, Unknown), entry
        same_facts(message, entry)
        if entry["hex_redacted"].startswith("payload only"):
            same_data_area(message, data_area(entry), entry)


def test_the_hex_line_reader_agrees(entries: list[Entry]) -> None:
    for entry in entries:
        if good(entry) or bad(entry):
            (found,) = read_line(entry["hex"])
            assert found.ok == good(entry), entry
            assert bool(found.problems) != found.ok, entry


# ── from an entry to bytes ────────────────────────────────────────────────────────────────────────────────────────


def raw(entry: Entry) -> bytes:
    """The entry as it stood on the line, with delimiters; `escaped` entries are so already."""
    data = bytes.fromhex(entry["hex"])
    if entry["escaped"]:
        return data if entry["delimited"] else b"\xc0" + data + b"\xc0"
    return frame(data.strip(b"\xc0") if entry["delimited"] else data)


def received(entry: Entry) -> tuple[list[bytes], FrameDecoder]:
    decoder = FrameDecoder()
    bodies = decoder.feed(raw(entry))
    decoder.drop_unfinished()
    return bodies, decoder


def data_area(entry: Entry) -> bytes:
    return bytes.fromhex(entry["hex_redacted"].partition(":")[2])


def completed(entry: Entry) -> bytes:
    """A whole body from what the source shows of one."""
    text = entry["hex_redacted"]
    if text.startswith("payload only"):
        body = heads_for(entry["decoded"]) + data_area(entry)
        return body + bytes((checksum(body),))
    shown = text.upper().removeprefix("C0 ").removesuffix(" C0").split()
    hidden = [at for at, byte in enumerate(shown) if not is_hex(byte)]
    body = bytes(int(byte, 16) if is_hex(byte) else 0 for byte in shown)
    if len(body) + 1 in BODY_LENGTHS and body[-1] != checksum(body[:-1]):
        return body + bytes((checksum(body),))
    return with_hidden(body, hidden)


def heads_for(told: Entry) -> bytes:
    """What stands before a data area, by what the source calls it."""
    words = told["msg"]
    if "VIN" in words:
        return bytes.fromhex("FDEE2388")
    if "meter" in words or "kWh" in told:
        return bytes.fromhex("FDEB2388")
    return bytes.fromhex("FBE060904704" if "master" in words else "FDE047046090")


def with_hidden(body: bytes, hidden: list[int]) -> bytes:
    """The first of the hidden bytes chosen so that the checksum that was shown fits."""
    if not hidden:
        return body
    missing = (body[-1] - checksum(body[:-1])) & 0xFF
    return body[: hidden[0]] + bytes((missing,)) + body[hidden[0] + 1 :]


def is_hex(text: str) -> bool:
    return all(char in "0123456789abcdefABCDEF" for char in text)


# ── from a message to the facts of its source ─────────────────────────────────────────────────────────────────────


def same_facts(message: Message, entry: Entry) -> None:
    ours = as_dict(message)
    for name, theirs in entry["decoded"].items():
        if name in PROSE or (name == "protocol" and not isinstance(message, ConnectorLinkReady)):
            continue
        if name == "A_raw":
            assert isinstance(message, EnergyAnswer), entry
            assert list(message.half_amps or ()) == theirs, entry
            continue
        names = FACTS.get(name, tuple(ours))
        assert any(same(ours.get(ours_name), theirs) for ours_name in names), (name, theirs, ours, entry)
    if isinstance(message, ConnectorLinkReady) and "protocol" in entry:
        assert message.protocol == entry["protocol"], entry


def same(ours: object, theirs: object) -> bool:
    """Equal, also when one is a code in hex text and the other its number."""
    if isinstance(ours, str) and isinstance(theirs, int):
        return is_hex(ours) and int(ours, 16) == theirs
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < 0.005
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours.upper() == theirs.upper()
    return ours == theirs


def same_data_area(message: Message, area: bytes, entry: Entry) -> None:
    """The data area of a heartbeat: code, two bytes of amps, and the unit's two more."""
    told = entry["decoded"]["msg"]
    checks: dict[type, Callable[[Any], tuple[int, ...]]] = {
        MasterHeartbeat: lambda beat: (beat.command, beat.limit_ca, beat.master_plugged),
        ConnectorHeartbeat: lambda beat: (beat.state, beat.limit_ca, beat.actual_ca),
    }
    if type(message) not in checks:
        assert opcode_of(message) == Opcode.VIN_START_ANSWER, entry
        assert "VIN" in told, entry
        assert as_dict(message)["vin_part"] == area.rstrip(b"\0").decode(), entry
        return
    last = area[3] if isinstance(message, MasterHeartbeat) else int.from_bytes(area[3:5], "big")
    assert checks[type(message)](message) == (area[0], int.from_bytes(area[1:3], "big"), last), entry
    if "error" in told:
        assert as_dict(message)["error_bitmap"] == f"{area[1]:02X}", entry
