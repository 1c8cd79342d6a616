"""The program in processes of its own, on virtual connectors behind a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan

PATIENCE_S = 20.0
CONFIG = """
[site]
name = "Test house"
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "{link}"
circuit = "garage"
[[connector]]
bus = "garage"
id = "1839"
name = "Left bay"
[control]
amps = 20
[web]
enabled = false
[service]
state_dir = "{folder}/state"
socket = "{folder}/run/twcmaster.sock"
"""


@dataclass(frozen=True)
class Ended:
    """A process that has come to its end."""

    code: int | None
    out: str
    err: str


async def start(*arguments: str | Path, **environment: str) -> Process:
    """`twcmaster` with these arguments, in the background."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "twcmaster", *map(str, arguments), stdout=PIPE, stderr=PIPE, env=os.environ | environment
    )


async def end(process: Process, number: int = signal.SIGTERM) -> Ended:
    """Tell it to stop, and wait until it has."""
    if process.returncode is None:
        process.send_signal(number)
    return await ended(process)


async def ended(process: Process) -> Ended:
    """Wait for its own end."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return Ended(process.returncode, out.decode(), err.decode())


async def call(*arguments: str | Path, **environment: str) -> Ended:
    """`twcmaster` with these arguments, to its end."""
    return await ended(await start(*arguments, **environment))


class Lab:
    """One virtual bus with a car at the first connector, and a config for it."""

    def __init__(self, folder: Path) -> None:
        car = CarSpec(max_a=16.0)
        units = (
            UnitPlan(ConnectorSettings(0x1839, sign=1), car),
            UnitPlan(ConnectorSettings(0x022C, sign=2, protocol=1)),
        )
        self.site = VirtualSite(SitePlan((BusPlan("garage", units),)))
        self.adapter = self.site.pty_endpoint("garage", folder / "adapter")
        self.folder = folder
        self.config = folder / "site.toml"
        self.config.write_text(CONFIG.format(link=self.adapter.link, folder=folder))
        self.socket = folder / "run" / "twcmaster.sock"

    def plug_in_car(self) -> None:
        car = self.site.units[0].car
        assert car is not None
        car.plug_in(asyncio.get_running_loop().time(), 30.0)

    async def status(self) -> Any:
        """What the daemon says, or None while it does not answer."""
        answer = await call("status", "--json", "--socket", self.socket)
        return json.loads(answer.out) if answer.code == 0 else None

    async def until_told(self, condition: Callable[[Any], object]) -> Any:
        """Ask for the status until it fulfils the condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not ((status := await self.status()) and condition(status)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        return status

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - the other side is another process
                await asyncio.sleep(0.02)


@asynccontextmanager
async def lab(folder: Path) -> AsyncIterator[Lab]:
    here = Lab(folder)
    here.adapter.plug_in()
    try:
        yield here
    finally:
        here.adapter.unplug()


@asynccontextmanager
async def daemon(here: Lab, *arguments: str, **environment: str) -> AsyncIterator[Process]:
    """`twcmaster run` on the lab, killed at the end if it still runs."""
    process = await start("run", "--config", here.config, *arguments, **environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
