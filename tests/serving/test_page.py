"""The page beside a running site, in real time: it comes, moves, waits for its port, stays away, speaks TLS."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect

from tests.serving.running import GARAGE, House, running
from twcmaster.serving import setup, web

pytestmark = pytest.mark.smoke
PATIENCE_S = 20


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(number: int, *lines: str) -> str:
    """Everybody on this computer may do everything."""
    return "\n".join([GARAGE, "[web]", 'host = "127.0.0.1"', 'auth = "none"', f"port = {number}", *lines, ""])


@asynccontextmanager
async def paged(folder: Path, toml: str | None) -> AsyncIterator[House]:
    async with running(folder, toml) as house, web.page(house.site, house.config):
        yield house


async def answered(
    number: int, path: str = "/api/v1/health", scheme: str = "http", **options: object
) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=f"{scheme}://127.0.0.1:{number}", **options) as http:  # type: ignore[arg-type]
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await http.get(path)
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)


async def silent(number: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", number)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "BEFORE_RESTART_S", 0.0)
    monkeypatch.setattr(web, "RETRY_S", 0.05)


async def put_config(number: int, change: Callable[[str], str]) -> httpx2.Response:
    """As the setup page does it."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{number}/api/v1/") as http:
        now = await http.get("config")
        body = {"toml": change(now.json()["toml"]), "password": ""}
        return await http.put("config", json=body, headers={"If-Match": now.headers["etag"]})


async def test_through_a_new_config_the_page_stays_and_the_bus_begins_anew(tmp_path: Path) -> None:
    number = port()
    async with paged(tmp_path, config(number)) as house:
        await answered(number)
        async with connect(f"ws://127.0.0.1:{number}/api/v1/live") as live:
            first = json.loads(await live.recv())
            done = await put_config(number, lambda toml: toml.replace("limit_a = 40", "limit_a = 12"))
            assert done.status_code == 200
            async with asyncio.timeout(PATIENCE_S):
                while (state := json.loads(await live.recv()))["circuits"][0]["limit_a"] != 12:
                    continue
        assert (state["run"], len(house.graphs)) == (first["run"], 2)
        assert state["number"] > first["number"], "the same stream, without a gap in the reader's connection"


async def test_a_config_that_is_refused_restarts_nothing(tmp_path: Path) -> None:
    number = port()
    async with paged(tmp_path, config(number)) as house:
        await answered(number)
        refused = await put_config(number, lambda toml: toml.replace("limit_a = 40", "limit_a = -1"))
        assert (refused.status_code, refused.json()["type"]) == (409, "not_possible")
        assert "circuit[0].limit_a" in refused.json()["detail"]
        await asyncio.sleep(0.2)
        assert len(house.graphs) == 1


async def test_another_port_moves_only_the_page(tmp_path: Path) -> None:
    first, second = port(), port()
    async with paged(tmp_path, config(first)) as house:
        await answered(first)
        assert (
            await put_config(first, lambda toml: toml.replace(f"port = {first}", f"port = {second}"))
        ).status_code == 200
        assert (await answered(second)).json()["status"] == "ok"
        await silent(first)
        assert len(house.graphs) == 1


async def test_a_port_in_use_is_told_with_a_remedy_and_tried_again(tmp_path: Path) -> None:
    number = port()
    with closing(socket.create_server(("127.0.0.1", number))) as other:
        async with paged(tmp_path, config(number)) as house:
            await house.until(lambda: house.told("error", f"cannot listen on 127.0.0.1, port {number}") == 1)
            assert house.told("error", "choose another port ([web] port = …)") == 1
            await house.until(lambda: house.site.hub.newest is not None)
            await asyncio.sleep(0.3)
            assert house.told("error", "cannot listen") == 1, "tried several times, said once"
            other.close()
            assert (await answered(number)).status_code == 200


async def test_a_page_that_is_off_stays_away_until_it_is_wanted(tmp_path: Path) -> None:
    number = port()
    async with paged(tmp_path, config(number, "enabled = false")) as house:
        await house.until((house.site.state_dir / "history.db").exists)
        await house.charging()
        await silent(number)
        assert house.told("info", "the page is at") == 0
        house.config.write_text(config(number))
        house.site.restart.set()
        assert (await answered(number)).json()["history"] == "ok"
        house.config.write_text(config(number, "enabled = false"))
        house.site.restart.set()
        await silent(number)
        assert house.drawn_a() > 19
        assert len(house.graphs) == 1


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def certificate(folder: Path) -> tuple[Path, Path]:
    """Made for this test and signed by itself."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def tls(cert: Path, key: Path) -> list[str]:
    return [f'tls_cert = "{cert}"', f'tls_key = "{key}"']


async def test_over_tls_the_cookie_is_secure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    number, (cert, key) = port(), certificate(tmp_path)
    toml = "\n".join([GARAGE, "[web]", 'host = "127.0.0.1"', f"port = {number}", *tls(cert, key), ""])
    trust = ssl.create_default_context(cafile=str(cert))
    async with paged(tmp_path, toml) as house:
        page = await answered(number, "/api/v1/auth", "https", verify=trust)
        assert page.json()["setup_needed"] is True
        (code,) = re.findall(r"setup code (\w{4}-\w{4})", caplog.text)
        async with httpx2.AsyncClient(base_url=f"https://127.0.0.1:{number}", verify=trust) as http:
            first = {"code": code, "password": "correct horse"}
            cookie = (await http.post("/api/v1/auth/setup", json=first)).headers["set-cookie"]
            assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
            http.headers["Origin"] = f"https://127.0.0.1:{number}"
            assert (await http.post("/api/v1/commands", json={"do": "set_mode", "mode": "off"})).status_code == 200
        assert house.told("info", f"the page is at https://127.0.0.1:{number}/") == 1
        with pytest.raises(httpx2.TransportError):
            await httpx2.AsyncClient(verify=True).get(f"https://127.0.0.1:{number}/api/v1/health")
        with pytest.raises(httpx2.TransportError):
            await httpx2.AsyncClient().get(f"http://127.0.0.1:{number}/api/v1/health")


@pytest.mark.parametrize("harm", ["missing", "nonsense", "other key"])
async def test_a_certificate_that_cannot_be_used_is_told_and_tried_again(tmp_path: Path, harm: str) -> None:
    number, (cert, key) = port(), certificate(tmp_path)
    good = key.read_bytes()
    if harm == "missing":
        key.unlink()
    elif harm == "nonsense":
        key.write_text("no key at all")
    else:
        (tmp_path / "other").mkdir()
        key.write_bytes(certificate(tmp_path / "other")[1].read_bytes())
    async with paged(tmp_path, config(number, *tls(cert, key))) as house:
        await house.until(lambda: house.told("error", f"TLS certificate {cert} or key {key} cannot be used") == 1)
        assert house.told("error", "Both must be PEM files that this user may read") == 1
        key.write_bytes(good)
        health = await answered(number, scheme="https", verify=ssl.create_default_context(cafile=str(cert)))
        assert health.json()["status"] == "ok"
