"""Where a meter's secrets must never turn up: files for backup and diagnosis, the setup page, the dump, messages."""

from __future__ import annotations

import asyncio
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.meters.device import Device
from tests.runtime.site_under_test import GARAGE
from twcmaster.api.ports import NotPossible
from twcmaster.app import Graph, Options
from twcmaster.cli.daemon import operations_of
from twcmaster.config.load import load
from twcmaster.serving.backup import BackupDesk
from twcmaster.serving.setup import SetupDesk
from twcmaster.serving.site import Site
from twcmaster.store.history import History

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)
METER = """
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "{url}/x?api_key=hush-url"
power_w = "power"
username = "me"
password = "hush-inline"
headers = {{ "X-Key" = {{ file = "key" }}, "X-Other" = "hush-header" }}
query = {{ code = {{ env = "GRID_CODE" }} }}
method = "POST"
body = "hush-body"
"""
SECRETS = ("hush-url", "hush-inline", "hush-header", "hush-file", "hush-env", "hush-body")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "key").write_text("hush-file\n")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("GRID_CODE", "hush-env")
    return tmp_path / "site.toml"


def write(config: Path, url: str = "http://10.0.0.9") -> None:
    config.write_text(GARAGE + METER.format(url=url))


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def texts_of(archive: Path) -> str:
    with zipfile.ZipFile(archive) as opened:
        return "\n".join(opened.read(name).decode("utf-8", "replace") for name in opened.namelist())


async def test_not_in_backups_diagnostics_and_on_the_setup_page(config: Path) -> None:
    write(config)
    site = Site(config.parent / "state", lambda: NOON)
    history = History(config.parent / "state" / "history.db", lambda: NOON, site.notice_for("history"))
    setup = SetupDesk(config, lambda: NOON, lambda: None)
    desk = BackupDesk(site, history, setup)
    try:
        view = await setup.read()
        assert found_in(view.toml + json.dumps(view.values)) == []
        assert 'file = "key"' in view.toml
        for archive in (await desk.save(), await desk.diagnostics()):
            assert found_in(texts_of(archive)) == []
            archive.unlink()
        assert await setup.check(view.toml) == [], "secrets and their places come back"
    finally:
        await history.close()


async def test_not_in_the_dump_and_what_a_repeating_device_makes_of_it(config: Path) -> None:
    device = Device(" ".join(SECRETS).encode())
    async with device.online() as url:
        write(config, url)
        graph = Graph(load(config), Options(clock=lambda: NOON))
        poll = graph.meters["grid"]
        asking = asyncio.ensure_future(poll.run())
        while not graph.hub.notices:  # noqa: ASYNC110 - the device answers from a socket
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait([asking])
    sent = device.requests[0] + device.bodies[0].decode()
    assert [secret for secret in SECRETS if secret not in sent] == ["hush-inline"], "that one is sent in base64"
    problem = poll.view().problem
    assert problem is not None
    assert "it is not JSON but … … …" in problem
    graph.controller.tick(asyncio.get_running_loop().time())
    notices = " ".join(notice.text for notice in graph.hub.notices)
    dump = json.dumps(await operations_of(graph).answers["dump"]({}), ensure_ascii=False)
    assert found_in(problem + notices + repr(graph.config) + dump) == []
    assert '"name": "grid"' in dump


async def test_trying_a_meter_reads_the_secrets_that_the_config_gives_it(config: Path) -> None:
    setup = SetupDesk(config, lambda: NOON, lambda: None)
    device = Device()
    async with device.online() as url:
        meter = f'[[meter]]\nname = "a"\nrole = "grid"\nkind = "http"\nurl = "{url}"\npower_w = "power"\n'
        config.write_text(GARAGE + meter + 'headers = { "X-Key" = { file = "key" } }\n')
        section = {"name": "a", "role": "grid", "kind": "http", "url": url, "power_w": "power"}
        headers = {"headers": {"X-Key": {"file": "key"}}}
        tried = await setup.try_meter({**section, **headers})
        assert (tried.power_w, tried.problem) == (1234.5, None)
        for changed in (
            {"token": {"file": "key"}},
            {"token": {"env": "PATH"}},
            {"headers": {"X-Key": {"file": "site.toml"}}},
            {"headers": {"X-Other": {"file": "key"}}},
            {"query": {"key": {"env": "PATH"}}},
            headers | {"name": "b"},
            headers | {"url": url.replace("127.0.0.1", "localhost")},
        ):
            with pytest.raises(NotPossible, match="only for a meter that the config gives it to") as refused:
                await setup.try_meter({**section, **changed})
            assert "Save the config" in refused.value.hint
    assert len(device.requests) == 1
    (config.parent / "key").unlink()
    with pytest.raises(NotPossible, match="cannot be read: No such file"):
        await setup.try_meter({**section, **headers})


async def test_trying_a_meter_shows_no_file_that_the_config_does_not_name(config: Path) -> None:
    setup = SetupDesk(config, lambda: NOON, lambda: None)
    secret = config.parent / "private"
    secret.write_text("TOP SECRET")
    section = {"name": "a", "role": "grid", "kind": "file", "path": str(secret), "power_w": "total"}
    tried = await setup.try_meter(section)
    assert "SECRET" not in (tried.problem or "")
    assert "Once the config names it" in (tried.problem or "")
    config.write_text(GARAGE + f'[[meter]]\nname = "a"\nrole = "grid"\nkind = "file"\npath = "{secret}"\n')
    assert "SECRET" in ((await setup.try_meter(section)).problem or "")
    assert "Check path" in ((await setup.try_meter(section | {"path": "/nowhere"})).problem or "")


async def test_a_meter_with_a_login_in_its_address_is_tried_as_it_is_shown(config: Path) -> None:
    setup = SetupDesk(config, lambda: NOON, lambda: None)
    device = Device()
    async with device.online() as url:
        url = url.replace("://", "://me:hush@")  # noqa: PLW2901 - with a login
        meter = f'[[meter]]\nname = "grid"\nrole = "grid"\nkind = "http"\nurl = "{url}"\npower_w = "power"\n'
        config.write_text(GARAGE + meter)
        shown = dict((await setup.read()).values["meter"][0])
        assert "(unchanged)" in shown["url"]
        assert (await setup.try_meter(shown)).problem is None
        assert "Basic" in device.requests[-1]
        with pytest.raises(NotPossible, match="Enter it again"):
            await setup.try_meter(shown | {"url": shown["url"].replace("127.0.0.1", "localhost")})


async def test_trying_a_meter_uses_the_secrets_that_it_has_for_its_own_address_only(config: Path) -> None:
    setup = SetupDesk(config, lambda: NOON, lambda: None)
    device = Device()
    async with device.online() as url:
        meter = f'[[meter]]\nname = "grid"\nrole = "grid"\nkind = "http"\nurl = "{url}"\npower_w = "power"\n'
        config.write_text(GARAGE + meter + 'token = "hush-token"\n')
        shown = dict((await setup.read()).values["meter"][0])
        assert shown["token"] == "(unchanged)"
        assert (await setup.try_meter(shown)).problem is None
        assert "hush-token" in device.requests[-1]
        with pytest.raises(NotPossible, match="Enter it again"):
            await setup.try_meter(shown | {"url": url.replace("127.0.0.1", "localhost")})
    assert len(device.requests) == 1
