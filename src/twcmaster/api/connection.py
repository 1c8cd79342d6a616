"""One connection to the web server: uvicorn's, which lets nobody hold one without asking for anything."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Browsers open connections ahead of need and expect some of them to be closed again.
FIRST_REQUEST_S = 20.0


class Connection(H11Protocol):
    """Closed when its first request is not complete after `FIRST_REQUEST_S`; later ones have the keep-alive time."""

    _deadline: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(FIRST_REQUEST_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        # A WebSocket has left `connections` and answers for itself.
        asked: object = self.cycle  # None until a request is complete, whatever its annotation says
        if asked is None and self in self.connections:
            self.transport.close()
