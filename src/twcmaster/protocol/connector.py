"""The other end of the wire: one wall connector in the role of a slave, sans-IO, with time as an argument.

    power-up ──FDE2 every 1.3 s──► claimed by the first heartbeat ──10 s of silence──► lost ──FDE2 every 10 s──┐
                                        ▲                                                                      │
                                        └──────────────────────────── heartbeat ───────────────────────────────┘

A unit speaks only when it is spoken to, with one exception: the link-ready message FDE2. It transmits without
listening first, so several of them collide; that is how real ones behave and why the line model must allow it. The
power side (plug, contactor, limits) is `Session`. Good enough to stand in for a real unit on a real bus.

Usage, the same shape as the master's: feed `receive_data` (or `receive_body`, when somebody else does the framing),
call `handle_timer` at `next_timer()`, and after each of these put `frames_to_send()` on the line.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from twcmaster.protocol.connector_answers import answer
from twcmaster.protocol.connector_car import Car
from twcmaster.protocol.connector_parts import Fault
from twcmaster.protocol.connector_session import Session
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.framing import FrameDecoder, frame
from twcmaster.protocol.messages import (
    BusRequest,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    MasterCommand,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Message,
    Opcode,
    Request,
    UnitState,
    Unknown,
    decode,
    encode,
)

#: The first FBE2 is ignored; the second, within this time, is answered after a moment with a burst of five FDE2.
LINK_READY_WINDOW_S = 5.0
LINK_READY_DELAY_S = 0.2
LINK_READY_BURST = 5
LINK_READY_SPACING_S = 0.1
#: No two units keep the same time: each link-ready comes up to this share of its period late, by chance. Two units
#: that collide once would otherwise collide for ever.
READY_SPREAD = 0.1
#: A unit lives this often when nobody talks to it.
IDLE_STEP_S = 2.0
#: Silence within a frame: more than 40 byte times.
BYTE_GAP_S = 0.05
#: More unanswered requests than this are dropped: a real unit has no memory for them.
LONGEST_QUEUE = 8
LONGEST_REQUEST = 16
#: FCA1 silences a unit for this long; the others write one-time-programmable memory or crash it: it is dead then.
MUTE_S = 5.0
MUTE_BODY = b"\xfc\xa1"
DEADLY_BODIES = frozenset((b"\xfc\x19", b"\xfc\x1a", b"\xfb\xe8"))
#: Error bitmaps 11110xxx lock a unit until its power is cycled; others until its button is pressed.
HARD_ERROR_MASK = 0xF8
HARD_ERROR = 0xF0

_HEARTBEAT = Opcode.MASTER_HEARTBEAT.to_bytes(2, "big")
_DATA = 0xFD


class Connector:
    """One wall connector.

    `pick` delivers non-negative whole numbers by chance (a seeded generator in tests): new ids after a conflict,
    and the small differences in timing that real units have.
    """

    def __init__(self, settings: ConnectorSettings, car: Car, pick: Callable[[], int], now: float) -> None:
        self.settings = settings
        self.session = Session(settings, car, now)
        self.sign = settings.sign
        self.decoder = FrameDecoder()
        #: Figures for tests: messages no master should ever send, and the error bitmap it was locked with.
        self.hazards = 0
        self.error_bitmap: int | None = None
        self.dead = False
        self._pick = pick
        self._set_id(settings.unit_id)
        self._heard_bytes_at = now
        self._outbox: list[bytes] = []
        self._power_up(now)

    def _power_up(self, now: float) -> None:
        self.error_bitmap = None
        self._mute_until = now
        self._pending: list[tuple[float, bytes]] = []
        self._heartbeat_at: float | None = None
        self._lost = False
        self._ready_at: float | None = now + self._chance(self.settings.boot_ready_s)
        self._announced_at = now - LINK_READY_WINDOW_S
        self._announcements = 0

    def _set_id(self, unit_id: int) -> None:
        self.unit_id = unit_id
        self._id_bytes = unit_id.to_bytes(2, "big")

    def _chance(self, span_s: float) -> float:
        return span_s * (self._pick() % 1000) / 1000

    @property
    def linked(self) -> bool:
        """Whether it has a master now."""
        return self._heartbeat_at is not None and not self._lost

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes from the line, in any pieces."""
        if now - self._heard_bytes_at > BYTE_GAP_S and self.decoder.mid_frame:
            self.decoder.drop_unfinished()
        self._heard_bytes_at = now
        for body in self.decoder.feed(data):
            self.receive_body(body, now)

    def receive_body(self, body: bytes, now: float) -> None:
        """One verified body. Whatever it says, nothing is raised."""
        if body[0] == _DATA or len(body) > LONGEST_REQUEST:
            return
        head = body[:2]
        if head == _HEARTBEAT and body[4:6] != self._id_bytes:
            return
        if self.dead or self.error_bitmap is not None:
            return
        if head == MUTE_BODY or head in DEADLY_BODIES:
            self._suffer(head, now)
        elif now >= self._mute_until:
            self._obey(decode(body), now)

    def _suffer(self, head: bytes, now: float) -> None:
        self.hazards += 1
        if head == MUTE_BODY:
            self._mute_until = now + MUTE_S
        else:
            self.dead = True
            self._pending.clear()

    def _obey(self, message: Message, now: float) -> None:
        match message:
            case MasterHeartbeat():
                self._heartbeat(message, now)
            case MasterLinkReady1() | MasterLinkReady2():
                self._announcement(message, now)
            case Request() if message.receiver == self.unit_id:
                self._request(message, now)
            case BusRequest():
                self._reply(answer(message, self.settings, self.session, self.unit_id), now)
            case Unknown():
                return
            case _:
                return

    def _heartbeat(self, beat: MasterHeartbeat, now: float) -> None:
        self._heartbeat_at = now
        self._ready_at = None
        session = self.session
        if beat.command == MasterCommand.ERROR:
            session.fail(Fault.TOLD, now)
            self._answer_heartbeat(beat.sender, session.state(now), now)
            self.error_bitmap = beat.limit_ca >> 8
            return
        session.step(now)
        state = session.state(now)
        if self._lost:
            # The first answer still says error; from the second on the car asks for a limit again.
            self._lost = False
            session.find_master(now)
        session.command(beat.command, beat.limit_ca, now)
        self._answer_heartbeat(beat.sender, session.state(now) if state is not UnitState.ERROR else state, now)

    def _answer_heartbeat(self, master_id: int, state: UnitState, now: float) -> None:
        session = self.session
        limit_ca = min(session.limit_ca, 0xFFFF)
        beat = ConnectorHeartbeat(self.unit_id, master_id, state, limit_ca, min(session.actual_ca, 0xFFFF))
        self._reply(encode(beat, self.settings.length), now)

    def _announcement(self, message: MasterLinkReady1 | MasterLinkReady2, now: float) -> None:
        if message.sender == self.unit_id:
            self._pick_new_id(message.sender)
        if not isinstance(message, MasterLinkReady2):
            return
        if now - self._announced_at > LINK_READY_WINDOW_S:
            self._announcements = 0
        self._announced_at = now
        self._announcements += 1
        if self._announcements == 2:
            first_at = now + LINK_READY_DELAY_S + self._chance(LINK_READY_SPACING_S)
            for number in range(LINK_READY_BURST):
                self._queue(first_at + number * LINK_READY_SPACING_S, self._link_ready())

    def _pick_new_id(self, taken: int) -> None:
        unit_id = taken
        while unit_id in {taken, 0}:
            unit_id = self._pick() & 0xFFFF
        self._set_id(unit_id)
        self.sign = self._pick() & 0xFF

    def _request(self, request: Request, now: float) -> None:
        if request.opcode is Opcode.START_REQUEST and self.settings.extended:
            self.session.start_by_relay(now)
        elif request.opcode is Opcode.STOP_REQUEST and self.settings.extended:
            self.session.stop_by_relay(now)
        else:
            self.session.step(now)
        self._reply(answer(request, self.settings, self.session, self.unit_id), now)

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _link_ready(self) -> bytes:
        settings = self.settings
        return encode(ConnectorLinkReady(self.unit_id, self.sign, settings.max_ca), settings.length)

    def _reply(self, body: bytes | None, now: float) -> None:
        if body is not None and len(self._pending) < LONGEST_QUEUE:
            settings = self.settings
            jitter_s = self._chance(settings.reply_jitter_s) if settings.reply_jitter_s else 0.0
            self._queue(now + settings.reply_delay_s + jitter_s, body)

    def _queue(self, due: float, body: bytes) -> None:
        if len(self._pending) < LONGEST_QUEUE:
            insort(self._pending, (due, body))

    def frames_to_send(self) -> list[bytes]:
        """Frames due, escaped and delimited; the caller transmits them at once, one after the other."""
        out, self._outbox = self._outbox, []
        return out

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def next_timer(self) -> float | None:
        """When `handle_timer` wants to be called next; never None for a unit that is alive."""
        if self.dead:
            return None
        due = self.session.meter.at + IDLE_STEP_S
        if self._pending and self._pending[0][0] < due:
            due = self._pending[0][0]
        if self._ready_at is not None and self._ready_at < due:
            due = self._ready_at
        return due

    def handle_timer(self, now: float) -> None:
        """Do what is due. Safe to call at any time."""
        if self.dead:
            return
        while self._pending and self._pending[0][0] <= now:
            self._outbox.append(frame(self._pending.pop(0)[1]))
        if now >= self.session.meter.at + IDLE_STEP_S:
            self.session.step(now)
        self._watch_master(now)
        if self._ready_at is not None and now >= self._ready_at:
            self._send_link_ready(now)

    def _watch_master(self, now: float) -> None:
        heard_at = self._heartbeat_at
        if heard_at is None or self._lost or now - heard_at < self.settings.silence_s:
            return
        self._lost = True
        self.session.lose_master(now)
        if self.error_bitmap is None:
            self._ready_at = now

    def _send_link_ready(self, now: float) -> None:
        period_s = self.settings.ready_s if self._lost else self.settings.boot_ready_s
        self._ready_at = now + period_s + self._chance(READY_SPREAD * period_s)
        if now >= self._mute_until and self.error_bitmap is None:
            self._outbox.append(frame(self._link_ready()))

    # ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────

    def press_reset(self, now: float) -> None:
        """Four seconds on the reset button. Does not help after an error bitmap of 11110xxx."""
        bitmap = self.error_bitmap
        if bitmap is None or bitmap & HARD_ERROR_MASK != HARD_ERROR:
            self.power_cycle(now)

    def power_cycle(self, now: float) -> None:
        """Breaker off and on: same id, new sign, everything else afresh. What is dead stays dead."""
        self.session.reset(now)
        self.sign = self._pick() & 0xFF
        self._outbox.clear()
        self._power_up(now)
