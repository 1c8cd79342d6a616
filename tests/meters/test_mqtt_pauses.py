"""How often a broker that turns us away is tried, in virtual time."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Self

import aiomqtt
import pytest

from tests.meters.device import clock, section
from twcmaster.meters.mqtt import MqttMeter
from twcmaster.model.ports import MeterError
from twcmaster.sim.clock import run_virtual


class Session:
    """A connection that fails at once, or stays for a while in silence."""

    def __init__(self, lost_after_s: float | None) -> None:
        self.lost_after_s = lost_after_s

    async def __aenter__(self) -> Self:
        if self.lost_after_s is None:
            raise aiomqtt.MqttError("turned away")
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def subscribe(self, _: str) -> None: ...

    @property
    def messages(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> aiomqtt.Message:
        await asyncio.sleep(self.lost_after_s or 0.0)
        raise aiomqtt.MqttError("lost")


def tried(seconds: float, accepted: int | None = None) -> tuple[list[float], list[str]]:
    """When a meter tries to connect within so long, and what its readings say. One attempt may last for 5 s."""
    times: list[float] = []
    told: list[str] = []

    class Meter(MqttMeter):
        def _client(self, tls: ssl.SSLContext | None) -> Any:
            times.append(asyncio.get_running_loop().time())
            return Session(5.0 if len(times) == accepted else None)

    async def ask(meter: MqttMeter) -> None:
        while True:
            try:
                await meter.read()
            except MeterError as error:
                told.append(str(error))

    async def main() -> None:
        meter = Meter(section(kind="mqtt", host="broker", topic="house/grid", power_w="power"), clock)
        await asyncio.wait([asking := asyncio.ensure_future(ask(meter))], timeout=seconds)
        asking.cancel()
        await meter.close()

    run_virtual(main())
    return times, told


def test_a_broker_that_turns_us_away_is_tried_less_and_less_often() -> None:
    pauses = [1, 2, 4, 8, 16, 30, 30, 30]
    times, told = tried(sum(pauses) + 1)
    assert times == pytest.approx([sum(pauses[:n]) for n in range(len(pauses) + 1)])
    assert len(told) == 2, "each reading waits for its minute"
    assert "nothing usable within 60 s: turned away. Check host, port" in told[0]


def test_after_a_connection_the_pauses_begin_anew() -> None:
    times, _ = tried(20, accepted=4)
    assert times == pytest.approx([0, 1, 3, 7, 13, 15, 19])
