"""A car's VIN, told in three parts of seven, seven and three characters.

Empty parts are normal: no Tesla, no CAN connection (DIP switch 2), or firmware that does not say. Parts can be damaged
or come from two cars. So a VIN counts only when whole and well-formed; anything else is asked for again after a minute,
a few times per plug-in. The North American check digit is *not* tested: cars built elsewhere do not carry it.
"""

from __future__ import annotations

PARTS = 3
RETRY_S = 60.0
TRIES = 5
#: Between the parts: the next gap between heartbeats will do.
NEXT_PART_S = 0.0

_LENGTH = 17
_CHARACTERS = frozenset("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")


def is_vin(text: str) -> bool:
    """Seventeen characters of the VIN alphabet, which leaves out I, O and Q (ISO 3779)."""
    return len(text) == _LENGTH and _CHARACTERS.issuperset(text)


class VinReader:
    """Puts the parts together, once per plug-in."""

    def __init__(self) -> None:
        self.complete: str | None = None
        self._parts: list[str] = []
        self._tries = 0
        self._reading = False

    def start(self) -> bool:
        """A car is there; whether reading has to begin."""
        if self._reading or self.complete is not None or self._tries >= TRIES:
            return False
        self._reading = True
        return True

    def reset(self) -> None:
        """The car has left."""
        self.complete = None
        self._parts.clear()
        self._tries = 0
        self._reading = False

    def take(self, text: str) -> tuple[int, float]:
        """One more part; which part to ask for next, and after how many seconds."""
        self._parts.append(text)
        if text and len(self._parts) < PARTS:
            return len(self._parts), NEXT_PART_S
        whole = "".join(self._parts)
        self._parts = []
        self._tries += 1
        if is_vin(whole):
            self.complete = whole
        done = self.complete is not None or self._tries >= TRIES
        self._reading = not done
        return 0, float("inf") if done else RETRY_S
