"""The daemon and the commands that talk to it: real processes, a real pseudo-terminal, a real socket."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import stat
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.processes import Lab, call, daemon, end, lab, start

pytestmark = pytest.mark.smoke


def left_bay(status: Any) -> Any:
    return next(connector for connector in status["connectors"] if connector["id"] == "1839")


async def drawing(here: Lab, least_a: float = 5.0) -> None:
    """Until the car draws current."""
    await here.until(lambda: here.site.sample().units[0].draw_a > least_a)


async def test_a_daemon_charges_answers_and_stops(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here) as process:
        here.plug_in_car()
        await drawing(here, 12.0)
        at = ("--socket", here.socket)

        status = await here.until_told(lambda status: left_bay(status)["activity"] == "charging")
        assert (left_bay(status)["name"], left_bay(status)["presence"]) == ("Left bay", "online")

        assert (await call("log", "debug", "wire", *at)).code == 0
        once, sent, harmful, lowered, raised, unknown, dump = await asyncio.gather(
            call("status", "--once", "--config", here.config),
            call("send", "FB", "EB", "77", "77", "18", "39", *at),
            call("send", "FC", "19", "77", "77", *at),
            call("override", "Left bay", "8", "--for", "30", *at),
            call("override", "1839", "39", *at),
            call("log", "debug", "nonsense", *at),
            call("dump", *at),
        )
        assert once.code == 0
        assert "Left bay (1839): " in once.out
        assert sent.code == 0
        assert "1839 energy: counter 924, 240/0/0 V" in sent.out
        assert (harmful.code, harmful.out) == (1, "")
        assert "FC19 is not on the list" in harmful.err
        assert lowered.code == 0
        assert "told 8 A (09) by hand for 30 s" in lowered.out
        assert raised.code == 1
        assert "above the" in raised.err
        assert unknown.code == 1
        assert "wire" in unknown.err
        assert json.loads(dump.out)["config"]["site"]["name"] == "Test house"

        await here.until(lambda: here.site.sample().units[0].draw_a < 8)
        assert stat.S_IMODE(here.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(here.socket.parent.stat().st_mode) == 0o700

        ended = await end(process)
        assert ended.code == 0
        assert "heartbeat: session limit 8 A (09)" in ended.err
        assert "stopped" in ended.err
        assert "Traceback" not in ended.err
        assert not here.socket.exists()


async def test_a_second_daemon_on_the_same_socket_gives_way(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here) as first:
        await here.until(here.socket.exists)
        second = await call("run", "--config", here.config)
        assert second.code == 3
        assert f"pid {first.pid}" in second.err
        assert "Traceback" not in second.err
        assert (await end(first)).code == 0


async def test_a_second_program_on_the_port_is_told_who_has_it(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here) as first:
        await here.until((tmp_path / "state" / "units.json").exists)
        second = await call("sniff", "--link", here.adapter.link)
        assert second.code == 3
        assert f"pid {first.pid}" in second.err
        assert "Traceback" not in second.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_any_stop_signal_is_a_clean_end(tmp_path: Path, number: int) -> None:
    async with lab(tmp_path) as here, daemon(here) as process:
        await here.until(here.socket.exists)
        assert (await end(process, number)).code == 0
        assert not here.socket.exists()


async def test_a_daemon_without_its_adapter_waits_for_it(tmp_path: Path) -> None:
    async with lab(tmp_path) as here:
        here.adapter.unplug()
        async with daemon(here) as process:
            status = await here.until_told(
                lambda status: any("no such port" in notice["text"] for notice in status["notices"])
            )
            assert status["buses"][0]["connected"] is False
            here.adapter.plug_in()
            await here.until(lambda: here.site.units[0].connector.linked)
            assert (await end(process)).code == 0


async def test_a_host_that_is_not_there_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    async with lab(tmp_path) as here:
        text = here.config.read_text().replace(str(here.adapter.link), "socket://no-such-host.invalid:8899")
        here.config.write_text(text)
        async with daemon(here) as process:
            await here.until(here.socket.exists)
            status = await here.status()
            assert status["buses"][0]["connected"] is False
            async with asyncio.timeout(4):
                ended = await end(process)
        assert ended.code == 0
        assert "Traceback" not in ended.err


async def test_charging_goes_on_where_no_socket_can_be(tmp_path: Path) -> None:
    async with lab(tmp_path) as here:
        (tmp_path / "run").write_text("a file where the folder should be")
        async with daemon(here) as process:
            here.plug_in_car()
            await drawing(here)
            ended = await end(process)
        assert ended.code == 0
        assert "will not work" in ended.err


async def test_a_restart_finds_its_connectors_again_at_once(tmp_path: Path) -> None:
    async with lab(tmp_path) as here:
        async with daemon(here) as first:
            here.plug_in_car()
            await drawing(here)
            first.kill()
            await first.wait()
        assert here.socket.exists()
        async with daemon(here) as second:
            await asyncio.sleep(3)
            assert here.site.sample().units[0].error_s == 0
            assert here.site.sample().units[0].draw_a > 5
            assert (await end(second)).code == 0


async def test_a_view_follows_until_the_daemon_stops(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here) as process:
        await here.until(here.socket.exists)
        view = await start("status", "--socket", here.socket)
        here.plug_in_car()
        await drawing(here)
        assert (await end(process)).code == 0
        followed = await end(view, 0)
        assert followed.code == 3
        assert "The daemon closed the connection" in followed.err
        assert "Left bay (1839): Starting" in followed.out
        assert "Traceback" not in followed.err


async def test_a_view_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here):
        await here.until(here.socket.exists)
        view = await start("status", "--socket", here.socket)
        assert view.stdout is not None
        await view.stdout.readline()
        ended = await end(view, signal.SIGINT)
        assert (ended.code, ended.err) == (0, "")


async def test_the_output_may_be_closed_early(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here):
        await here.until(here.socket.exists)
        view = await start("status", "--socket", here.socket)
        assert view.stdout is not None
        await view.stdout.readline()
        view.stdout._transport.close()  # type: ignore[attr-defined]
        here.plug_in_car()
        async with asyncio.timeout(15):
            assert view.stderr is not None
            err = (await view.stderr.read()).decode()
            await view.wait()
        assert "Traceback" not in err


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for sockets, whose paths may have some hundred letters at most."""
    with tempfile.TemporaryDirectory(prefix="twc-") as folder:
        yield Path(folder)


