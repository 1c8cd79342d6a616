"""Who connects and asks for nothing keeps no place from others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

from tests.api.house import Served
from twcmaster.api import connection
from twcmaster.model.accounts import Scope


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "COMPLETE_WITHIN_S", 0.05)


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


HOST = b"Host: localhost\r\n"
ASKING = b"GET /api/v1/health HTTP/1.1\r\n" + HOST + b"\r\n"
HALF_A_LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
HALF_AN_UPGRADE = b"GET /api/v1/live HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    "piece",
    [
        HALF_A_LOGIN + b"Content-Length: 50\r\n\r\n{",
        HALF_A_LOGIN + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"POST /api/v1/nothing HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\n{",
        b"PUT /api/v1/backup HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\nPK",
        ASKING + b"GET / HT",
        ASKING + ASKING + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        HALF_AN_UPGRADE + b"Content-Length: 9\r\n\r\n",
    ],
)
async def test_whoever_begins_a_request_finishes_it(api: Served, piece: bytes) -> None:
    await until_closed(api, piece)
    assert not api.server.server_state.connections


async def test_a_second_request_is_finished_in_time_too(api: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(api.url).port)
    async with asyncio.timeout(10):
        writer.write(ASKING)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
        writer.write(ASKING[:9])
        assert await reader.read() == b""
    writer.close()


async def slowly(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield b"PK"
        await asyncio.sleep(0.02)


async def test_an_upload_has_time_as_long_as_it_goes_on(api: Served) -> None:
    async with await api.with_token() as http:
        assert (await http.put("/api/v1/backup", content=slowly(8))).status_code == 200
    assert api.house.backup.restored == [b"PK" * 8]


async def test_an_upload_that_ends_halfway_is_nobody_s_fault(api: Served, caplog: pytest.LogCaptureFixture) -> None:
    _, key = await api.server.house.doorkeeper.new_token("uploader", Scope.ADMIN, None, "owner")
    bearer = f"Authorization: Bearer {key}\r\n".encode()
    head = b"PUT /api/v1/backup HTTP/1.1\r\n" + HOST + bearer + b"Content-Length: 50\r\n\r\nPK"
    assert await until_closed(api, head) == b""
    await asyncio.gather(*api.server.server_state.tasks)
    assert caplog.text == ""


@pytest.mark.parametrize("limit", ["MOST_CONNECTIONS", "MOST_PER_ADDRESS"])
async def test_beyond_the_limit_newcomers_are_told(api: Served, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    async with api.client() as first, api.client() as second:
        assert (await first.get("/api/v1/health")).status_code == 200
        monkeypatch.setattr(connection, limit, 1)
        answer = await second.get("/api/v1/health")
        assert (answer.status_code, answer.json()["type"]) == (503, "busy")
        assert answer.headers["connection"] == "close"
        assert (await first.get("/api/v1/health")).status_code == 200


async def test_an_answer_that_nobody_takes_is_not_kept(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TAKEN_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(api.url).port, limit=1024)
    writer.write(b"GET /api/v1/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n")
    writer.write(100 * (b"GET /api/v1/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"))
    await reader.readline()
    async with asyncio.timeout(10):
        while api.server.server_state.connections:  # noqa: ASYNC110 - uvicorn's own set
            await asyncio.sleep(0.01)
    writer.close()


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
