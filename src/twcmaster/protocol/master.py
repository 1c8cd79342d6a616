"""The master of one bus, sans-IO: bytes and the time go in, frames and events come out.

    receive_data ──► framing ──► echo? second master? ──► connector messages ──► units, events
    handle_timer ──► chores (silence, leases) ──► end of turn ──► next turn ──► frames_to_send

Receiving never transmits; only `handle_timer` does, one frame per call at most, so a flood of input cannot turn
into a flood of output, and heartbeats depend on the clock alone. After each call of `receive_data`, `handle_timer` or
any request, the caller writes `frames_to_send()`, collects `take_events()` and arranges for `handle_timer` at
`next_timer()`. `now` is the caller's monotonic clock in seconds and never goes back.

Parts: `hearing` and `speaking`, `line` (turn-taking), `schedule` (who is next), `linking` (coming and going), `limits`
(what a heartbeat says), `queries`, `requests`, `announce`, `foreign` (echo, second master, shared ids).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from twcmaster.protocol.allowlist import NotAllowed, Role, SendPolicy
from twcmaster.protocol.announce import Announcer
from twcmaster.protocol.events import EchoDetected, Event
from twcmaster.protocol.foreign import EchoFilter, SecondMasterWatch
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.hearing import Hearing
from twcmaster.protocol.line import Line
from twcmaster.protocol.linking import BURST_S, Linking
from twcmaster.protocol.messages import Opcode
from twcmaster.protocol.queries import NEVER
from twcmaster.protocol.requests import ErrandDesk
from twcmaster.protocol.schedule import Choice, Schedule
from twcmaster.protocol.seats import Seat, Seats
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.speaking import Speaking
from twcmaster.protocol.unit import Unit

#: A caller that never collects events loses the oldest.
MOST_EVENTS = 256
#: A plan for the line is good for this long after its time.
LATE_S = 0.005


def send_policy(settings: MasterSettings) -> SendPolicy:
    """What a master with these settings may send; for the gate right before the wire."""
    return SendPolicy(
        Role.MASTER,
        max_ca=settings.connector_limit_ca,
        minimum_ca=settings.minimum_ca,
        minimum_protocol_1_ca=settings.minimum_protocol_1_ca,
        allow_relay=settings.allow_relay,
        allow_error_command=settings.allow_error_command,
    )


class Master:
    """Speaks to up to three wall connectors on one half-duplex line. The line counts as up from the start."""

    def __init__(self, settings: MasterSettings, now: float) -> None:
        self.settings = settings
        self.policy = send_policy(settings)
        self._now = now
        self._seats = Seats(settings, self.policy)
        #: What is known of each connector, by id; live values, not to be changed.
        self.units: Mapping[int, Unit] = MappingProxyType(self._seats.units)
        self._line = Line(settings.baud)
        self._announcer = Announcer(settings.master_id, settings.sign)
        self._desk = ErrandDesk(settings.master_id, self.policy, self.units)
        self._schedule = Schedule(settings, self._line, self._seats, self._announcer, self._desk)
        self._echo = EchoFilter()
        self._watch = SecondMasterWatch(settings.master_id, settings.sign)
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._linking = Linking(settings, self._seats, self._events.append)
        tell = self._events.append
        line, seats, announcer = self._line, self._seats, self._announcer
        self._hearing = Hearing(settings, line, seats, self._linking, announcer, self._watch, tell)
        self._speaking = Speaking(settings, line, seats, announcer, self._desk, self._schedule, self._echo, tell)
        self._decoder = FrameDecoder()
        #: The next transmission, until something happens that may change it.
        self._planned: Choice | None = None
        self._start(now)

    # ── bytes in, frames and events out ──

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes from the line, in any pieces. Never raises, whatever they are."""
        self._now = now
        decoder = self._decoder
        if decoder.mid_frame and now - self._line.last_byte_at >= self.settings.byte_gap_s:
            decoder.drop_unfinished()
        if not data:
            return
        self._line.last_byte_at = now
        self._planned = None
        for body in decoder.feed(data):
            if self._echo.is_echo(body, now):
                self._note_echo()
                continue
            turn = self._line.turn
            self._hearing.body(body, now)
            if turn is not None and self._line.turn is None:
                self._echo.answered()

    def frames_to_send(self) -> list[bytes]:
        """Escaped frames, none or one, to be written at once."""
        return self._speaking.take_frames()

    def take_events(self) -> list[Event]:
        """What happened since the last call, oldest first."""
        out = list(self._events)
        self._events.clear()
        return out

    # ── time ──

    def handle_timer(self, now: float) -> None:
        """Do what is due. Safe to call at any time."""
        self._now = now
        if now >= self._chores_at():
            self._do_chores(now)
        turn = self._line.turn
        if turn is not None:
            if now < turn.ends_at:
                return
            self._speaking.end_unanswered(turn, now)
            self._planned = None
        if not self._line.up:
            return
        choice = self._plan(now)
        if choice.at <= now:
            self._planned = None
            self._speaking.say(choice, now)

    def next_timer(self) -> float | None:
        """When `handle_timer` wants to be called next; None when there is nothing to wait for."""
        next_at = self._chores_at()
        if self._line.turn is not None:
            next_at = min(next_at, self._line.turn.ends_at)
        elif self._line.up:
            next_at = min(next_at, self._plan(self._now).at)
        return None if next_at == NEVER else next_at

    def _plan(self, now: float) -> Choice:
        """The next transmission; chosen anew when it has stood for too long, or somebody comes later than arranged."""
        planned = self._planned
        if planned is None or now >= planned.stands_until or now > planned.at + LATE_S:
            planned = self._planned = self._schedule.choose(now, self._watch.quiet_until)
        return planned

    def _do_chores(self, now: float) -> None:
        self._planned = None
        gone = self._watch.check(now)
        if gone is not None:
            self._events.append(gone)
            self._start(now)
        self._events.extend(self._desk.overdue(now))
        self._linking.check(now, keep=self._watch.active)

    def _chores_at(self) -> float:
        """When something is due that is not a transmission."""
        due = min(self._linking.check_at, self._desk.next_check())
        return min(due, self._watch.quiet_until) if self._watch.active else due

    # ── the adapter ──

    def link_up(self, now: float) -> None:
        """The adapter is there (again): everybody known hears a heartbeat at once, then we announce ourselves."""
        self._now = now
        self._planned = None
        self._line.up = True
        self._start(now)

    def link_down(self, now: float) -> None:
        """The adapter is gone: nothing is sent, half-received frames are forgotten, open requests end unanswered."""
        self._now = now
        self._planned = None
        self._line.up = False
        self._decoder.drop_unfinished()
        self._echo.answered()
        self._speaking.take_frames()
        if self._line.turn is not None and self._line.turn.errand is not None:
            self._events.append(self._line.turn.errand.outcome(None))
        self._line.close(now)
        self._events.extend(self._desk.abandon())

    def _start(self, now: float) -> None:
        self._linking.start(now)
        self._announcer.start(now)

    # ── what people and the controller ask for ──

    def set_offer(self, unit_id: int, limit_ca: int, lease_until: float) -> None:
        """Put a connector's offer in force, clamped to wiring and unit, until `lease_until`.

        Raises KeyError for an unknown connector, ValueError when `limit_ca` is not whole amperes, or is above 0 but
        under the least useful current.
        """
        seat = self._seat(unit_id)
        if seat.talk.offer(limit_ca, lease_until):
            seat.bring_forward((seat.unit.beat_at or self._now) + BURST_S)
            self._planned = None
        self._linking.check_at = min(self._linking.check_at, lease_until)

    def override(self, unit_id: int, command: int, limit_ca: int, until: float) -> None:
        """Say this in each heartbeat until then. Never above the offer in force; NotAllowed with the reason."""
        seat = self._seats.get(unit_id)
        if seat is None:
            raise NotAllowed(f"connector {unit_id:04X} is not on this bus")
        seat.talk.override(command, limit_ca, until)

    def request_start(self, unit_id: int, now: float) -> None:
        """Ask a connector to close its contactor (FCB1). Raises NotAllowed with the reason; ends in RelayAnswered."""
        self._relay(unit_id, now, start=True)

    def request_stop(self, unit_id: int, now: float) -> None:
        """Ask a connector to open its contactor (FCB2). Raises NotAllowed with the reason; ends in RelayAnswered."""
        self._relay(unit_id, now, start=False)

    def debug_send(self, body_without_checksum: bytes, now: float) -> int:
        """Send a message by hand, padded to its receiver's length. NotAllowed with the reason; ends in DebugAnswer."""
        self._refuse_if_mute()
        if body_without_checksum[:2] == _HEARTBEAT:
            self._check_heartbeat_by_hand(body_without_checksum)
        ticket = self._desk.debug(body_without_checksum, now)
        self._now = now
        self._planned = None
        return ticket

    @property
    def frames_heard(self) -> int:
        """Whole frames received so far."""
        return self._decoder.counters.frames

    @property
    def second_master(self) -> bool:
        """Whether another master speaks on this line, so that we do not."""
        return self._watch.active

    def health(self) -> dict[str, object]:
        """Counters of line and bus, for status views."""
        line = self._decoder.counters
        return {
            "sent": self._speaking.sent,
            "frames_received": line.frames,
            "bytes_received": line.bytes,
            "frames_damaged": line.damaged,
            "second_master": self.second_master,
        } | self._hearing.counters.as_dict()

    def _seat(self, unit_id: int) -> Seat:
        seat = self._seats.get(unit_id)
        if seat is None:
            raise KeyError(f"connector {unit_id:04X} is not on this bus")
        return seat

    def _relay(self, unit_id: int, now: float, *, start: bool) -> None:
        self._refuse_if_mute()
        self._desk.relay(unit_id, now, start=start)
        self._now = now
        self._planned = None

    def _refuse_if_mute(self) -> None:
        if not self._line.up:
            raise NotAllowed("the adapter is not connected")
        if self._watch.active:
            raise NotAllowed("another master speaks on this bus")

    def _check_heartbeat_by_hand(self, unchecked: bytes) -> None:
        seat = self._seats.get(int.from_bytes(unchecked[4:6], "big"))
        if seat is None:
            raise NotAllowed("a heartbeat needs a connector of this bus as its receiver")
        padded = unchecked + bytes(max(0, 9 - len(unchecked)))
        seat.talk.check_by_hand(padded[6], padded[7] << 8 | padded[8])

    def _note_echo(self) -> None:
        self._hearing.counters.echoes += 1
        if not self._echo.detected:
            self._echo.detected = True
            self._events.append(EchoDetected())


_HEARTBEAT = Opcode.MASTER_HEARTBEAT.to_bytes(2, "big")
