"""Things people ask for: a debug message, a contactor opened or closed. Checked here, sent in a gap, answered once.

FCB1 and FCB2 move the contactor without telling the car. They need the operator's switch, a unit whose firmware knows
them (4.5.3), a minute between two for the same unit, and half a second between two units, so that the current
of a whole site is never thrown at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from twcmaster.protocol.allowlist import NotAllowed, SendPolicy, check
from twcmaster.protocol.events import DebugAnswer, Event, RelayAnswered
from twcmaster.protocol.messages import PROTOCOL_1_LENGTH, PROTOCOL_2_LENGTH, Opcode, Request, checksum, encode
from twcmaster.protocol.queries import ANONYMOUS
from twcmaster.protocol.unit import Presence, Unit

RELAY_PAUSE_S = 60.0
RELAY_STAGGER_S = 0.5
RELAY_FIRMWARE = (4, 5, 3)
#: Nobody types faster than the bus sends; more than this waiting is a program gone wrong.
MOST_WAITING = 8
#: A message that found no gap by then is given up: whoever asked has stopped waiting.
GIVE_UP_S = 10.0

_BROADCAST = frozenset((Opcode.MASTER_LINK_READY_1, Opcode.MASTER_LINK_READY_2)) | ANONYMOUS
_RELAY = (Opcode.START_REQUEST.to_bytes(2, "big"), Opcode.STOP_REQUEST.to_bytes(2, "big"))
_HEARTBEAT = Opcode.MASTER_HEARTBEAT.to_bytes(2, "big")
_SILENT = frozenset((Opcode.MASTER_LINK_READY_1, Opcode.MASTER_LINK_READY_2))


@dataclass(frozen=True, slots=True)
class Errand:
    """One message to be sent in the next gap. `ticket` for debug messages, `start` for relay requests."""

    body: bytes
    unit_id: int | None
    asked_at: float
    ticket: int | None = None
    start: bool = False

    @property
    def is_relay(self) -> bool:
        return self.body[:2] in _RELAY

    @property
    def is_heartbeat(self) -> bool:
        return self.body[:2] == _HEARTBEAT

    def answer_head(self) -> bytes:
        """What the answer's body starts with: FD, the same command, and the unit's id where answers carry one."""
        opcode = int.from_bytes(self.body[:2], "big")
        if opcode in _SILENT:
            return b""
        head = bytes((0xFD, self.body[1]))
        return head if opcode in ANONYMOUS or self.unit_id is None else head + self.unit_id.to_bytes(2, "big")

    def outcome(self, answer: bytes | None) -> Event:
        """The event that ends this errand."""
        if self.ticket is not None:
            return DebugAnswer(self.ticket, answer)
        return RelayAnswered(self.unit_id or 0, self.start, answer is not None)


class ErrandDesk:
    """Checks and queues what people ask for."""

    def __init__(self, master_id: int, policy: SendPolicy, units: Mapping[int, Unit]) -> None:
        self.waiting: deque[Errand] = deque()
        self._master_id = master_id
        self._policy = policy
        self._units = units
        self._tickets = 0
        self._relay_at: dict[int, float] = {}
        self._relay_sent_at = float("-inf")

    def overdue(self, now: float) -> list[Event]:
        """Give up what has waited for too long."""
        ended: list[Event] = []
        while self.waiting and now >= self.waiting[0].asked_at + GIVE_UP_S:
            ended.append(self.waiting.popleft().outcome(None))
        return ended

    def next_check(self) -> float:
        """When `overdue` will have something to give up."""
        return self.waiting[0].asked_at + GIVE_UP_S if self.waiting else float("inf")

    def due(self) -> float:
        """When the first in the queue may be sent. The queue must not be empty."""
        errand = self.waiting[0]
        return max(errand.asked_at, self._relay_sent_at + RELAY_STAGGER_S) if errand.is_relay else errand.asked_at

    def take(self, now: float) -> Errand:
        """The first in the queue, to be sent now."""
        errand = self.waiting.popleft()
        if errand.is_relay:
            self._relay_sent_at = now
        return errand

    def abandon(self) -> list[Event]:
        """Give up everything: the line is gone."""
        ended = [errand.outcome(None) for errand in self.waiting]
        self.waiting.clear()
        return ended

    def debug(self, unchecked: bytes, now: float) -> int:
        """Queue a body without its checksum, padded to its receiver's length; the ticket of its answer."""
        self._refuse_if_full()
        opcode, unit = self._address(unchecked)
        length = PROTOCOL_1_LENGTH if unit is not None and unit.protocol == 1 else PROTOCOL_2_LENGTH
        if len(unchecked) > length - 1:
            raise NotAllowed(f"the message is longer than the {length - 1} bytes that its receiver takes")
        padded = unchecked + bytes(length - 1 - len(unchecked))
        body = padded + bytes((checksum(padded),))
        check(body, self._policy)
        if opcode in ANONYMOUS and len(self._units) != 1:
            raise NotAllowed(f"{opcode:04X} is answered by every unit at once; it needs exactly one on the bus")
        receiver = None if opcode in _BROADCAST else int.from_bytes(body[4:6], "big")
        if opcode in (Opcode.START_REQUEST, Opcode.STOP_REQUEST):
            self._claim_relay(receiver or 0, now)
        self._tickets += 1
        self.waiting.append(Errand(body, receiver, now, ticket=self._tickets))
        return self._tickets

    def relay(self, unit_id: int, now: float, *, start: bool) -> None:
        """Queue a request to close or to open a unit's contactor."""
        self._refuse_if_full()
        opcode = Opcode.START_REQUEST if start else Opcode.STOP_REQUEST
        body = encode(Request(opcode, self._master_id, unit_id))
        check(body, self._policy)
        self._claim_relay(unit_id, now)
        self.waiting.append(Errand(body, unit_id, now, start=start))

    def _refuse_if_full(self) -> None:
        if len(self.waiting) >= MOST_WAITING:
            raise NotAllowed(f"{MOST_WAITING} messages are waiting already")

    def _address(self, unchecked: bytes) -> tuple[int, Unit | None]:
        """Opcode and known receiver of a debug message; it must name us as its sender."""
        if len(unchecked) < 4:
            raise NotAllowed("a message has at least a type, a command and a sender")
        sender = int.from_bytes(unchecked[2:4], "big")
        if sender != self._master_id:
            raise NotAllowed(f"the sender must be this master, {self._master_id:04X}, not {sender:04X}")
        return int.from_bytes(unchecked[:2], "big"), self._units.get(int.from_bytes(unchecked[4:6], "big"))

    def _claim_relay(self, unit_id: int, now: float) -> None:
        """Raise NotAllowed unless this unit's contactor may be moved now; if so, remember that it is."""
        unit = self._units.get(unit_id)
        if unit is None or unit.presence(now) is not Presence.ONLINE:
            raise NotAllowed(f"connector {unit_id:04X} does not answer at present")
        if unit.protocol == 1 or unit.firmware is None or unit.firmware < RELAY_FIRMWARE:
            raise NotAllowed(f"connector {unit_id:04X} is not known to have firmware 4.5.3 or later")
        since_s = now - self._relay_at.get(unit_id, float("-inf"))
        if since_s < RELAY_PAUSE_S:
            raise NotAllowed(f"connector {unit_id:04X} was told {since_s:.0f} s ago; wait {RELAY_PAUSE_S:.0f} s")
        if any(now - at < RELAY_STAGGER_S for at in self._relay_at.values()):
            raise NotAllowed(f"another connector was told less than {RELAY_STAGGER_S:g} s ago")
        # Only recent ones matter; ids of units long gone must not pile up.
        self._relay_at = {key: at for key, at in self._relay_at.items() if now - at < RELAY_PAUSE_S} | {unit_id: now}
