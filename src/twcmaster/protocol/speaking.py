"""What a master says: a chosen turn becomes a frame, and an unanswered one is drawn its conclusion from.

A turn's reply window begins with the end of our frame, as the baud rate has it: the adapter still transmits long after
we have written the bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from twcmaster.protocol.announce import Announcer
from twcmaster.protocol.events import Event
from twcmaster.protocol.foreign import EchoFilter
from twcmaster.protocol.framing import frame
from twcmaster.protocol.line import Job, Line, Turn
from twcmaster.protocol.messages import (
    PROTOCOL_1_LENGTH,
    PROTOCOL_2_LENGTH,
    BusRequest,
    MasterHeartbeat,
    Opcode,
    Request,
    encode,
)
from twcmaster.protocol.queries import ANONYMOUS, Question
from twcmaster.protocol.requests import ErrandDesk
from twcmaster.protocol.schedule import Choice, Schedule
from twcmaster.protocol.seats import LONGEST_WINDOW_S, Seat, Seats
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import Unit

_BEAT_ANSWER = Opcode.CONNECTOR_HEARTBEAT.to_bytes(2, "big")


class Speaking:
    """Builds frames, opens their turns, and closes those that nobody answered."""

    def __init__(
        self,
        settings: MasterSettings,
        line: Line,
        seats: Seats,
        announcer: Announcer,
        desk: ErrandDesk,
        schedule: Schedule,
        echo: EchoFilter,
        tell: Callable[[Event], None],
    ) -> None:
        #: Frames transmitted so far.
        self.sent = 0
        self._settings = settings
        self._line = line
        self._seats = seats
        self._announcer = announcer
        self._desk = desk
        self._schedule = schedule
        self._echo = echo
        self._tell = tell
        self._outbox: list[bytes] = []

    def take_frames(self) -> list[bytes]:
        """Escaped frames to be written at once."""
        out, self._outbox = self._outbox, []
        return out

    def say(self, choice: Choice, now: float) -> None:
        """Put on the line what the schedule has chosen."""
        if choice.job is Job.BEAT and choice.seat is not None:
            self._send_beat(choice.seat, now)
            return
        self._schedule.aside(choice.job, now)
        if choice.job is Job.ERRAND:
            self._send_errand(now)
        elif choice.job is Job.ANNOUNCE:
            self._transmit(self._announcer.take(now), Turn(Job.ANNOUNCE), 0.0, now)
        elif choice.seat is not None and choice.question is not None:
            self._send_query(choice.seat, choice.question, now)

    def _send_beat(self, seat: Seat, now: float) -> None:
        unit = seat.unit
        command, limit_ca = seat.talk.next_command(now)
        beat = MasterHeartbeat(self._settings.master_id, unit.id, command, limit_ca)
        body = encode(beat, _length(unit))
        self._schedule.beat(seat, now)
        turn = Turn(Job.BEAT, unit.id, _BEAT_ANSWER + body[4:6])
        self._transmit(body, turn, seat.window_s, now)
        self._beat_sent(seat, command, limit_ca, turn, now)

    def _beat_sent(self, seat: Seat, command: int, limit_ca: int, turn: Turn, now: float) -> None:
        seat.talk.said(command, limit_ca, now)
        recent = now - seat.sent_end <= LONGEST_WINDOW_S
        seat.awaiting = 2 if seat.awaiting and recent else 1
        seat.sent_end = turn.sent_end
        seat.unit.beat_at = now
        seat.unit.replies.beats += 1

    def _send_query(self, seat: Seat, question: Question, now: float) -> None:
        unit = seat.unit
        opcode = question.opcode
        master_id = self._settings.master_id
        anonymous = opcode in ANONYMOUS
        request = BusRequest(opcode, master_id) if anonymous else Request(opcode, master_id, unit.id)
        body = encode(request, _length(unit))
        answer = bytes((0xFD, body[1])) + (b"" if anonymous else body[4:6])
        seat.rota.asked(question, now)
        self._transmit(body, Turn(Job.QUERY, unit.id, answer, question=question), seat.window_s, now)

    def _send_errand(self, now: float) -> None:
        errand = self._desk.take(now)
        seat = self._seats.get(errand.unit_id or 0)
        if errand.is_heartbeat:
            command, limit_ca = errand.body[6], errand.body[7] << 8 | errand.body[8]
            if seat is None or not seat.talk.allows_by_hand(command, limit_ca):
                self._tell(errand.outcome(None))  # the offer has come down while it waited
                return
        answer = errand.answer_head()
        turn = Turn(Job.ERRAND, errand.unit_id, answer, errand=errand)
        window_s = self._settings.reply_window_s if seat is None else seat.window_s
        self._transmit(errand.body, turn, window_s if answer else 0.0, now)
        if errand.is_heartbeat and seat is not None:
            self._beat_sent(seat, errand.body[6], errand.body[7] << 8 | errand.body[8], turn, now)

    def _transmit(self, body: bytes, turn: Turn, window_s: float, now: float) -> None:
        escaped = frame(body)
        self._outbox.append(escaped)
        self._echo.sent(body, now)
        turn.sent_end = now + self._line.airtime_s(escaped)
        turn.ends_at = turn.sent_end + window_s
        self._line.turn = turn
        self.sent += 1

    def end_unanswered(self, turn: Turn, now: float) -> None:
        """The window is over and nobody has answered."""
        self._line.close(turn.ends_at)
        if turn.errand is not None:
            answered = b"" if not turn.answer else None
            self._tell(turn.errand.outcome(answered))
        seat = self._seats.get(turn.unit_id) if turn.unit_id is not None else None
        if seat is None:
            return
        if turn.question is not None:
            seat.rota.missed(turn.question, now)
        elif turn.job is Job.BEAT:
            seat.unit.replies.missed += 1
            self._schedule.missed(seat)


def _length(unit: Unit) -> int:
    return PROTOCOL_1_LENGTH if unit.protocol == 1 else PROTOCOL_2_LENGTH
