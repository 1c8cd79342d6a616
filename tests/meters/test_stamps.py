"""What is told again never gets younger, whatever our clock or the device's does."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from tests.meters.device import NOON, Device, section
from twcmaster.control.rhythm import FIRST, is_fresh
from twcmaster.meters.file import FileMeter
from twcmaster.meters.http import HttpMeter
from twcmaster.meters.mqtt import MqttMeter
from twcmaster.meters.stamps import Stamps
from twcmaster.model.energy import MeterFacts
from twcmaster.model.reading import MeterRole
from twcmaster.runtime.poll import MeterPoll
from twcmaster.sim.clock import run_virtual


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "steps",
    [
        # stamp, loop's clock, wall clock (both in seconds from the start), when it was made
        [(-30, 0, 0, -30), (-30, 10, 10, -30), (5, 10, 10, 5)],
        [(0, 0, 0, 0), (0, 10, -1800, 0), (0, 100, -1710, 0)],  # our clock is set back under a frozen meter
        [(0, 0, 0, 0), (0, 10, 1810, 0), (12, 20, 1820, -1788)],  # and forward
        [(3600, 0, 0, 0), (3600, 10, 10, 0), (3610, 11, 11, 11), (3610, 99, 99, 11)],  # the device is an hour ahead
        [(3600, 0, 0, 0), (10, 12, 12, 10)],  # until its clock is set
        [(3600, 0, 0, 0), (1800, 12, 12, 12), (1800, 20, 20, 12)],  # or set only half as well
        [(0, 0, 0, 0), (10, 10, -1800, 10), (20, 20, -1790, 20)],  # a living one while our clock is behind
    ],
)
def test_a_time_stays_where_it_was_first_put(steps: list[tuple[float, float, float, float]]) -> None:
    stamps = Stamps()
    made = [stamps.taken_at(after(stamp), now, after(clock)) for stamp, now, clock, _ in steps]
    assert made == [expected for *_, expected in steps]


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    stamps = Stamps()
    assert stamps.taken_at(after(60), 0.0, NOON) == 0.0
    assert stamps.taken_at(after(60).astimezone(), 5.0, NOON) == 0.0


class SteppedClock:
    """The site's wall clock, which somebody sets."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._began = asyncio.get_running_loop().time()

    def __call__(self) -> datetime:
        return after(asyncio.get_running_loop().time() - self._began) + self.offset


def test_a_file_that_nobody_writes_any_more_goes_stale_though_our_clock_is_set_back(tmp_path: Path) -> None:
    """The guard of the main fuse would believe it for half an hour otherwise."""
    path = tmp_path / "grid.json"
    path.write_text('{"p": 1000}')
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))

    async def main() -> list[bool]:
        loop, clock = asyncio.get_running_loop(), SteppedClock()
        meter = FileMeter(section(kind="file", path=path, power_w="p"), clock)
        poll = MeterPoll(MeterFacts("grid", MeterRole.GRID, 2.0), meter, lambda: None, lambda *_: None)
        running = asyncio.ensure_future(poll.run())
        await asyncio.sleep(5)
        fresh = [is_fresh(FIRST, poll.view(), loop.time())]
        clock.offset = timedelta(minutes=-30)
        for at_s in (12, 60, 600, 1900):
            await asyncio.sleep(at_s - loop.time())
            fresh.append(is_fresh(FIRST, poll.view(), loop.time()))
        running.cancel()
        await asyncio.wait([running])
        return fresh

    assert run_virtual(main()) == [True, False, False, False, False]


async def test_an_answer_that_is_told_again_is_as_old_as_it_was_though_its_clock_is_ahead() -> None:
    device = Device(json.dumps({"power": 1, "at": after(3600).isoformat()}).encode())
    async with device.online() as url:
        meter = HttpMeter(section(kind="http", url=url, power_w="power", taken_path="at"), lambda: NOON)
        first, again = await meter.read(), await meter.read()
        device.body = json.dumps({"power": 1, "at": after(3601).isoformat()}).encode()
        newer = await meter.read()
        await meter.close()
    assert first == again
    assert newer.taken_at > again.taken_at


async def test_a_message_that_is_told_again_is_as_old_as_it_was() -> None:
    settings = {"host": "broker", "topic": "a", "power_w": ["@.p", {"topic": "b", "path": "p"}], "taken_path": "at"}
    meter = MqttMeter(section(kind="mqtt", **settings), lambda: NOON)

    def tell(topic: str, at_s: float) -> None:
        payload = json.dumps({"p": 1, "at": after(at_s).timestamp()}).encode()
        meter._take(aiomqtt.Message(topic, payload, 0, True, 1, None))

    tell("a", 3600)
    tell("b", 3600)
    first = meter._reading()
    await asyncio.sleep(0.001)
    tell("a", 3600)
    tell("b", 3601)
    assert meter._reading() == first, "as old as the older one"
    tell("a", 3601)
    assert meter._reading().taken_at > first.taken_at
