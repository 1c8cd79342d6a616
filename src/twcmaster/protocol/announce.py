"""A master's announcements: five FCE1, then five FBE2.

Units link without them, but with them they learn at once that a master is back, instead of within ten seconds; and a
unit that carries the master's own id picks another. Real masters space them by 0.1 s to 1 s; 60 ms is what serial
adapters keep apart, and the frame itself takes 17 ms.
"""

from __future__ import annotations

from collections import deque

from twcmaster.protocol.messages import PROTOCOL_1_LENGTH, MasterLinkReady1, MasterLinkReady2, encode

REPEATS = 5
SPACING_S = 0.06
#: At most one burst for id conflicts in this time: the re-picked id needs a moment to be heard.
CONFLICT_PAUSE_S = 5.0


class Announcer:
    """The announcements still to be made."""

    def __init__(self, master_id: int, sign: int) -> None:
        # All units take the shorter, protocol-1 length here.
        first = encode(MasterLinkReady1(master_id, sign), PROTOCOL_1_LENGTH)
        second = encode(MasterLinkReady2(master_id, sign), PROTOCOL_1_LENGTH)
        self._burst = (first,) * REPEATS + (second,) * REPEATS
        self._left: deque[bytes] = deque()
        self._due = 0.0
        self._conflict_at = float("-inf")

    def start(self, now: float) -> None:
        """Announce from the beginning."""
        self._left = deque(self._burst)
        self._due = now

    def conflict(self, now: float) -> bool:
        """A unit uses our id: announce, unless we have just done so. Whether a burst was started."""
        if now - self._conflict_at < CONFLICT_PAUSE_S:
            return False
        self._conflict_at = now
        self.start(now)
        return True

    @property
    def due(self) -> float:
        """When the next announcement is due; infinity when all are made."""
        return self._due if self._left else float("inf")

    def take(self, now: float) -> bytes:
        """The next announcement's body, to be sent now."""
        self._due = now + SPACING_S
        return self._left.popleft()
