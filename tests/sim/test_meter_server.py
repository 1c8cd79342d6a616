"""The demo's meters, asked by the meter that people configure."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
import pytest

from twcmaster.config.meters import HttpMeterSection
from twcmaster.meters.http import HttpMeter
from twcmaster.model.ports import MeterError
from twcmaster.sim.daytime import DayClock
from twcmaster.sim.house import HomeBattery, House
from twcmaster.sim.meter_server import LONGEST_REQUEST_BYTES, MeterServer
from twcmaster.sim.sun import Day, constant


def house(battery: HomeBattery | None = None) -> House:
    now = asyncio.get_running_loop().time()
    return House(Day(constant(5000.0), constant(800.0)), DayClock(now), battery=battery)


def meter(url: str) -> HttpMeter:
    section = HttpMeterSection.model_validate(
        {
            "name": "grid",
            "role": "grid",
            "kind": "http",
            "url": url,
            "power_w": "grid.power",
            "phase_a": ["grid.amps[0]"],
        }
    )
    return HttpMeter(section, lambda: datetime(2026, 6, 21, tzinfo=UTC))


async def test_a_configured_meter_reads_the_virtual_house() -> None:
    server = MeterServer(house())
    url = await server.open()
    asked = meter(url)
    try:
        first, second = await asked.read(), await asked.read()
    finally:
        await asked.close()
        await server.close()
    assert first.power_w == second.power_w == -4200.0
    assert first.phase_a == (-17.5, None, None)
    again = meter(url)
    with pytest.raises(MeterError):
        await again.read()
    await again.close()


async def test_a_house_with_a_battery_tells_of_it_and_one_without_does_not() -> None:
    for battery in (None, HomeBattery(max_w=3000.0, soc_percent=50.0)):
        server = MeterServer(house(battery))
        url = await server.open()
        async with httpx2.AsyncClient() as client:
            told = (await client.get(url)).json()
        await server.close()
        assert ("battery" in told) is (battery is not None)
        if battery is not None:
            assert told["battery"] == {"power": -3000.0, "percent": 50.0}
            assert told["grid"]["power"] == -1200.0


async def test_nonsense_is_hung_up_on_and_closing_hangs_up_on_everybody() -> None:
    server = MeterServer(house())
    port = urlsplit(await server.open()).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x" * (2 * LONGEST_REQUEST_BYTES))
    async with asyncio.timeout(5):
        with suppress(ConnectionResetError):  # what it has not read becomes a reset
            assert await reader.read() == b""
    writer.close()
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0)
    await server.close()
    async with asyncio.timeout(5):
        assert await idle.read() == b""
    idle_writer.close()
