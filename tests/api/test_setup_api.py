"""The config file through the API: read without secrets, checked, drafted, written; ports, listening, meters."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.api.house import CONFIG, FRAME, PASSWORD, Served
from twcmaster.links import ports
from twcmaster.protocol.framing import frame
from twcmaster.serving import setup

NEW = CONFIG.replace("limit_a = 32", "limit_a = 25")


async def tag_of(http: Any) -> dict[str, str]:
    return {"If-Match": (await http.get("/api/v1/config")).headers["etag"]}


async def test_the_file_is_shown_without_secrets(api: Served) -> None:
    async with await api.with_token() as http:
        config = (await http.get("/api/v1/config")).json()
    assert "swordfish" not in str(config)
    assert "hush" not in str(config)
    assert config["values"]["circuit"][0]["limit_a"] == 32
    assert "# as on the bell" in config["toml"]
    assert config["writable"] is True


async def test_every_mistake_is_told_at_once(api: Served) -> None:
    wrong = CONFIG.replace("limit_a = 32", 'limit_a = "forty"').replace('circuit = "garage"', 'circuit = "shed"')
    async with await api.with_token() as http:
        found = (await http.post("/api/v1/config/check", json={"toml": wrong})).json()["problems"]
        assert "circuit[0].limit_a" in [problem["path"] for problem in found]
        assert (await http.post("/api/v1/config/check", json={"toml": CONFIG})).json() == {"problems": []}
        shown = (await http.get("/api/v1/config")).json()["toml"]
        assert (await http.post("/api/v1/config/check", json={"toml": shown})).json() == {"problems": []}
        assert (await http.post("/api/v1/config/check", json={"toml": "[["})).json()["problems"][0]["path"] == "file"
    assert api.house.config.read_text() == CONFIG


async def test_a_draft_shows_what_would_be_written(api: Served) -> None:
    async with await api.with_token() as http:
        changes = {"circuit": [{"name": "garage", "limit_a": 25, "volts": 230, "phases": 3}], "control": {"amps": -1}}
        draft = (await http.post("/api/v1/config/draft", json={"changes": changes})).json()
        assert "limit_a = 25" in draft["toml"]
        assert "# as on the bell" in draft["toml"]
        assert [problem["path"] for problem in draft["problems"]] == ["control.amps"]
        refused = await http.post("/api/v1/config/draft", json={"changes": {"site": 3}})
        assert (refused.status_code, refused.json()["type"]) == (409, "not_possible")
    assert api.house.config.read_text() == CONFIG


async def test_a_config_is_written_as_a_whole_with_the_old_one_kept(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "BEFORE_RESTART_S", 0.0)
    api.house.config.chmod(0o640)
    async with await api.with_cookie() as http:
        shown = (await http.get("/api/v1/config")).json()["toml"].replace("limit_a = 32", "limit_a = 25")
        change = {"toml": shown, "password": PASSWORD}
        written = await http.put("/api/v1/config", json=change, headers=await tag_of(http))
        assert written.json()["values"]["circuit"][0]["limit_a"] == 25
        await asyncio.sleep(0)
        assert api.house.restarts == 1
    assert api.house.config.read_text() == NEW, "secrets and comments are as they were"
    assert api.house.config.stat().st_mode & 0o777 == 0o640
    backups = list(api.house.config.parent.glob("site.toml.*.bak"))
    assert [backup.read_text() for backup in backups] == [CONFIG]


@pytest.mark.parametrize(
    "change,tag,status,kind",
    [
        ({}, None, 428, "if_match"),
        ({}, '"somebody-else"', 412, "changed"),
        ({"password": "wrong"}, "", 403, "wrong_password"),
        ({"toml": CONFIG.replace("limit_a = 32", "limit_a = 0")}, "", 409, "not_possible"),
        ({"toml": "["}, "", 409, "not_possible"),
        ({"toml": ""}, "", 409, "not_possible"),
    ],
)
async def test_nothing_is_written_that_should_not_be(
    api: Served, change: dict[str, str], tag: str | None, status: int, kind: str
) -> None:
    async with await api.with_cookie() as http:
        headers = await tag_of(http) if tag == "" else {} if tag is None else {"If-Match": tag}
        answer = await http.put("/api/v1/config", json={"toml": NEW, "password": PASSWORD} | change, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert api.house.config.read_text() == CONFIG
    assert api.house.restarts == 0


async def test_two_editors_of_one_file(api: Served) -> None:
    async with await api.with_token() as http:
        tag = await tag_of(http)
        change = {"toml": NEW, "password": ""}
        answers = await asyncio.gather(*(http.put("/api/v1/config", json=change, headers=tag) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it likes")
async def test_a_folder_that_cannot_be_written(api: Served) -> None:
    api.house.config.parent.chmod(0o500)
    try:
        async with await api.with_token() as http:
            assert (await http.get("/api/v1/config")).json()["writable"] is False
            answer = await http.put("/api/v1/config", json={"toml": NEW, "password": ""}, headers=await tag_of(http))
    finally:
        api.house.config.parent.chmod(0o700)
    assert (answer.status_code, answer.json()["type"]) == (409, "not_possible")


async def test_a_disk_that_is_full(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(setup, "_replace", full)
    async with await api.with_token() as http:
        answer = await http.put("/api/v1/config", json={"toml": NEW, "password": ""}, headers=await tag_of(http))
    assert "No space left" in answer.json()["detail"]
    assert api.house.config.read_text() == CONFIG


async def test_the_first_config_of_all(api: Served) -> None:
    api.house.config.unlink()
    async with await api.with_token() as http:
        empty = await http.get("/api/v1/config")
        assert (empty.json()["toml"], empty.json()["values"]) == ("", {})
        made = await http.put("/api/v1/config", json={"toml": CONFIG, "password": ""}, headers=await tag_of(http))
        assert made.status_code == 200
    assert api.house.config.read_text() == CONFIG
    assert api.house.config.stat().st_mode & 0o777 == 0o600, "it may hold secrets"


async def test_the_schema_is_one(api: Served) -> None:
    async with await api.with_token() as http:
        schema = (await http.get("/api/v1/config/schema")).json()
    assert {"circuit", "bus", "meter", "web"} <= set(schema["properties"])


async def test_ports_are_listed(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.SerialPort("/dev/ttyUSB0", ports.PortKind.RS485, stable="/dev/serial/by-id/usb-x", product="USB-RS485")
    monkeypatch.setattr(ports, "list_ports", lambda: [port])
    async with await api.with_token() as http:
        found = (await http.get("/api/v1/setup/ports")).json()["ports"]
    assert found[0]["device"] == "/dev/ttyUSB0"
    assert found[0]["name"] == "/dev/serial/by-id/usb-x"


async def test_listening_on_a_link(api: Served, tmp_path: Path) -> None:
    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(FRAME) + b"\xc0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\xc0")
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(play, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, await api.with_token() as http:
        asked = {"link": f"socket://127.0.0.1:{port}", "seconds": 0.5}
        heard = (await http.post("/api/v1/setup/listen", json=asked)).json()
        for writer in writers:
            writer.close()
            await writer.wait_closed()
    assert (heard["connected"], heard["frames"], heard["damaged"]) == (True, 1, 1)
    assert heard["connectors"] == ["1A2B"]
    assert heard["finding"] == "1 wall connector heard: 1A2B; 1 damaged frames, check the termination."


@pytest.mark.parametrize(
    "link,words",
    [("/dev/nothing-here", "nothing-here"), ("gopher://x", "gopher"), ("socket://127.0.0.1:1", "127.0.0.1")],
)
async def test_a_link_that_cannot_be_opened_says_why(api: Served, link: str, words: str) -> None:
    async with await api.with_token() as http:
        heard = (await http.post("/api/v1/setup/listen", json={"link": link, "seconds": 0.5})).json()
    assert heard["connected"] is False
    assert words in heard["finding"]


async def test_a_meter_is_tried(api: Served, tmp_path: Path) -> None:
    path = tmp_path / "power.json"
    path.write_text('{"total": 4.2}')
    meter = {"name": "grid", "role": "grid", "kind": "file", "path": str(path), "power_w": "total", "scale": 1000}
    async with await api.with_token() as http:
        tried = (await http.post("/api/v1/setup/meter", json={"meter": meter})).json()
        assert (tried["power_w"], tried["problem"]) == (4200, None)
        path.write_text("nonsense")
        tried = (await http.post("/api/v1/setup/meter", json={"meter": meter})).json()
        assert tried["power_w"] is None
        assert tried["problem"]
        refused = await http.post("/api/v1/setup/meter", json={"meter": meter | {"kind": "crystal ball"}})
        assert (refused.status_code, refused.json()["type"]) == (409, "not_possible")
        url = {"kind": "http", "url": "http://me:hush@127.0.0.1:1/\n"}
        await http.post("/api/v1/setup/meter", json={"meter": meter | url})
        tried_at = [entry["what"] for entry in (await http.get("/api/v1/auth/audit")).json()["entries"]]
    assert tried_at[0] == "tried a meter at http://…@127.0.0.1:1/?"
    assert tried_at[-1] == f"tried a meter at {path}"


@pytest.mark.parametrize(
    "path,body",
    [
        ("config/draft", {"changes": {"site": {"name": "\ud800"}}}),
        ("config/draft", {"changes": {"\ud800": {"name": "x"}}}),
        ("setup/meter", {"meter": {"name": "\ud800", "kind": "http", "url": "http://127.0.0.1:1/\ud800"}}),
        ("setup/meter", {"meter": {"name": ["\ud800"], "kind": {}, "url": []}}),
    ],
)
async def test_text_that_no_file_can_hold_is_refused(api: Served, path: str, body: dict[str, object]) -> None:
    async with await api.with_token() as http:
        headers = {"content-type": "application/json"}
        answer = await http.post(f"/api/v1/{path}", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "not_possible")
