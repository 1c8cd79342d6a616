"""`twcmaster meter test` on a real HTTP server, a file and constants."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.cli.conftest import Invoke
from tests.cli.processes import call, end, start
from tests.meters.device import Device

SITE = """
[[circuit]]
name = "garage"
limit_a = 32
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
"""


@contextmanager
def online(*devices: Device) -> Iterator[list[str]]:
    """Devices in a thread of their own; their URLs."""
    ready, done, urls = Event(), Event(), list[str]()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            urls.extend([await stack.enter_async_context(device.online()) for device in devices])
            ready.set()
            await asyncio.to_thread(done.wait)

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(asyncio.run, serve())
        try:
            assert ready.wait(10)
            yield urls
        finally:
            done.set()
            serving.result(10)


def meter(name: str, role: str, kind: str, **keys: Any) -> str:
    entries = {"name": name, "role": role, "kind": kind, "every_s": 0.2, **keys}
    return "[[meter]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entries.items())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "site.toml"


def test_each_meter_is_shown_and_the_sum_with_it(twcmaster: Invoke, config: Path) -> None:
    (config.parent / "sun.txt").write_text("now 4.1 kW")
    with online(Device(b'{"power": -2310.0, "amps": [1.5, -2, null]}')) as (url,):
        grid = meter("grid", "grid", "http", url=f"{url}/x?api_key=hush", power_w="power", phase_a=[
            "amps[0]", "amps[1]", "amps[2]"])  # fmt: skip
        sun = meter("sun", "pv", "file", path=str(config.parent / "sun.txt"), timeout_s=2)
        sun += 'power_w = { regex = "now ([0-9.]+)", unit = "kW" }\n'
        config.write_text(SITE + grid + sun + meter("house", "house", "constant", power_w=1790))
        result = twcmaster("meter", "test", "--config", config, "--rounds", "2")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("Round")] == ["Round 1", "Round 2"]
    assert sum("-2,310 W, 1.5/-2.0/? A, 0.0" in line for line in lines) == 2
    assert f"         from {url}/x?api_key=…" in lines
    assert sum("4,100 W" in line and "pv" in line for line in lines) == 2
    assert f"         from file {config.parent / 'sun.txt'}" in lines
    assert "It adds up: grid -2,310 W + sun 4,100 W = 1,790 W; the house meter shows 1,790 W." in lines
    assert "Left for cars: 2,310 W, besides what they draw at this moment." in lines
    assert "hush" not in result.output


def test_what_is_wrong_ends_with_1_and_says_what_to_do(twcmaster: Invoke, config: Path) -> None:
    with online(Device(status="401 Unauthorized", body=b"no")) as (url,):
        grid = meter("grid", "grid", "http", url=url, power_w="power", token="hush")
        config.write_text(SITE + grid + meter("sun", "pv", "constant", power_w=-900))
        result = twcmaster("meter", "test", "--config", config, "--rounds", "1")
    assert result.exit_code == 1
    assert "no reading" in result.stdout
    assert "error 401" in result.stdout
    assert "Check username, password or token." in result.stdout
    assert "Wrong: sun tells -900 W, but generation cannot be negative.\n  Turn it round: scale = -1." in result.stdout
    assert "Left for cars: unknown." in result.stdout
    assert "hush" not in result.output


def test_a_suspicion_alone_ends_with_0(twcmaster: Invoke, config: Path) -> None:
    config.write_text(
        SITE + meter("grid", "grid", "constant", power_w=3500) + meter("s", "pv", "constant", power_w=4000)
    )
    result = twcmaster("meter", "test", "--config", config, "--rounds", "1")
    assert result.exit_code == 0
    assert "Strange: The sun gives 4,000 W, and yet 3,500 W seem to come from the grid." in result.stdout


def test_programs_get_one_object(twcmaster: Invoke, config: Path) -> None:
    with online(Device(), Device(mute=True)) as (url, mute):
        grid = meter("grid", "grid", "http", url=url, power_w="power")
        config.write_text(SITE + grid + meter("sun", "pv", "http", url=mute, power_w="power", timeout_s=0.1))
        result = twcmaster("meter", "test", "--config", config, "--seconds", "0.3", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["ok"], told["adds_up"]) == (False, None)
    assert [(one["level"], one["code"], one["meter"]) for one in told["findings"]] == [("error", "no_answer", "sun")]
    assert len(told["rounds"]) == 2
    grid_told, sun_told = told["rounds"][0]
    assert (grid_told["power_w"], grid_told["error"], grid_told["source"]) == (1234.5, None, url)
    assert 0 <= grid_told["age_s"] <= grid_told["took_s"] + 1
    assert sun_told["power_w"] is None
    assert "no full answer within 0.1 s" in sun_told["error"]


def test_a_config_without_meters_says_where_to_read_on(twcmaster: Invoke, config: Path) -> None:
    config.write_text(SITE)
    result = twcmaster("meter", "test", "--config", config)
    assert result.exit_code == 1
    assert "has no [[meter]]. docs/howto/meters.md" in result.stderr


@pytest.mark.smoke
async def test_a_meter_that_hangs_in_a_thread_takes_no_verdict_with_it(config: Path) -> None:
    pipe = config.parent / "nobody-writes"
    os.mkfifo(pipe)
    config.write_text(SITE + meter("grid", "grid", "file", path=str(pipe), power_w="p", timeout_s=0.1))
    result = await call("meter", "test", "--config", config, "--rounds", "1", "--json")
    told = json.loads(result.out)
    assert (result.code, result.err) == (1, "")
    assert [(one["code"], one["meter"]) for one in told["findings"]] == [("no_answer", "grid")]


@pytest.mark.smoke
async def test_ctrl_c_judges_what_is_known(config: Path) -> None:
    config.write_text(SITE + meter("grid", "grid", "constant", power_w=500, every_s=3600))
    process = await start("meter", "test", "--config", config)
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    ended = await end(process, signal.SIGINT)
    assert lines[0] == "Round 1\n"
    assert (ended.code, ended.err) == (0, "")
    assert "Left for cars: -500 W" in ended.out
