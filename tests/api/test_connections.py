"""Who connects and asks for nothing keeps no place from others."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

from tests.api.house import Served
from twcmaster.api import connection
from twcmaster.model.accounts import Scope


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_REQUEST_S", 0.05)


async def until_closed(api: Served, *pieces: bytes) -> bytes:
    """What a client hears that says these things, until it is hung up on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(api.url).port)
    for piece in pieces:
        writer.write(piece)
    async with asyncio.timeout(10):
        heard = await reader.read()
    writer.close()
    return heard


@pytest.mark.parametrize("pieces", [(), (b"GET / HT",), (b"GET / HTTP/1.1\r\nHost: x\r\nX-More: ",)])
async def test_a_client_without_a_request_is_let_go(api: Served, pieces: tuple[bytes, ...]) -> None:
    assert await until_closed(api, *pieces) == b""
    assert not api.server.server_state.connections


async def test_a_request_that_is_complete_is_answered_however_long_it_takes(api: Served) -> None:
    async with await api.with_token() as http:
        assert (await http.get("/api/v1/state")).status_code == 200
        await asyncio.sleep(0.1)
        assert (await http.get("/api/v1/state")).status_code == 200


async def test_a_socket_that_only_listens_stays(api: Served) -> None:
    _, key = await api.server.house.doorkeeper.new_token("watcher", Scope.READ, None, "owner")
    async with connect(f"{api.ws}/api/v1/live", additional_headers={"Authorization": f"Bearer {key}"}) as socket:
        await socket.recv()
        await asyncio.sleep(0.1)
        api.house.publish()
        async with asyncio.timeout(5):
            assert await socket.recv()
