"""A half-duplex line in virtual time: one master, any connectors, air time, collisions, loss, delay, echo.

Everything is seeded. A frame occupies the line for as long as 9600 baud need; two at once destroy each other. Faults
are applied to each delivery.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from twcmaster.protocol.allowlist import check
from twcmaster.protocol.events import Event
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import MasterHeartbeat, decode

BYTE_S = 10 / 9600
CLOCK_S = 1e-6


class Node(Protocol):
    def receive_data(self, data: bytes, now: float) -> None: ...
    def handle_timer(self, now: float) -> None: ...
    def next_timer(self) -> float | None: ...
    def frames_to_send(self) -> list[bytes]: ...


@dataclass
class Faults:
    #: Chances per delivered frame.
    lost: float = 0.0
    garbled: float = 0.0
    truncated: float = 0.0
    #: Seconds by which a delivery may be late.
    late_s: float = 0.0
    #: Chance of a burst of random bytes after a frame.
    noise: float = 0.0
    byte_by_byte: bool = False
    echo: bool = False


@dataclass
class Transmission:
    sender: int
    data: bytes
    end: float
    collided: bool = False


class Bench:
    """Node 0 is the master. `sent` holds (time, body) of everything that the master transmitted."""

    def __init__(self, master: Master, others: Sequence[Node], faults: Faults | None = None, seed: int = 1) -> None:
        self.master = master
        self.nodes: list[Node] = [master, *others]
        self.faults = faults or Faults()
        self.now = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.beats: dict[int, list[float]] = defaultdict(list)
        self.events: list[tuple[float, Event]] = []
        self.collisions = 0
        self.muted: set[int] = set()
        self.on_frame: Callable[[int, bytes, float], None] | None = None
        self._random = random.Random(seed)
        self._heap: list[tuple[float, int, int, bytes]] = []
        self._serial = 0
        self._on_air: list[Transmission] = []
        self._landing: list[Transmission] = []

    # ── running ──

    def run(self, until: float) -> None:
        self._drain(range(len(self.nodes)))
        while True:
            due = self._next_time()
            if due > until:
                break
            assert due >= self.now
            # Like a real clock's: never exactly the time that was asked for.
            self.now = due + CLOCK_S
            touched = self._deliver() | self._timers()
            self._drain(sorted(touched))
        self.now = until

    def _next_time(self) -> float:
        times = [node.next_timer() for node in self.nodes]
        due = min((time for time in times if time is not None), default=float("inf"))
        if self._heap:
            due = min(due, self._heap[0][0])
        return max(due, self.now)

    def _deliver(self) -> set[int]:
        touched = set()
        while self._heap and self._heap[0][0] <= self.now:
            _, _, index, data = heapq.heappop(self._heap)
            if index == -1:
                self._land()
                continue
            if index not in self.muted:
                self.nodes[index].receive_data(data, self.now)
                touched.add(index)
        return touched

    def _timers(self) -> set[int]:
        touched = set()
        for index, node in enumerate(self.nodes):
            due = node.next_timer()
            if due is not None and due <= self.now:
                node.handle_timer(self.now)
                touched.add(index)
        return touched

    def _drain(self, indices: Sequence[int]) -> None:
        for index in indices:
            for data in self.nodes[index].frames_to_send():
                if index not in self.muted:
                    self.transmit(index, data)
        self.events.extend((self.now, event) for event in self.master.take_events())

    # ── the line ──

    def transmit(self, sender: int, data: bytes) -> None:
        if sender == 0:
            self._note_sent(data)
        end = self.now + len(data) * BYTE_S
        current = Transmission(sender, data, end)
        self._on_air = [other for other in self._on_air if other.end > self.now]
        for other in self._on_air:
            if other.sender != sender:
                other.collided = current.collided = True
                self.collisions += 1
        self._on_air.append(current)
        self._push(end, -1, b"")
        self._landing.append(current)

    def _land(self) -> None:
        done = [each for each in self._landing if each.end <= self.now]
        self._landing = [each for each in self._landing if each.end > self.now]
        for each in done:
            for index in range(len(self.nodes)):
                if index != each.sender or self.faults.echo:
                    self._receive(index, each)

    def _receive(self, index: int, sent: Transmission) -> None:
        faults, chance = self.faults, self._random.random
        data = sent.data
        if sent.collided:
            data = self._garble(data)
        elif chance() < faults.lost:
            return
        elif chance() < faults.garbled:
            data = self._garble(data)
        elif chance() < faults.truncated:
            data = data[: self._random.randrange(1, len(data))]
        elif index != sent.sender:
            self._note_beat(index, data)
        if chance() < faults.noise:
            data += self._random.randbytes(self._random.randrange(1, 30))
        start = self.now + chance() * faults.late_s
        if faults.byte_by_byte:
            for offset in range(len(data)):
                self._push(start + offset * 1e-5, index, data[offset : offset + 1])
        else:
            self._push(start, index, data)

    def _garble(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(self._random.randrange(1, 4)):
            damaged[self._random.randrange(len(damaged))] ^= 1 << self._random.randrange(8)
        return bytes(damaged)

    def _push(self, at: float, index: int, data: bytes) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (at, self._serial, index, data))

    # ── what happened ──

    def _note_sent(self, data: bytes) -> None:
        bodies = FrameDecoder().feed(data)
        assert len(bodies) == 1, "the master sends whole frames, one at a time"
        check(bodies[0], self.master.policy)
        self.sent.append((self.now, bodies[0]))

    def _note_beat(self, index: int, data: bytes) -> None:
        for body in FrameDecoder().feed(data):
            message = decode(body)
            unit_id = getattr(self.nodes[index], "unit_id", None)
            if isinstance(message, MasterHeartbeat) and message.receiver == unit_id:
                self.beats[message.receiver].append(self.now)

    def gaps(self, unit_id: int, after: float = 0.0) -> list[float]:
        times = [time for time in self.beats[unit_id] if time >= after]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kind)]
