"""The buses: counters, the wiring check, frames, debug messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from twcmaster.api.access import Admin, FacadeDep, House, HouseDep, Reader, address_of, asker
from twcmaster.api.ports import Facade
from twcmaster.api.problems import ApiProblem, documented, not_found
from twcmaster.api.schemas import bus as shown
from twcmaster.api.schemas.state import Bus
from twcmaster.api.section import Section
from twcmaster.api.views import buses as views
from twcmaster.protocol.describe import describe
from twcmaster.protocol.messages import decode

BusName = Annotated[str, Path(max_length=60, examples=["garage"])]


async def get_buses(facade: FacadeDep, _: Reader) -> list[Bus]:
    """All buses."""
    return [views.detail(facade, name).bus for name in facade.buses.names()]


async def get_bus(facade: FacadeDep, _: Reader, bus: BusName) -> shown.BusDetail:
    """One bus with every counter, and what the wiring check says."""
    return views.detail(facade, known(facade, bus))


async def get_frames(
    facade: FacadeDep,
    _: Reader,
    bus: BusName,
    after: Annotated[int, Query(ge=0, description="Only frames with a higher number")] = 0,
) -> shown.Frames:
    """The newest frames, oldest first. /buses/{bus}/live sends them as they come."""
    frames = [views.frame(frame) for frame in facade.buses.frames(known(facade, bus)) if frame.number > after]
    return shown.Frames(bus=bus, frames=frames)


async def get_recording(
    house: HouseDep,
    _: Reader,
    request: Request,
    bus: BusName,
    seconds: Annotated[float, Query(ge=1, le=600, allow_inf_nan=False)] = 30.0,
) -> Response:
    """Record the bus from now on, as a file that `twcmaster decode` and a replay link read: one JSON object a line."""
    headers = {"Content-Disposition": 'attachment; filename="bus.jsonl"', "X-Accel-Buffering": "no"}
    lines = _record(house, request, known(house.facade, bus), seconds)
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


async def _record(house: House, request: Request, bus: str, seconds: float) -> AsyncIterator[str]:
    started = house.facade.clock()
    async for frames in house.facade.buses.watch_frames(bus, seconds):
        if asker(house, request) is None:
            return
        for frame in frames:
            at_s = (frame.at - started).total_seconds()
            direction = "tx" if frame.sent else "rx"
            line = {"t": round(max(at_s, 0.0), 6), "dir": direction, "hex": views.framed(frame).hex()}
            yield json.dumps(line) + "\n"


async def post_message(
    house: HouseDep, who: Admin, request: Request, bus: BusName, message: shown.DebugMessage
) -> shown.DebugAnswer:
    """Send a debug message and wait for its answer. The list of allowed messages holds here, too."""
    try:
        body = views.body_of(message.hex)
    except ValueError:
        detail = f"{message.hex!r} is not hex."
        raise ApiProblem(422, "invalid", "Not hex", detail, 'Write bytes like "FC E1 77 77 24 33".') from None
    answer = await house.facade.buses.send(known(house.facade, bus), body)
    sent = body.hex(" ").upper()
    house.doorkeeper.audit(who.name, f"debug message on {bus}: {sent}", address_of(request))
    return shown.DebugAnswer(
        bus=bus,
        sent=sent,
        answer=None if answer is None else answer.hex(" ").upper(),
        text=None if answer is None else describe(decode(answer)),
    )


def known(facade: Facade, bus: str) -> str:
    """The bus's name. Raises ApiProblem when there is none."""
    names = facade.buses.names()
    if bus not in names:
        raise not_found(f'There is no bus "{bus}".', f"Known: {', '.join(names) or 'none'}.")
    return bus


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, f"{prefix}/buses", "buses")
    told = documented(401, 403, 404)
    recording: dict[int | str, dict[str, Any]] = {200: {"content": {"application/jsonl": {}}}}
    routes.add("", get_buses, responses=documented(401, 403))
    routes.add("/{bus}", get_bus, responses=told)
    routes.add("/{bus}/frames", get_frames, responses=told)
    routes.add("/{bus}/recording", get_recording, responses=recording | told, response_class=StreamingResponse)
    routes.add("/{bus}/messages", post_message, methods=["POST"], responses=told | documented(409))
