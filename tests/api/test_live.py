"""The WebSockets: newest state, slow readers, resuming, frames."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.house import Served
from twcmaster.api.routes import live
from twcmaster.model.accounts import Scope


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SPACING_S", 0.0)
    monkeypatch.setattr(live, "FRAME_SPACING_S", 0.0)


async def watching(api: Served, path: str = "/live", **headers: str) -> ClientConnection:
    _, key = await api.server.house.doorkeeper.new_token("watcher", Scope.READ, None, "owner")
    return await connect(f"{api.ws}/api/v1{path}", additional_headers={"Authorization": f"Bearer {key}"} | headers)


async def next_of(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def test_the_newest_state_comes_at_once_and_on_every_change(api: Served) -> None:
    async with await watching(api) as socket, await api.with_token() as http:
        assert await next_of(socket) == (await http.get("/api/v1/state")).json()
        for number in (2, 3, 4):
            api.house.publish()
            assert (await next_of(socket))["number"] == number


async def test_what_is_there_already_is_not_sent_again(api: Served) -> None:
    async with await api.with_token() as http:
        tag = (await http.get("/api/v1/state")).headers["etag"].strip('"')
    async with await watching(api, f"/live?since={tag}") as socket:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await socket.recv()
        api.house.publish()
        assert (await next_of(socket))["number"] == 2
    async with await watching(api, "/live?since=b3f0-2-7") as socket:
        assert (await next_of(socket))["number"] == 2, "that was another run of the program"


async def test_one_message_in_so_many_seconds(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SPACING_S", 0.15)
    async with await watching(api) as socket:
        numbers = [(await next_of(socket))["number"]]
        for _ in range(20):
            api.house.publish()
            await asyncio.sleep(0)
        while numbers[-1] < 21:
            numbers.append((await next_of(socket))["number"])
    assert numbers[0] == 1
    assert len(numbers) <= 4, "a burst is one message or two, and the last one is the newest"


async def test_a_reader_that_sleeps_delays_nobody_and_misses_old_states(api: Served) -> None:
    async with await watching(api) as sleeper, await watching(api) as awake:
        await next_of(sleeper)
        await next_of(awake)
        # Big enough to fill every buffer on the way: the sleeper's socket is never read.
        sleeper.transport.pause_reading()
        api.house.world = api.house.world.__class__(
            **_fields(api.house.world, connectors=api.house.world.connectors * 200)
        )
        for number in range(2, 62):
            api.house.publish()
            assert (await next_of(awake))["number"] == number
        sleeper.transport.resume_reading()
        seen = [(await next_of(sleeper))["number"]]
        while seen[-1] < 61:
            seen.append((await next_of(sleeper))["number"])
        assert len(seen) < 50, "most states were never even encoded for it"


def _fields(value: Any, **changes: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__} | changes


@pytest.mark.parametrize("path", ["/live", "/buses/bus/live"])
async def test_strangers_are_told_to_log_in(api: Served, path: str) -> None:
    async with connect(f"{api.ws}/api/v1{path}") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example.org"}, {"Host": "evil.example.org"}])
async def test_foreign_pages_get_no_socket(api: Served, headers: dict[str, str]) -> None:
    with pytest.raises((InvalidStatus, websockets.exceptions.InvalidMessage)):
        await watching(api, **headers)


async def test_a_page_is_let_in_by_its_cookie(api: Served) -> None:
    client = await api.with_cookie()
    headers = {"Cookie": client.headers["cookie"], "Origin": api.url}
    await client.aclose()
    async with connect(f"{api.ws}/api/v1/live", additional_headers=headers) as socket:
        assert (await next_of(socket))["number"] == 1
        await api.house.accounts.remove_user("owner")
        api.house.publish()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401, "who is no longer let in does not go on watching"


async def test_what_watchers_say_is_ignored_and_long_speeches_end_it(api: Served) -> None:
    async with await watching(api) as socket:
        await next_of(socket)
        for nonsense in ("hello", b"\x00\xff", "{"):
            await socket.send(nonsense)
        api.house.publish()
        assert (await next_of(socket))["number"] == 2
        await socket.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            await next_of(socket)


async def test_who_leaves_is_forgotten(api: Served) -> None:
    for _ in range(10):
        async with await watching(api) as socket:
            await next_of(socket)
    api.house.publish()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > 8:  # noqa: ASYNC110 - the server's own tasks end by themselves
            await asyncio.sleep(0.01)


async def test_frames_come_as_they_are_heard(api: Served) -> None:
    api.house.buses.hear()
    async with await watching(api, "/buses/bus/live") as socket:
        first = await next_of(socket)
        assert first[0]["number"] == 1
        assert first[0]["text"] == "1A2B → 7777 charging (01), limit 15.00 A, draws 3.30 A"
        api.house.buses.hear()
        api.house.buses.hear()
        heard = await next_of(socket)
        assert [frame["number"] for frame in heard][-1] == 2 + (len(heard) > 1)


async def test_a_bus_that_is_not_there_has_no_frames(api: Served) -> None:
    async with await watching(api, "/buses/nowhere/live") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404
