"""The WebSockets: the newest state, and the frames of a bus. OpenAPI cannot describe them; docs/howto/api.md does.

A slow reader is sent the newest state when it has taken the one before: it misses states and delays nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import FastAPI, Query, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter

from twcmaster.api.access import House, HouseDep, asker
from twcmaster.api.schemas.bus import Frame
from twcmaster.api.views import buses as views

#: Nobody is sent states more often than this.
SPACING_S = 1.0
FRAME_SPACING_S = 0.25
#: Close codes: 4000 + the HTTP status that it would be.
LOGIN_NEEDED, NOT_FOUND = 4401, 4404

_FRAMES = TypeAdapter(list[Frame])


async def live(websocket: WebSocket, house: HouseDep, since: Annotated[str, Query(max_length=80)] = "") -> None:
    """The newest state at once, and again whenever it changes. `since`: the tag of the state that is there already."""
    await websocket.accept()
    if asker(house, websocket) is None:
        await websocket.close(LOGIN_NEEDED, "login needed")
        return
    await _until_gone(websocket, _send_states(websocket, house, since))


async def frames(websocket: WebSocket, house: HouseDep, bus: str) -> None:
    """Frames as they come, as arrays of the same objects that /buses/{bus}/frames has."""
    await websocket.accept()
    if asker(house, websocket) is None:
        await websocket.close(LOGIN_NEEDED, "login needed")
    elif bus not in house.facade.buses.names():
        await websocket.close(NOT_FOUND, "no such bus")
    else:
        await _until_gone(websocket, _send_frames(websocket, house, bus))


async def _until_gone(websocket: WebSocket, sending: Coroutine[Any, Any, None]) -> None:
    """Send until the other side leaves; whatever it says is ignored."""
    sender = asyncio.get_running_loop().create_task(sending)
    try:
        while True:
            await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        # RuntimeError: asked again after the farewell.
        return
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send_states(websocket: WebSocket, house: House, seen: str) -> None:
    loop = asyncio.get_running_loop()
    async for _ in house.facade.live.watch():
        if asker(house, websocket) is None:
            await websocket.close(LOGIN_NEEDED, "login needed")
            return
        encoded = house.encoder.newest()
        if encoded is None or encoded.tag == seen:
            continue
        seen, sent_at = encoded.tag, loop.time()
        await websocket.send_text(encoded.text)
        await asyncio.sleep(max(0.0, sent_at + SPACING_S - loop.time()))


async def _send_frames(websocket: WebSocket, house: House, bus: str) -> None:
    async for news in house.facade.buses.watch_frames(bus):
        if asker(house, websocket) is None:
            await websocket.close(LOGIN_NEEDED, "login needed")
            return
        await websocket.send_text(_FRAMES.dump_json([views.frame(frame) for frame in news]).decode())
        await asyncio.sleep(FRAME_SPACING_S)


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    app.add_api_websocket_route(f"{prefix}/live", live)
    app.add_api_websocket_route(f"{prefix}/buses/{{bus}}/live", frames)
