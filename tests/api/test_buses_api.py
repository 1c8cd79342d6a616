"""Buses: counters, the wiring check, frames, recordings, debug messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.house import FRAME, Served
from tests.control import small_world
from twcmaster.api.ports import Frame
from twcmaster.api.views.words import findings
from twcmaster.model.accounts import Scope
from twcmaster.model.world import Presence, WallConnector
from twcmaster.protocol.hexlines import read_line

FINE = {"connected": True, "bytes_received": 20_000, "frames_received": 1000, "frames_damaged": 2}
SILENT = small_world.connector("bus/1A2B", "Left bay", presence=Presence.LOST)


@pytest.mark.parametrize(
    "health,connectors,code",
    [
        (FINE, [small_world.LEFT], "fine"),
        (FINE | {"connected": False}, [small_world.LEFT], "no_adapter"),
        ({"connected": True}, [], "silence"),
        (FINE | {"frames_received": 0, "frames_damaged": 0, "echoes": 40}, [], "echo_only"),
        (FINE | {"frames_received": 0, "frames_damaged": 300}, [], "noise"),
        (FINE | {"frames_damaged": 100}, [small_world.LEFT], "noisy"),
        (FINE | {"frames_damaged": 20}, [small_world.LEFT], "fine"),
        (FINE | {"frames_received": 200, "frames_damaged": 20}, [small_world.LEFT], "fine"),
        (FINE | {"second_master": True}, [small_world.LEFT], "second_master"),
        (FINE, [SILENT], "unheard"),
        (FINE, [], "no_connectors"),
    ],
)
def test_the_wiring_check_says_what_the_line_sounds_like(
    health: dict[str, object], connectors: list[WallConnector], code: str
) -> None:
    assert findings(health, connectors)[0].code == code


async def test_a_bus_with_its_counters(api: Served) -> None:
    api.house.buses.counters = {"unknown": {1: 2}, "late_answers": 3}
    async with await api.with_token() as http:
        detail = (await http.get("/api/v1/buses/bus")).json()
        buses = (await http.get("/api/v1/buses")).json()
    assert detail["bus"] == buses[0]
    assert detail["counters"]["late_answers"] == 3
    assert "unknown" not in detail["counters"], "only plain numbers and texts"


async def test_frames_since_a_number(api: Served) -> None:
    for _ in range(5):
        api.house.buses.hear()
    async with await api.with_token() as http:
        frames = (await http.get("/api/v1/buses/bus/frames", params={"after": 3})).json()["frames"]
    assert [frame["number"] for frame in frames] == [4, 5]
    assert frames[0]["hex"] == FRAME.hex(" ").upper()


async def test_a_recording_can_be_read_again(api: Served) -> None:
    api.house.buses.hear()
    async with await api.with_token() as http:
        answer = await http.get("/api/v1/buses/bus/recording", params={"seconds": 1})
    assert answer.headers["content-disposition"] == 'attachment; filename="bus.jsonl"'
    line = answer.text.splitlines()[0]
    assert json.loads(line)["dir"] == "rx"
    assert [decoded.body for decoded in read_line(line)] == [FRAME]


async def test_a_recording_ends_with_its_token(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    token, key = await api.server.house.doorkeeper.new_token("recorder", Scope.READ, None, "owner")
    frame = Frame(1, small_world.NOON, sent=False, body=FRAME)

    async def revoked_meanwhile(*_: object) -> AsyncIterator[list[Frame]]:
        yield [frame]
        await api.house.accounts.remove_token(token.id)
        yield [frame]

    monkeypatch.setattr(api.house.buses, "watch_frames", revoked_meanwhile)
    async with api.client(Authorization=f"Bearer {key}") as http:
        answer = await http.get("/api/v1/buses/bus/recording")
    assert len(answer.text.splitlines()) == 1


@pytest.mark.parametrize(
    "text,sent",
    [
        ("FC E1 77 77", "FCE17777"),
        ("fc,e1,77,77", "FCE17777"),
        ("0xFC 0xE1 0x77 0x77", "FCE17777"),
        (FRAME.hex(), FRAME[:-1].hex()),
    ],
)
async def test_a_debug_message_is_sent_and_answered(api: Served, text: str, sent: str) -> None:
    async with await api.with_token() as http:
        answer = (await http.post("/api/v1/buses/bus/messages", json={"hex": text})).json()
    assert api.house.buses.sent == [bytes.fromhex(sent)]
    assert answer["answer"] == FRAME.hex(" ").upper()
    assert answer["text"].startswith("1A2B → 7777")


async def test_no_answer_is_null(api: Served) -> None:
    api.house.buses.answer = None
    async with await api.with_token() as http:
        answer = (await http.post("/api/v1/buses/bus/messages", json={"hex": "FC E1 77 77"})).json()
    assert (answer["answer"], answer["text"]) == (None, None)


async def test_what_the_bus_refuses_is_told(api: Served) -> None:
    api.house.buses.refuse = "Not sent: that is not on the list."
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/buses/bus/messages", json={"hex": "FC E1 77 77"})
    assert (answer.status_code, answer.json()["what_to_do"]) == (409, "docs/protocol.md lists what may be sent.")


@pytest.mark.parametrize("text", ["F", "FC E", "x,x,", "GG GG", "\uff26\uff23 \uff26\uff23", "FC" * 100])
async def test_what_is_no_hex_is_told(api: Served, text: str) -> None:
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/buses/bus/messages", json={"hex": text})
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "invalid")
    assert api.house.buses.sent == []
