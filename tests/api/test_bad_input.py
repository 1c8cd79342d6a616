"""What clients may send when they are broken, hostile, or both: every answer is a problem that says what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.house import Served
from twcmaster.api.limits import LARGEST_REQUEST_BYTES

JSON = {"content-type": "application/json"}
MODE: dict[str, Any] = {"do": "set_mode", "mode": "solar"}


def deep(levels: int) -> bytes:
    return b'{"do":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    "body,headers,status",
    [
        (b"", JSON, 422),
        (b"{", JSON, 422),
        (b"null", JSON, 422),
        (b"[]", JSON, 422),
        (b'"set_mode"', JSON, 422),
        (b'{"do": "set_mode", "mode": "solar"}', {"content-type": "text/plain"}, 422),
        (b'{"do": "set_mode", "mode": "solar"}', {}, 422),
        (b"do=set_mode&mode=solar", {"content-type": "application/x-www-form-urlencoded"}, 422),
        (b'\xff\xfe{"do"', JSON, 400),
        (b'{"do": "set_mode", "mode": "\xff"}', JSON, 400),
        (deep(10), JSON, 422),
        (deep(20_000), JSON, 400),
        (b'{"do": "charge_now", "amps": NaN}', JSON, 422),
        (b'{"do": "charge_now", "amps": 1e999}', JSON, 422),
        (b'{"do": "charge_now", "amps": 1' + b"0" * 5000 + b"}", JSON, 400),
        (b'{"do": "charge_now", "amps": true}', JSON, 409),
        (b'{"do": "set_mode", "mode": "solar", "mode": "off"}', JSON, 200),
    ],
)
async def test_bodies_that_are_not_what_they_should_be(
    api: Served, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["what_to_do"]


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "warp"},
        {"mode": 3},
        {"mode": ["solar"]},
        {"scope": ""},
        {"scope": "x" * 81},
        {"scope": None},
        {"amps": "many"},
        {"amps": -1},
        {"amps": 10**9},
        {"until": "soon"},
        {"until": "2026-06-21T20:00:00"},
        {"until": 10**30},
        {"until": -(10**18)},
        {"unknown": 1},
        {"do": "dance"},
        {"do": None},
        {"__proto__": {}},
    ],
)
async def test_fields_that_are_not_what_they_should_be_are_named(api: Served, change: dict[str, Any]) -> None:
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", json=MODE | change)
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid")
    assert answer.json()["problems"]


@pytest.mark.parametrize(
    "text",
    ["ä€", "😀" * 20, "\u202egarage", "a\u0000b", "\ud800", "'; DROP TABLE changes; --", "<script>", "../../etc"],
)
async def test_any_text_is_only_text(api: Served, text: str) -> None:
    body = json.dumps({"do": "set_mode", "mode": "solar", "scope": text}).encode()
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", content=body, headers=JSON)
        assert answer.status_code in (409, 422)
        assert (await http.get("/api/v1/settings")).json()["version"] == 7
        schedule = await http.get("/api/v1/schedule", params={"scope": text.encode("utf-8", "replace").decode()})
        assert schedule.status_code in (200, 422)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_not_read(api: Served, chunked: bool) -> None:
    body = b'{"do": "set_mode", "mode": "' + b"x" * LARGEST_REQUEST_BYTES + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", content=pieces() if chunked else body, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "too_large")


async def test_a_stranger_cannot_fill_the_disk_with_a_backup(api: Served) -> None:
    async with api.client() as http:
        answer = await http.put("/api/v1/backup", content=b"x" * 100_000)
    assert answer.status_code == 401
    assert api.house.backup.restored == []


async def test_a_backup_goes_out_and_comes_back(api: Served) -> None:
    async with await api.with_token() as http:
        made = await http.get("/api/v1/backup")
        assert made.headers["content-type"] == "application/zip"
        assert "twcmaster-backup-2026-06-21.zip" in made.headers["content-disposition"]
        restored = await http.put("/api/v1/backup", content=made.content * 20_000)
        assert restored.json() == {"restored": ["5 settings"]}
        assert api.house.backup.restored == [made.content * 20_000]
        refused = await http.put("/api/v1/backup", content=b"no zip")
        assert (refused.status_code, refused.json()["type"]) == (409, "not_possible")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
        b"GET " + b"/x" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"POST /api/v1/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x00" * 1000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_http(api: Served, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(raw)
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    async with api.client() as http:
        assert (await http.get("/api/v1/health")).status_code == 200, "and the next one is answered"


@pytest.mark.parametrize(
    "path,status",
    [
        ("/api", 404),
        ("/api/", 404),
        ("/api/v1", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/state/", 404),
        ("/api/v1/%73tate", 200),
        ("/api/v1//state", 404),
        ("/api/v1/connectors/%2e%2e/%2e%2e", 404),
        ("/api/v1/connectors/bus/" + "x" * 5, 422),
        ("/api/v1/connectors/bus/%00", 404),
        ("/api/v1/connectors/bus/%ff%fe", 404),
        ("/api/v1/buses/" + "x" * 61, 422),
        ("/api/v1/log?most=0", 422),
        ("/api/v1/log?most=501", 422),
        ("/api/v1/log?after=-1", 422),
        ("/api/v1/log?after=99999999999999999999999", 200),
        ("/api/v1/log?most=1&most=2", 200),
        ("/api/v1/auth/audit?skip=999999999999", 422),
    ],
)
async def test_addresses_of_every_kind(api: Served, path: str, status: int) -> None:
    async with await api.with_token() as http:
        request = http.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = await http.send(request)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "method,path,allowed", [("DELETE", "state", "GET"), ("GET", "commands", "POST"), ("PATCH", "schedule", "GET")]
)
async def test_methods_that_do_not_fit(api: Served, method: str, path: str, allowed: str) -> None:
    async with await api.with_token() as http:
        answer = await http.request(method, f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["type"]) == (405, "method")
    assert allowed in answer.headers["allow"]


async def test_an_error_of_ours_is_told_without_its_insides(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(api.house.buses, "units", broken)
    async with await api.with_token() as http:
        answer = await http.get("/api/v1/connectors")
        assert (answer.status_code, answer.json()["type"]) == (500, "unexpected")
        assert "insides" not in answer.text
        assert (await http.get("/api/v1/settings")).status_code == 200
