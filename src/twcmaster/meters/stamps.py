"""From the times that a device gives its measurements to the loop's clock."""

from __future__ import annotations

from datetime import datetime


class Stamps:
    """When measurements were made, from the times that one device, file or topic gives them.

    A time that was there before stays where it was first put: what is told again never gets younger, whatever our
    clock or the device's does. Any other time counts as new, earlier ones too: the device's clock was set.
    """

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def taken_at(self, moment: datetime, now: float, clock: datetime) -> float:
        """The moment on the loop's clock, which says `now` while the wall clock says `clock`."""
        if self._last is None or self._last[0] != moment:
            self._last = moment, monotonic_of(moment, now, clock)
        return self._last[1]


def monotonic_of(moment: datetime, now: float, clock: datetime) -> float:
    """A wall-clock moment on the loop's clock; what seems to lie ahead (clocks differ) is now."""
    return now - max(0.0, (clock - moment).total_seconds())
