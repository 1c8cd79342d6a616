"""The half-duplex line: one frame at a time, then silence until its answer or the end of its window.

Nobody on this bus senses carrier; whoever speaks while another does destroys both frames. So each of our frames opens a
*turn*: its receiver may answer until the reply window ends, counted from the end of our frame as the
baud rate has it. Then the line must be idle for `IDLE_S` before the next frame, longer than any pause inside a frame.
A line that never falls idle (noise, a babbling unit) may hold a frame up for `BUSY_S` at most: connectors that
hear nothing for 10 s give up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from twcmaster.protocol.queries import Question
from twcmaster.protocol.requests import Errand

#: Ten byte times at 9600 baud.
IDLE_S = 0.010
BUSY_S = 0.3
#: Start bit, eight data bits, stop bit.
BITS_PER_BYTE = 10


class Job(Enum):
    """Why we transmit, in order of precedence."""

    BEAT = auto()
    ERRAND = auto()
    ANNOUNCE = auto()
    QUERY = auto()


@dataclass(slots=True)
class Turn:
    """A frame of ours whose answer may still come."""

    job: Job
    unit_id: int | None = None
    #: What the awaited answer's body starts with; empty when none will come.
    answer: bytes = b""
    sent_end: float = 0.0
    ends_at: float = 0.0
    question: Question | None = None
    errand: Errand | None = None


class Line:
    """Whose turn it is, and from when on the line is ours."""

    def __init__(self, baud: int) -> None:
        self.up = True
        self.turn: Turn | None = None
        #: From here on the line is ours to use, idle permitting.
        self.free_at = float("-inf")
        self.last_byte_at = float("-inf")
        self._byte_s = BITS_PER_BYTE / baud

    def airtime_s(self, frame: bytes) -> float:
        """How long a frame occupies the line."""
        return len(frame) * self._byte_s

    def start_at(self, wanted_at: float) -> float:
        """When a frame that is wanted since or from `wanted_at` may start, at least after the present turn."""
        wanted_at = max(wanted_at, self.free_at)
        return max(wanted_at, min(self.last_byte_at + IDLE_S, wanted_at + BUSY_S))

    def close(self, free_at: float) -> None:
        """The turn is over: answered, or its window has ended."""
        self.turn = None
        self.free_at = free_at
