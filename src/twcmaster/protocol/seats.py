"""The places on a bus: a master and at most three connectors, as the wire's design has it.

A seat is never taken from a connector that has answered, not even by a fourth that asks loudly: the first may be
charging. One that is lost keeps its seat for `LOST_SEAT_S`, because it may go on drawing for half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator

from twcmaster.protocol.allowlist import SendPolicy
from twcmaster.protocol.foreign import DuplicateWatch
from twcmaster.protocol.limits import LimitTalk
from twcmaster.protocol.queries import Rota
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import Presence, Unit

MOST_UNITS = 3
LOST_SEAT_S = 60.0
#: A unit that was only remembered, or whose one frame was noise, gives way to one that speaks.
UNPROVEN_S = 3.0
#: Windows learn from late answers, up to here; unlearn slowly.
LONGEST_WINDOW_S = 0.6
WINDOW_MARGIN_S = 0.05
_WINDOW_DECAY = 0.98


class Seat:
    """One connector's place: what is known of it (`unit`), what it hears, and when."""

    def __init__(self, unit: Unit, settings: MasterSettings, policy: SendPolicy, now: float) -> None:
        self.unit = unit
        self.talk = LimitTalk(unit, settings, policy, now)
        self.rota = Rota(unit, now)
        self.duplicates = DuplicateWatch(unit.sign)
        #: When its next heartbeat is due.
        self.due = now
        self.window_s = settings.reply_window_s
        self.sent_end = now
        #: Heartbeats that may still be answered.
        self.awaiting = 0
        #: Heartbeats in a row that were not answered.
        self.misses = 0
        self.told_silent = False
        self.other_length_seen = False
        self.last_answer = b""

    def may_be_asked(self, now: float) -> bool:
        """Whether a question has a chance of an answer."""
        return self.unit.presence(now) is Presence.ONLINE

    def bring_forward(self, due: float) -> None:
        """Let the next heartbeat come at this time already."""
        self.due = min(self.due, due)

    def learn_window(self, reply_s: float, least_s: float) -> None:
        """Fit the reply window to how this unit answers."""
        wanted_s = min(reply_s + WINDOW_MARGIN_S, LONGEST_WINDOW_S)
        self.window_s = max(least_s, wanted_s, self.window_s * _WINDOW_DECAY)


class Seats:
    """The connectors of one bus, by id."""

    def __init__(self, settings: MasterSettings, policy: SendPolicy) -> None:
        self.units: dict[int, Unit] = {}
        self._seats: dict[int, Seat] = {}
        self._settings = settings
        self._policy = policy

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def __len__(self) -> int:
        return len(self._seats)

    def get(self, unit_id: int) -> Seat | None:
        return self._seats.get(unit_id)

    def add(self, unit: Unit, now: float) -> Seat:
        """Seat a new connector. There must be room."""
        seat = Seat(unit, self._settings, self._policy, now)
        self._seats[unit.id] = seat
        self.units[unit.id] = unit
        return seat

    def remove(self, unit_id: int) -> None:
        del self._seats[unit_id]
        del self.units[unit_id]

    def has_room(self) -> bool:
        return len(self._seats) < MOST_UNITS

    def unproven(self, now: float) -> Unit | None:
        """A unit that has never answered anything and has had its chance; it may give way."""
        for unit in self.units.values():
            if unit.heard_at is None and now - unit.linked_at >= UNPROVEN_S:
                return unit
        return None

    def alone(self) -> Unit | None:
        """The only unit on the bus, if there is only one and it answers."""
        if len(self.units) != 1:
            return None
        (unit,) = self.units.values()
        return unit if unit.answered and unit.lost_at is None else None
