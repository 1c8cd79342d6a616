"""Which question a connector is asked next, and what to make of silence.

Questions live in the gaps between heartbeats. Each kind has its own due time: what changes (energy, plug) comes back
at an interval that depends on the unit's state, what does not (firmware, serial, model) is asked once, and the VIN is
read in three parts once per plug-in. Older firmware leaves some kinds unanswered: three silences, and that
kind rests for an hour, or for a minute if the unit has answered it before.

FB19, FB1A, FB1B have no receiver: every unit answers, anonymously. They are asked only while one unit is alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusTextAnswer,
    EnergyAnswer,
    FirmwareAnswer,
    Message,
    Opcode,
    PlugAnswer,
    SerialAnswer,
    UnitState,
    VinAnswer,
)
from twcmaster.protocol.unit import CAR_STATES, CHARGING_STATES, Unit
from twcmaster.protocol.vin import VinReader

NEVER = float("inf")

ENERGY_CHARGING_S = 10.0
ENERGY_IDLE_S = 60.0
#: While idle the plug is the only sign of a car; in other states the state itself tells.
PLUG_UNCLEAR_S = 5.0
PLUG_CLEAR_S = 30.0
#: A question that got no answer is not repeated at once: the next gap belongs to others.
ASK_AGAIN_S = 5.0
PATIENCE = 3
REST_S = 3600.0
SHORT_REST_S = 60.0
#: Other units on the bus would have asked for a master by then (they do every 10 s).
ALONE_AFTER_S = 30.0

ANONYMOUS = frozenset((Opcode.BUS_SERIAL_REQUEST, Opcode.BUS_MODEL_REQUEST, Opcode.BUS_FIRMWARE_REQUEST))
_VIN_OPCODES = (Opcode.VIN_START_REQUEST, Opcode.VIN_MIDDLE_REQUEST, Opcode.VIN_END_REQUEST)
_ANSWERS = {
    EnergyAnswer: Opcode.ENERGY_REQUEST,
    PlugAnswer: Opcode.PLUG_REQUEST,
    FirmwareAnswer: Opcode.FIRMWARE_REQUEST,
    SerialAnswer: Opcode.SERIAL_REQUEST,
    BusFirmwareAnswer: Opcode.BUS_FIRMWARE_REQUEST,
}


@dataclass(slots=True)
class Question:
    """One kind of query to one unit. All three parts of the VIN are one kind."""

    opcode: Opcode
    due: float
    misses: int = 0
    was_answered: bool = False


class Rota:
    """The questions of one connector."""

    def __init__(self, unit: Unit, now: float) -> None:
        self.unit = unit
        self.vin = VinReader()
        self._questions = _questions(unit.protocol, now)
        #: Answer to `next_question` by `alone`, until something changes.
        self._next: dict[bool, Question] = {}

    def next_question(self, *, alone: bool) -> Question:
        """The one that is due first. `alone` permits those that every unit on the bus would answer."""
        known = self._next.get(alone)
        if known is not None:
            return known
        soonest = _NOTHING
        for question in self._questions.values():
            if question.due < soonest.due and (alone or question.opcode not in ANONYMOUS):
                soonest = question
        self._next[alone] = soonest
        return soonest

    def asked(self, question: Question, now: float) -> None:
        """The question is on the wire. Whatever comes back, or not: it is never repeated at once."""
        self._next.clear()
        question.due = now + ASK_AGAIN_S

    def missed(self, question: Question, now: float) -> None:
        """Nobody answered within the window."""
        self._next.clear()
        question.misses += 1
        if question.misses < PATIENCE:
            question.due = now + ASK_AGAIN_S
            return
        question.misses = 0
        question.due = now + (SHORT_REST_S if question.was_answered else REST_S)

    def answered(self, message: Message, now: float) -> str | None:
        """Take in any answer of this unit, also a late one. The VIN, when it has just become complete."""
        self._next.clear()
        if isinstance(message, VinAnswer):
            return self._vin_answered(message, now)
        self._note(message, now)
        opcode = message.opcode - 0x200 if isinstance(message, BusTextAnswer) else _ANSWERS.get(type(message))
        question = self._questions.get(opcode) if opcode is not None else None
        if question is not None:
            question.misses = 0
            question.was_answered = True
            question.due = now + self._interval_s(question.opcode)
        return None

    def state_changed(self, now: float) -> None:
        """The unit reports another state: look at the plug, and at the meter soon."""
        self._next.clear()
        for opcode, delay_s in ((Opcode.PLUG_REQUEST, 0.0), (Opcode.ENERGY_REQUEST, 2.0)):
            question = self._questions.get(opcode)
            if question is not None and question.due <= now + ENERGY_IDLE_S:  # later: it rests
                question.due = min(question.due, now + delay_s)
        if self.unit.state in CAR_STATES:
            self._car_came(now)
        elif self.unit.state == UnitState.READY and self.unit.plug is None:
            self._car_left()  # no plug state to go by

    # ── answers ──

    def _note(self, message: Message, now: float) -> None:
        unit = self.unit
        if isinstance(message, EnergyAnswer):
            unit.energy_raw, unit.volts, unit.half_amps = message.energy_raw, message.volts, message.half_amps
            unit.energy_at = now
        elif isinstance(message, PlugAnswer):
            self._plug_told(message.plug, now)
        elif isinstance(message, FirmwareAnswer | BusFirmwareAnswer):
            unit.firmware = message.version
        elif isinstance(message, SerialAnswer):
            unit.serial = message.serial or None
        elif isinstance(message, BusTextAnswer) and message.opcode == Opcode.BUS_SERIAL_ANSWER:
            unit.serial = message.text or None
        elif isinstance(message, BusTextAnswer):
            unit.model = message.text or None

    def _plug_told(self, plug: int, now: float) -> None:
        self.unit.plug, self.unit.plug_at = plug, now
        if plug == 0:
            self._car_left()
        else:
            self._car_came(now)

    def _interval_s(self, opcode: Opcode) -> float:
        state = self.unit.state
        if opcode == Opcode.ENERGY_REQUEST:
            return ENERGY_CHARGING_S if state in CHARGING_STATES else ENERGY_IDLE_S
        if opcode == Opcode.PLUG_REQUEST:
            return PLUG_CLEAR_S if state in CAR_STATES else PLUG_UNCLEAR_S
        return NEVER

    # ── the VIN ──

    def _vin_question(self) -> Question | None:
        return self._questions.get(_VIN_OPCODES[0])

    def _car_came(self, now: float) -> None:
        question = self._vin_question()
        if question is not None and self.vin.start():
            question.opcode, question.due = _VIN_OPCODES[0], now

    def _car_left(self) -> None:
        self.unit.vin = None
        self.vin.reset()
        question = self._vin_question()
        if question is not None:
            question.due = NEVER

    def _vin_answered(self, message: VinAnswer, now: float) -> str | None:
        question = self._vin_question()
        if question is None or message.opcode != question.opcode + 0x200 or question.due == NEVER:
            return None
        question.misses = 0
        question.was_answered = True
        part, delay_s = self.vin.take(message.text)
        question.opcode, question.due = _VIN_OPCODES[part], now + delay_s
        if self.vin.complete is not None:
            self.unit.vin = self.vin.complete
        return self.vin.complete


_NOTHING = Question(Opcode.IDLE, NEVER)


def _questions(protocol: int, now: float) -> dict[int, Question]:
    anonymous = now + ALONE_AFTER_S
    if protocol == 1:
        first = dict.fromkeys(sorted(ANONYMOUS), anonymous)
    else:
        first = {
            Opcode.PLUG_REQUEST: now,
            Opcode.ENERGY_REQUEST: now,
            Opcode.FIRMWARE_REQUEST: now,
            Opcode.SERIAL_REQUEST: now,
            Opcode.BUS_MODEL_REQUEST: anonymous,
            _VIN_OPCODES[0]: NEVER,
        }
    return {opcode: Question(Opcode(opcode), due) for opcode, due in first.items()}
