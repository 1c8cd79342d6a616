"""One half-duplex RS-485 line at 9600 baud: whoever talks is heard by all others, two at once garble each other.

A *burst* is a stretch of time in which the line is never idle. It is cut into byte slots of 10 bits; in a slot with
one speaker the others hear its byte, in a slot with two they hear rubbish. Bytes are handed out at the end of each
`chunk_bytes` slots and at the end of the burst: with 1 they arrive one by one as on a bare UART, with 64 a whole
frame is one event at the time of its last bit, which is what makes a simulated day short.

The line works under any asyncio loop, in real and in virtual time. Units hear through one shared decoder.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from twcmaster.protocol.connector import BYTE_GAP_S, Connector
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.sim.faults import NO_FAULTS, Faults, damage

#: One start bit, eight data bits, one stop bit at 9600 baud.
BYTE_S = 10 / 9600
WHOLE_FRAMES = 64
SINGLE_BYTES = 1
_FROM_UNIT = 0xFD
_SLOT_ROUNDING = 0.01


@dataclass(slots=True)
class LineCounts:
    """What the line has carried."""

    transmissions: int = 0
    bytes: int = 0
    collisions: int = 0
    lost: int = 0


@dataclass(slots=True, eq=False)
class Seat:
    """One virtual unit's place on the line."""

    connector: Connector
    #: The line-turnaround byte that this unit's transmitter leaves after the closing delimiter.
    tail: bytes
    mute: bool = False
    timer: asyncio.TimerHandle | None = None
    wake_at: float = 0.0


@dataclass(slots=True, eq=False)
class Adapter:
    """A serial adapter on the line: what a master, a listener or an endpoint talks and hears through."""

    line: Line
    on_bytes: Callable[[bytes], None]
    #: Some adapters hand back what they send.
    echo: bool = False

    def write(self, data: bytes) -> None:
        """Transmit now; while an earlier write is still on the wire, right after it."""
        self.line.transmit(self, data)


@dataclass(slots=True, eq=False)
class _Talk:
    sender: Seat | Adapter
    data: bytes
    first_slot: int

    @property
    def end_slot(self) -> int:
        return self.first_slot + len(self.data)


@dataclass(slots=True)
class _Burst:
    started_at: float = 0.0
    talks: list[_Talk] = field(default_factory=list)
    delivered: int = 0
    end_slot: int = 0


