"""One connection to the web server: uvicorn's, which lets nobody hold one without using it.

Whoever begins a request, of the first the connection itself, finishes it within `COMPLETE_WITHIN_S`. An upload that the
application is reading has that long for each next piece.
"""

from __future__ import annotations

import asyncio

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from twcmaster.api.limits import LARGEST_REQUEST_BYTES, largest_bytes
from twcmaster.api.problems import ApiProblem, response

#: Connections at once; beyond it newcomers get 503. Each costs some tens of kilobytes.
MOST_CONNECTIONS = 400
#: Of these, from one address: a browser has six, and a reverse proxy seldom more than a house has browsers.
MOST_PER_ADDRESS = 100
#: Browsers open connections ahead of need and expect some of them to be closed again.
COMPLETE_WITHIN_S = 20.0
#: A client that takes nothing of its answer for this long has gone without a word.
TAKEN_WITHIN_S = 60.0


class Connection(H11Protocol):
    """Closed when a request stays incomplete, or an answer is not taken."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._crowded():
            self.app = _full
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._uploading():
            self._cancel()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The next request may have begun while this one was being answered.
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        super().handle_websocket_upgrade(event)
        # All of the handshake is there. One that cannot be understood would be kept without another word.
        if not getattr(self.transport.get_protocol(), "handshake_initiated", True):
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _crowded(self) -> bool:
        addresses = [getattr(one, "client", None) for one in self.connections]
        near = sum(address is not None and address[:1] == (self.client or ())[:1] for address in addresses)
        return len(self.connections) > MOST_CONNECTIONS or near > MOST_PER_ADDRESS

    # ── requests that are not complete ──

    def _watch(self) -> None:
        if not self._incomplete():
            self._cancel()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(COMPLETE_WITHIN_S, self._give_up)

    def _incomplete(self) -> bool:
        """Whether more must come before there is something to answer."""
        # A WebSocket has left `connections` and answers for itself.
        if self not in self.connections:
            return False
        begun, _ = self.conn.trailing_data
        asked: object = self.cycle  # None until the first request, whatever its annotation says
        waiting = self.conn.their_state is h11.IDLE and (asked is None or bool(begun))
        return waiting or self.conn.their_state is h11.SEND_BODY

    def _uploading(self) -> bool:
        """Whether a large body is on its way to somebody who wants it: strangers are answered at once."""
        if self not in self.connections or self.conn.their_state is not h11.SEND_BODY:
            return False
        return not self.cycle.response_started and largest_bytes(self.scope["path"]) > LARGEST_REQUEST_BYTES

    def _give_up(self) -> None:
        self._deadline = None
        if self.flow.read_paused and self._uploading():
            # It is the disk that keeps the client waiting.
            self._watch()
        elif self._incomplete():
            self.transport.close()

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    detail = "More connections are open than this serves at once."
    todo = "Close other pages and programs that use it, or wait a minute."
    problem = ApiProblem(
        503, "busy", "Too many connections", detail, todo, {"Connection": "close", "Retry-After": "20"}
    )
    await response(problem)(scope, receive, send)
