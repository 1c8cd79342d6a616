"""What a master makes of each verified body that is not its own echo.

Connectors send FD only, so FB and FC mean another master, unless the sender is a connector of ours: the type byte is
the one byte that no checksum covers. FD bodies are believed for what they are: answers may come late, from unknown
senders, addressed to others, or damaged in ways that the checksum lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twcmaster.protocol.announce import Announcer
from twcmaster.protocol.events import Event, IdConflict, StateChanged, VinRead
from twcmaster.protocol.foreign import SecondMasterWatch
from twcmaster.protocol.line import Job, Line
from twcmaster.protocol.linking import BURST_S, Linking
from twcmaster.protocol.messages import (
    PROTOCOL_1_LENGTH,
    BusFirmwareAnswer,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    FirmwareAnswer,
    PlugAnswer,
    SerialAnswer,
    Unknown,
    VinAnswer,
    decode,
)
from twcmaster.protocol.seats import Seat, Seats
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import Unit

_DATA = 0xFD
_IDLE = b"\xfc\x1d"
#: Different unknown commands that are told apart; more than any bus has shown.
MOST_UNKNOWN = 64

_FACTS = (EnergyAnswer, PlugAnswer, FirmwareAnswer, SerialAnswer, VinAnswer)
_ANONYMOUS = (BusTextAnswer, BusFirmwareAnswer)


@dataclass(slots=True)
class HeardCounters:
    """What a master has heard, by kind."""

    answers: int = 0
    late_answers: int = 0
    echoes: int = 0
    #: Frames that only another master sends, and answers meant for another.
    foreign: int = 0
    #: FB or FC with a connector's id: a damaged type byte.
    damaged_type: int = 0
    #: FD from senders that are not (yet) connectors of ours.
    strangers: int = 0
    #: Messages without a known meaning: how often each command was heard, and how many did not fit the table.
    unknown: dict[int, int] = field(default_factory=dict)
    unknown_more: int = 0

    def as_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__} | {"unknown": dict(self.unknown)}


class Hearing:
    """Sorts what is heard and notes it where it belongs."""

    def __init__(
        self,
        settings: MasterSettings,
        line: Line,
        seats: Seats,
        linking: Linking,
        announcer: Announcer,
        watch: SecondMasterWatch,
        tell: Callable[[Event], None],
    ) -> None:
        self.counters = HeardCounters()
        self._settings = settings
        self._line = line
        self._seats = seats
        self._linking = linking
        self._announcer = announcer
        self._watch = watch
        self._tell = tell

    def body(self, body: bytes, now: float) -> None:
        """One verified body, not our echo."""
        if body[0] != _DATA:
            self._master_frame(body, now)
            return
        message = decode(body)
        if isinstance(message, ConnectorHeartbeat):
            self._heartbeat(message, body, now)
        elif isinstance(message, ConnectorLinkReady):
            self._link_ready(message, now)
        elif isinstance(message, _FACTS):
            self._fact(message, now)
            self._answered(body, now)
        elif isinstance(message, _ANONYMOUS):
            self._anonymous_fact(message, body, now)
            self._answered(body, now)
        else:
            if isinstance(message, Unknown):
                self._unknown(body)
            self._answered(body, now)

    # ── other masters, other messages ──

    def _master_frame(self, body: bytes, now: float) -> None:
        sender = None if body[:2] == _IDLE else int.from_bytes(body[2:4], "big")
        if sender is not None and self._seats.get(sender) is not None:
            self.counters.damaged_type += 1
            return
        self.counters.foreign += 1
        found = self._watch.sighted(sender, now)
        if found is not None:
            self._tell(found)

    def _unknown(self, body: bytes) -> None:
        counters = self.counters
        opcode = int.from_bytes(body[:2], "big")
        if opcode in counters.unknown or len(counters.unknown) < MOST_UNKNOWN:
            counters.unknown[opcode] = counters.unknown.get(opcode, 0) + 1
        else:
            counters.unknown_more += 1

    # ── connectors ──

    def _link_ready(self, asking: ConnectorLinkReady, now: float) -> None:
        if asking.sender == self._settings.master_id:
            self._conflict(now)
        elif asking.sender != 0:
            self._linking.link_ready(asking, now)

    def _conflict(self, now: float) -> None:
        if self._announcer.conflict(now):
            self._tell(IdConflict(self._settings.master_id))

    def _heartbeat(self, beat: ConnectorHeartbeat, body: bytes, now: float) -> None:
        # Real units were seen to answer receiver 0000 once in a while.
        if beat.receiver not in (self._settings.master_id, 0):
            self.counters.foreign += 1
            return
        if beat.sender == self._settings.master_id:
            self._conflict(now)
            return
        seat = self._seats.get(beat.sender) or self._linking.recall(beat.sender, now)
        if seat is None:
            self.counters.strangers += 1
            return
        if seat.unit.lost_at is not None:
            self._linking.revive(seat, now)
        self._note_answer(seat, body, now)
        self._note_beat(seat, beat, now)
        self._linking.length_heard(seat, 1 if len(body) <= PROTOCOL_1_LENGTH else 2, now)
        self._answered(body, now)

    def _note_answer(self, seat: Seat, body: bytes, now: float) -> None:
        """Timing: on time, late, or one answer too many."""
        turn = self._line.turn
        on_time = turn is not None and turn.unit_id == seat.unit.id and body.startswith(turn.answer or b"-")
        if on_time or seat.awaiting:
            self._count_answer(seat, on_time=on_time, now=now)
        elif now <= seat.sent_end + self._settings.reply_window_s and (
            # Two units that rest answer alike: that is no evidence of a second one, but none of its absence either.
            body != seat.last_answer or seat.unit.duplicate
        ):
            self._linking.extra_answer(seat, now)
        seat.last_answer = body

    def _count_answer(self, seat: Seat, *, on_time: bool, now: float) -> None:
        seat.awaiting = max(0, seat.awaiting - 1)
        reply_s = max(0.0, now - seat.sent_end)
        seat.unit.replies.answered(reply_s)
        seat.learn_window(reply_s, self._settings.reply_window_s)
        seat.misses = 0
        self.counters.answers += 1
        if not on_time:
            seat.unit.replies.late += 1
            self.counters.late_answers += 1

    def _note_beat(self, seat: Seat, beat: ConnectorHeartbeat, now: float) -> None:
        unit = seat.unit
        before = unit.state
        unit.heard_at = now
        unit.state, unit.limit_ca, unit.actual_ca = beat.state, beat.limit_ca, beat.actual_ca
        if seat.told_silent or not unit.answered:
            self._linking.heard(seat, now)
        if seat.talk.answered(beat.state):
            seat.bring_forward(self._soon(unit, now))
        if beat.state != before:
            self._tell(StateChanged(unit.id, before, beat.state))
            seat.rota.state_changed(now)

    def _soon(self, unit: Unit, now: float) -> float:
        return now if unit.beat_at is None else max(now, unit.beat_at + BURST_S)

    def _fact(self, message: EnergyAnswer | PlugAnswer | FirmwareAnswer | SerialAnswer | VinAnswer, now: float) -> None:
        seat = self._seats.get(message.sender)
        if seat is None:
            self.counters.strangers += 1
            return
        vin = seat.rota.answered(message, now)
        if vin is not None:
            self._tell(VinRead(seat.unit.id, vin))

    def _anonymous_fact(self, message: BusTextAnswer | BusFirmwareAnswer, body: bytes, now: float) -> None:
        """An answer without a sender: believed only as the answer to our own question."""
        turn = self._line.turn
        if turn is None or turn.job is not Job.QUERY or not body.startswith(turn.answer):
            self.counters.strangers += 1
            return
        seat = self._seats.get(turn.unit_id) if turn.unit_id is not None else None
        if seat is not None:
            seat.rota.answered(message, now)

    def _answered(self, body: bytes, now: float) -> None:
        """End the present turn if this is what it waits for."""
        turn = self._line.turn
        if turn is None or not turn.answer or not body.startswith(turn.answer):
            return
        self._line.close(now)
        if turn.errand is not None:
            self._tell(turn.errand.outcome(body))