class Line:
    """The wire. `rng` decides collisions and faults; equal seeds and equal traffic give equal bytes."""

    def __init__(self, rng: random.Random, faults: Faults = NO_FAULTS, chunk_bytes: int = WHOLE_FRAMES) -> None:
        self._loop = asyncio.get_running_loop()
        self._rng = rng
        self.faults = faults
        self._chunk_bytes = chunk_bytes
        self.counts = LineCounts()
        self.seats: list[Seat] = []
        self._adapters: list[Adapter] = []
        self._decoder = FrameDecoder()
        self._burst = _Burst()
        self._idle_since = self._loop.time()

    # ── who is on it ─────────────────────────────────────────────────────────────────────────────────────────────

    def attach(self, on_bytes: Callable[[bytes], None], *, echo: bool = False) -> Adapter:
        """A new adapter that hears the line by `on_bytes`."""
        adapter = Adapter(self, on_bytes, echo)
        self._adapters.append(adapter)
        return adapter

    def detach(self, adapter: Adapter) -> None:
        """Unplug an adapter; what it was saying breaks off."""
        if adapter in self._adapters:
            self._adapters.remove(adapter)
        for talk in self._burst.talks:
            if talk.sender is adapter:
                said = max(0, self._slot_now() - talk.first_slot)
                talk.data = talk.data[:said]

    def seat(self, connector: Connector, tail: bytes | None = None) -> Seat:
        """Wire a virtual unit to the line."""
        if tail is None:
            tail = b"\xfe" if connector.settings.protocol == 1 else b"\xfc"
        seat = Seat(connector, tail)
        self.seats.append(seat)
        self._arm(seat)
        if self.faults.resets_per_hour:
            self._plan_reset(seat)
        return seat

    def unseat(self, seat: Seat) -> None:
        """Take a unit off the line, with its car and all."""
        self.seats.remove(seat)
        if seat.timer is not None:
            seat.timer.cancel()
            seat.timer = None

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def transmit(self, sender: Seat | Adapter, data: bytes) -> None:
        """Put bytes on the wire from now on, whether or not somebody else is talking."""
        self.counts.transmissions += 1
        if self.faults is not NO_FAULTS and data:
            data = damage(data, self.faults, self._rng)
            self.counts.lost += not data
        if not data:
            return
        burst = self._burst
        if not burst.talks:
            self._begin_burst(burst)
        first_slot = self._slot_now()
        for talk in burst.talks:
            if talk.sender is sender and talk.end_slot > first_slot:
                first_slot = talk.end_slot
        burst.talks.append(_Talk(sender, data, first_slot))
        burst.end_slot = max(burst.end_slot, first_slot + len(data))
        if len(burst.talks) == 1:
            self._plan_delivery(burst)

    def _begin_burst(self, burst: _Burst) -> None:
        burst.started_at = self._loop.time()
        burst.delivered = 0
        burst.end_slot = 0
        if burst.started_at - self._idle_since > BYTE_GAP_S and self._decoder.mid_frame:
            self._decoder.drop_unfinished()

    def _slot_now(self) -> int:
        return int((self._loop.time() - self._burst.started_at) / BYTE_S + _SLOT_ROUNDING)

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _plan_delivery(self, burst: _Burst) -> None:
        slot = min(burst.end_slot, burst.delivered + self._chunk_bytes)
        self._loop.call_at(burst.started_at + slot * BYTE_S, self._deliver)

    def _deliver(self) -> None:
        burst = self._burst
        first, last = burst.delivered, min(burst.end_slot, burst.delivered + self._chunk_bytes)
        if self._slot_now() < last:
            # Somebody went on talking since this was planned.
            self._plan_delivery(burst)
            return
        talks = burst.talks
        burst.delivered = last
        burst.talks = [talk for talk in talks if talk.end_slot > last]
        if burst.talks:
            self._plan_delivery(burst)
        else:
            self._idle_since = self._loop.time()
        self.counts.bytes += last - first
        if len(talks) == 1:
            self._hand_out_one(talks[0], first, last)
        else:
            self._hand_out_many(talks, first, last)

    def _hand_out_one(self, talk: _Talk, first: int, last: int) -> None:
        data = talk.data[max(0, first - talk.first_slot) : last - talk.first_slot]
        for adapter in tuple(self._adapters):
            if adapter is not talk.sender or adapter.echo:
                adapter.on_bytes(data)
        if isinstance(talk.sender, Seat) and self.faults is NO_FAULTS:
            # An undamaged answer means nothing to other units.
            return
        self._tell_units(data, {talk.sender})

    def _hand_out_many(self, talks: list[_Talk], first: int, last: int) -> None:
        mixed, garbled = self._mix(talks, first, last)
        self.counts.collisions += garbled
        for adapter in tuple(self._adapters):
            heard = bytes(byte for byte, speakers in mixed if adapter.echo or adapter not in speakers)
            if heard:
                adapter.on_bytes(heard)
        self._tell_units(bytes(byte for byte, _ in mixed), {talk.sender for talk in talks} if garbled else set())

    def _mix(self, talks: list[_Talk], first: int, last: int) -> tuple[list[tuple[int, list[Seat | Adapter]]], bool]:
        """What stands on the wire in each slot and who put it there, and whether any slot had two speakers."""
        mixed = []
        garbled = False
        for slot in range(first, last):
            active = [talk for talk in talks if talk.first_slot <= slot < talk.end_slot]
            if not active:
                continue
            byte = active[0].data[slot - active[0].first_slot]
            if len(active) > 1:
                garbled = True
                byte = self._rng.getrandbits(8)
            mixed.append((byte, [talk.sender for talk in active]))
        return mixed, garbled

    def _tell_units(self, data: bytes, speakers: set[Seat | Adapter]) -> None:
        now = self._loop.time()
        for body in self._decoder.feed(data):
            if body[0] == _FROM_UNIT:
                continue
            for seat in tuple(self.seats):
                if seat not in speakers:
                    seat.connector.receive_body(body, now)
                    self._arm(seat)

    # ── the units' own time ──────────────────────────────────────────────────────────────────────────────────────

    def _arm(self, seat: Seat) -> None:
        """Make sure that the unit wakes when it wants to; an earlier wake-up than needed is left in place."""
        due = seat.connector.next_timer()
        if due is None:
            return
        if seat.timer is not None:
            if seat.wake_at <= due:
                return
            seat.timer.cancel()
        seat.wake_at = due
        seat.timer = self._loop.call_at(due, self._wake, seat)

    def _wake(self, seat: Seat) -> None:
        seat.timer = None
        seat.connector.handle_timer(max(self._loop.time(), seat.wake_at))
        for data in seat.connector.frames_to_send():
            self._speak(seat, data + seat.tail)
        self._arm(seat)

    def _speak(self, seat: Seat, data: bytes) -> None:
        if seat.mute:
            return
        faults = self.faults
        if faults.delay_reply and self._rng.random() < faults.delay_reply:
            self._loop.call_later(self._rng.random() * faults.delay_s, self.transmit, seat, data)
        else:
            self.transmit(seat, data)

    def _plan_reset(self, seat: Seat) -> None:
        self._loop.call_later(self._rng.expovariate(self.faults.resets_per_hour / 3600), self._reset, seat)

    def _reset(self, seat: Seat) -> None:
        if seat not in self.seats:
            return
        seat.connector.power_cycle(self._loop.time())
        if seat.timer is not None:
            seat.timer.cancel()
            seat.timer = None
        self._arm(seat)
        self._plan_reset(seat)
