"""Asking all meters in rounds, without a running site: to see what each one says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from twcmaster.control.meter_review import Answer, Round
from twcmaster.model.ports import Meter, MeterError


async def ask(meter: Meter) -> Answer:
    """One answer, or what went wrong."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        reading = await meter.read()
    except MeterError as error:
        return Answer(None, str(error), loop.time() - started)
    now = loop.time()
    return Answer(reading, None, now - started, max(0.0, now - reading.taken_at))


@dataclass(frozen=True, slots=True)
class Pace:
    """So many rounds at most, none begun after so many seconds, and the time from one to the next."""

    most: int
    seconds: float | None
    pause_s: float


async def rounds(meters: Mapping[str, Meter], pace: Pace, stop: asyncio.Event) -> AsyncIterator[Round]:
    """Ask every meter, all at the same time, again and again in step with the clock.

    A round that `stop` interrupts is left out.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    end = math.inf if pace.seconds is None else due + pace.seconds
    for _ in range(pace.most):
        if due > end or await _stopped_within(due - loop.time(), stop):
            return
        asking = asyncio.ensure_future(_all(meters))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([asking, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return
            yield asking.result()
        finally:
            for task in (asking, stopping):
                task.cancel()
            await asyncio.gather(asking, stopping, return_exceptions=True)
        due = max(due + pace.pause_s, loop.time())


async def _all(meters: Mapping[str, Meter]) -> Round:
    answers = await asyncio.gather(*(ask(meter) for meter in meters.values()))
    return dict(zip(meters, answers, strict=True))


async def _stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stop.wait()
    except TimeoutError:
        return False
    return True
