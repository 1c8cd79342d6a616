"""The parts a wall connector's power side is made of: contactor, meter, the 06/07/09 choreography, its troubles.

Each is a small machine of its own; `connector_session.py` says how they act together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from twcmaster.protocol.messages import UnitState

#: What protocol 2 makes of "0 A", what it falls to when a session ends, and the least a car can be told.
LEAST_CA = 600
#: Commands 06 and 07 move the limit by this much ...
NUDGE_CA = 200
#: ... 06 is reported for 44 s; 07 is taken back after 10 s and reported as done 3 s later; "done" is brief.
RAISE_S = 44.0
LOWER_S = 10.0
LOWER_DONE_S = 13.0
DONE_S = 2.0
#: "Adjusted" (09) lasts until the car has settled, within these bounds.
SETTLE_LEAST_S = 2.0
SETTLE_MOST_S = 12.0
SETTLED_A = 0.3
#: Opening with more than this flowing wears the contactor.
LOAD_A = 1.0


class Fault(Enum):
    """Why a unit reports error."""

    MASTER_LOST = "no heartbeats"
    TOLD = "told so by the master"
    NO_LIMIT = "the car asked for a limit and got none"
    WORN_OUT = "cut off too often, needs a re-plug"
    RELAY = "stopped by relay, needs a re-plug"


@dataclass(slots=True)
class Contactor:
    """The switch between line and car, and what its life has been like."""

    closed: bool = False
    closed_at: float = 0.0
    closings: int = 0
    #: Openings while current flowed, and heartbeats that made it try and stop (protocol 1 held at 0 A by command 00).
    breaks_under_load: int = 0
    chatter: int = 0

    def close(self, now: float) -> None:
        self.closed = True
        self.closed_at = now
        self.closings += 1

    def open(self, draw_a: float) -> None:
        """Open, with `draw_a` flowing until this moment."""
        if draw_a > LOAD_A:
            self.breaks_under_load += 1
        self.closed = False


@dataclass(slots=True)
class Meter:
    """Amperes on each phase in use, and the energy they have carried."""

    at: float
    draw_a: float = 0.0
    change_a: float = 0.0
    energy_wh: float = 0.0

    def measure(self, draw_a: float, volts: int, now: float) -> None:
        """`volts` is the sum over the phases in use; between two calls the current is taken to change evenly."""
        before_a = self.draw_a
        if draw_a or before_a:
            self.energy_wh += (draw_a + before_a) / 2 * volts * (now - self.at) / 3600
        self.change_a = abs(draw_a - before_a)
        self.draw_a = draw_a
        self.at = now


@dataclass(slots=True)
class Adjustment:
    """What a charging protocol-2 unit reports after 06, 07 and 09 until the change is over; None: nothing goes on."""

    state: UnitState | None = None
    since: float = 0.0
    #: Still to be taken back at the end of a 07.
    give_back_ca: int = 0

    def start(self, state: UnitState, now: float) -> None:
        self.state = state
        self.since = now
        self.give_back_ca = 0

    def step(self, change_a: float, now: float) -> int:
        """How much the limit moves now by itself."""
        since_s = now - self.since
        if self.state is UnitState.ADJUSTED:
            settled = since_s >= SETTLE_LEAST_S and change_a < SETTLED_A
            if settled or since_s >= SETTLE_MOST_S:
                self.state = None
        elif self.state is UnitState.RAISING and since_s >= RAISE_S:
            self.start(UnitState.ADJUSTMENT_DONE, now)
        elif self.state is UnitState.LOWERING and since_s >= LOWER_S:
            return self._end_lowering(since_s, now)
        elif self.state is UnitState.ADJUSTMENT_DONE and since_s >= DONE_S:
            self.state = None
        return 0

    def _end_lowering(self, since_s: float, now: float) -> int:
        back_ca, self.give_back_ca = self.give_back_ca, 0
        if since_s >= LOWER_DONE_S:
            self.start(UnitState.ADJUSTMENT_DONE, now)
        return back_ca


@dataclass(slots=True)
class Trouble:
    """The fault that holds, if any, and how often and how long there was one."""

    fault: Fault | None = None
    at: float = 0.0
    count: int = 0
    error_s: float = 0.0
    #: Sessions cut by a lost master since the plug went in.
    cuts: int = 0

    def begin(self, fault: Fault, now: float) -> None:
        if self.fault is None:
            self.count += 1
        self.fault = fault
        self.at = now