@asynccontextmanager
async def a_demo(*arguments: str, folder: Path) -> AsyncIterator[Process]:
    """`twcmaster demo`, killed at the end if it still runs."""
    process = await start("demo", *arguments, TMPDIR=str(folder))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def places_of(demo: Process) -> dict[str, str]:
    """What the demo says of where to look."""
    assert demo.stdout is not None
    places: dict[str, str] = {}
    async with asyncio.timeout(60):
        while "stop" not in places:
            line = (await demo.stdout.readline()).decode()
            assert line, "the demo ended before it said where to look"
            if line.startswith("  "):
                name, place = line.split(maxsplit=1)
                places[name] = place.strip()
    return places


async def test_the_demo_is_the_real_thing(short_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        async with a_demo("--seconds", "25", "--port", str(busy), folder=short_path) as demo:
            places = await places_of(demo)
            assert Path(places["bus"].split(" -> ")[1].strip()).is_char_device()
            url = places["page"].split()[0]
            assert not url.endswith(f":{busy}")
            await look_around(url)
            assert len(await connectors_at(places["look"].split()[-1])) == 3
            out, err = await asyncio.wait_for(demo.communicate(), 60)
    assert (demo.returncode, err.decode()) == (0, "")
    assert "Left bay (1839): " in out.decode()
    assert list(short_path.iterdir()) == []


async def look_around(url: str) -> None:
    """A car charges with sun, and yesterday is there."""
    async with httpx2.AsyncClient(base_url=f"{url}/api/v1/") as client:
        await until_charging(client)
        state = (await client.get("state")).json()
        yesterday = datetime.fromisoformat(state["at"]) - timedelta(days=1)
        query = {"period": "day", "date": f"{yesterday:%Y-%m-%d}"}
        past = (await client.get("history/energy", params=query)).json()["total"]
    assert [connector["name"] for connector in state["connectors"]] == ["Left bay", "Right bay", "Driveway"]
    assert state["flow"]["solar_w"] > 1000
    assert [meter["problem"] for meter in state["meters"]] == [None, None]
    assert past["charged_kwh"] > 10
    assert past["charged_from_solar_kwh"] > past["charged_from_grid_kwh"] > 1
    assert past["cost"] > 0


async def until_charging(client: httpx2.AsyncClient) -> None:
    """Until the page answers and a car charges with sun."""
    async with asyncio.timeout(20):
        while True:
            try:
                state = (await client.get("state")).json()
            except httpx2.TransportError:
                state = None
            if state and state["site"]["status"]["code"] == "charging_solar":
                return
            await asyncio.sleep(0.2)


async def test_the_demo_without_page_with_a_battery_ends_on_ctrl_c(short_path: Path) -> None:
    async with a_demo("--no-page", "--battery", folder=short_path) as demo:
        places = await places_of(demo)
        assert "page" not in places
        socket_path = places["look"].split()[-1]
        async with asyncio.timeout(20):
            while not await connectors_at(socket_path):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        stopped = await end(demo, signal.SIGINT)
    assert (stopped.code, stopped.err) == (0, "")
    assert list(short_path.iterdir()) == []


async def connectors_at(socket_path: str) -> Any:
    """What the daemon at a socket says of its connectors; nothing while it does not answer."""
    answer = await call("status", "--json", "--socket", socket_path)
    return json.loads(answer.out)["connectors"] if answer.code == 0 else []


async def test_a_demo_without_room_for_its_socket_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    ended = await call("demo", "--no-page", TMPDIR=str(folder))
    assert ended.code == 1
    assert "too long for a socket" in ended.err
    assert "TMPDIR=/tmp" in ended.err
    assert list(folder.iterdir()) == []


async def test_without_a_page_the_daemon_carries_nothing_of_it(tmp_path: Path) -> None:
    async with lab(tmp_path) as here, daemon(here) as process:
        await here.until_told(lambda status: any(unit["presence"] == "online" for unit in status["connectors"]))
        # Kept for the day when the page is switched on again.
        await here.until((tmp_path / "state" / "history.db").exists)
        libraries = Path(f"/proc/{process.pid}/maps").read_text()
        assert "sqlite3" in libraries
        assert "pydantic" not in libraries
