"""uvicorn without its own ways of starting, stopping and catching signals. Heavy to import: see server.py."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from collections.abc import Generator
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from twcmaster.api.access import House
from twcmaster.api.allocator import give_back
from twcmaster.api.auth.doorkeeper import Doorkeeper
from twcmaster.api.build import PREFIX, build
from twcmaster.api.connection import Connection
from twcmaster.api.encoder import StateEncoder
from twcmaster.api.guard import Guard
from twcmaster.api.page import Page
from twcmaster.api.ports import Facade
from twcmaster.api.web_settings import WebSettings

LARGEST_HEADERS_BYTES = 16 * 1024
#: What clients say on a WebSocket is ignored anyway.
LARGEST_MESSAGE_BYTES = 4096
FAREWELL_S = 1
#: FastAPI asks of each type whether it comes from the last major version of pydantic, and imports all of that to find
#: out: 2 MB and a tenth of a second. Nothing here does; None in sys.modules means that there is no such module.
_NOT_NEEDED = "pydantic.v1"


class EmbeddedServer(uvicorn.Server):
    """A server that lives in somebody else's loop and ends when its task is cancelled."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self.house = house

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the daemon's business."""
        yield

    async def main_loop(self) -> None:
        """Refresh the Date header once a second, instead of looking around ten times a second."""
        while not await self.on_tick(0):  # noqa: ASYNC110 - the clock's second is what is waited for
            await asyncio.sleep(1)

    async def run_until_cancelled(self, sockets: list[socket.socket]) -> None:
        """Serve; on cancellation say farewell to everybody within a second or two."""
        try:
            await self.serve(sockets)
        finally:
            if self.started and not self.should_exit:
                self.should_exit = True
                await self.shutdown(sockets)


def assemble(facade: Facade, settings: WebSettings) -> EmbeddedServer:
    """The server, ready to run. Raises OSError and ssl.SSLError when TLS is wanted and cannot be had."""
    # uvicorn's warnings are about clients that misbehave: nothing that a person could act on.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    doorkeeper = Doorkeeper(facade.accounts, facade.clock, facade.now, open_door=settings.open_door)
    house = House(facade, doorkeeper, StateEncoder(facade), settings)
    sys.modules.setdefault(_NOT_NEEDED, None)  # type: ignore[arg-type]
    app = application(house, settings)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="websockets-sansio",
        # Compressing each client's states by itself would cost 300 kB and a core's time per client.
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_MESSAGE_BYTES,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=FAREWELL_S,
        h11_max_incomplete_event_size=LARGEST_HEADERS_BYTES,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    config.load()
    server = EmbeddedServer(config, house)
    gc.collect()
    give_back()
    return server


def application(house: House, settings: WebSettings) -> ASGIApp:
    """API and page behind one guard."""
    api = build(house.facade.version, house)
    _serve_description(api)
    page = Page(settings.static_dir)

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        wanted = api if scope["type"] != "http" or scope["path"].startswith("/api") else page
        await wanted(scope, receive, send)

    return Guard(either, settings)


def _serve_description(api: FastAPI) -> None:
    """OpenAPI, from a file: making it anew would cost 6 MB that never come back."""

    async def openapi(_: Request) -> Response:
        document = Path(__file__).with_name("openapi.json")
        return FileResponse(document, media_type="application/json", headers={"Cache-Control": "no-cache"})

    api.add_route(f"{PREFIX}/openapi.json", openapi, include_in_schema=False)
