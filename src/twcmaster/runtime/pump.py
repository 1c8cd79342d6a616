"""Between a link and a sans-IO machine: bytes in, frames out, its timer kept, the link reopened when it vanishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from twcmaster.model.ports import Link, LinkError

FIRST_RETRY_S = 0.25
#: A connector gives up after about 10 s without heartbeats: never wait so long that one retry more is too many.
LAST_RETRY_S = 2.0


class Machine(Protocol):
    """One end of the wire, sans-IO: `protocol.master.Master` or `protocol.connector.Connector`."""

    def receive_data(self, data: bytes, now: float) -> None: ...
    def handle_timer(self, now: float) -> None: ...
    def next_timer(self) -> float | None: ...
    def frames_to_send(self) -> list[bytes]: ...


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Hooks:
    """Called when the link is there, when it is gone, and after each turn of the machine."""

    connected: Callable[[], None] = _nothing
    disconnected: Callable[[], None] = _nothing
    after: Callable[[], None] = _nothing


class Pump:
    """Drives one machine over one link. `notice(level, text)` tells people about the link."""

    def __init__(self, link: Link, machine: Machine, notice: Callable[[str, str], None], hooks: Hooks) -> None:
        self._link = link
        self._machine = machine
        self._notice = notice
        self._hooks = hooks
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.connected = False
        self.reconnects = 0

    @property
    def url(self) -> str:
        """The link's address."""
        return self._link.url

    async def run(self) -> None:
        """Keep the link open until cancelled."""
        retry_s, complained = FIRST_RETRY_S, ""
        try:
            while True:
                lost: asyncio.Future[str] = self._loop.create_future()
                try:
                    await self._link.open(self._on_bytes, partial(_settle, lost))
                except LinkError as error:
                    if str(error) != complained:
                        complained = str(error)
                        self._notice("error", complained)
                    await asyncio.sleep(retry_s)
                    retry_s = min(retry_s * 2, LAST_RETRY_S)
                else:
                    retry_s, complained = FIRST_RETRY_S, ""
                    await self._until_lost(lost)
        finally:
            self.connected = False
            self._stop_timer()
            await self._link.close()

    async def _until_lost(self, lost: asyncio.Future[str]) -> None:
        self.connected = True
        self._notice("info", f"connected to {self.url}")
        self._hooks.connected()
        self.turn()
        why = await lost
        self.connected = False
        self.reconnects += 1
        self._stop_timer()
        self._hooks.disconnected()
        text = f"lost {self.url}: {why}. Connectors hold their last limit for a few seconds; trying again"
        self._notice("warning", text)
        await self._link.close()

    def _on_bytes(self, data: bytes) -> None:
        self._machine.receive_data(data, self._loop.time())
        self.turn()

    def _on_timer(self) -> None:
        self._timer = None
        self._machine.handle_timer(self._loop.time())
        self.turn()

    def turn(self) -> None:
        """Send what the machine wants sent, and wake again when it asks."""
        if not self.connected:
            return
        for frame in self._machine.frames_to_send():
            self._link.write(frame)
        self._hooks.after()
        due = self._machine.next_timer()
        if self._timer is not None:
            if self._timer.when() == due:
                return
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _settle(lost: asyncio.Future[str], why: str) -> None:
    if not lost.done():
        lost.set_result(why)
