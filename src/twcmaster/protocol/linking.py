"""Coming and going: which connectors a master speaks to.

    FDE2 (or a remembered unit answers) ──► LINKING ──FDE0──► ONLINE ◄──FDE0── SILENT ──26 s──► LOST ──60 s──► gone
                                               ▲                └─────4 s──────►┘                 │
                                               └───────────────────────FDE2───────────────────────┘

A seat is created only by FDE2: real masters broadcast FD messages about themselves, so an FD sender is not yet a
connector. A link-ready from a unit that is seated means that it restarted or has lost us: whatever limit it held may be
forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from twcmaster.protocol.events import (
    DuplicateId,
    Event,
    TooManyUnits,
    UnitForgotten,
    UnitFound,
    UnitLost,
    UnitOnline,
    UnitSilent,
)
from twcmaster.protocol.messages import ConnectorLinkReady
from twcmaster.protocol.queries import Rota
from twcmaster.protocol.seats import LOST_SEAT_S, Seat, Seats
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import SILENT_AFTER_S, Presence, Unit

#: Units that ask for a master do so in bursts; one heartbeat per this time is answer enough.
BURST_S = 0.3
#: A unit that finds no seat asks every 10 s; say so once a minute.
REPEAT_COMPLAINT_S = 60.0
_MOST_COMPLAINTS = 16


class Linking:
    """Seats connectors, notices their silence, forgets them. Tells events through `tell`."""

    def __init__(self, settings: MasterSettings, seats: Seats, tell: Callable[[Event], None]) -> None:
        self._settings = settings
        self._seats = seats
        self._tell = tell
        self._known = {known.id: known for known in settings.known_units if known.id not in (0, settings.master_id)}
        self._complained: dict[int, float] = {}
        #: When `check` has something to notice next.
        self.check_at = float("-inf")

    # ── coming ──

    def start(self, now: float) -> None:
        """The line is ours (again): everybody we know of is to hear a heartbeat at once."""
        for unit_id in self._known:
            self.recall(unit_id, now)
        for seat in self._seats:
            presence = seat.unit.presence(now)
            if presence is Presence.LINKING:
                seat.unit.linked_at = now
            elif presence is not Presence.ONLINE:
                self._find_again(seat, now)
            seat.talk.relinked()
            seat.due = now

    def recall(self, unit_id: int, now: float) -> Seat | None:
        """Seat a connector remembered from the last run, if this is one and there is room."""
        known = self._known.get(unit_id)
        if known is None or self._seats.get(unit_id) is not None or not self._seats.has_room():
            return None
        return self._seat(Unit(known.id, known.protocol, known.max_ca, now), now)

    def link_ready(self, asking: ConnectorLinkReady, now: float) -> None:
        """A connector asks for a master."""
        seat = self._seats.get(asking.sender)
        if seat is not None:
            self._asks_again(seat, asking, now)
        elif self._make_room(asking.sender, now):
            self._seat(Unit(asking.sender, asking.protocol, asking.max_ca, now, asking.sign), now)

    def revive(self, seat: Seat, now: float) -> None:
        """A lost connector is heard again without having asked."""
        self._find_again(seat, now)
        seat.talk.relinked()
        seat.due = now

    def length_heard(self, seat: Seat, protocol: int, now: float) -> None:
        """A heartbeat answer in this protocol's length. Two in a row outweigh a damaged or remembered link-ready."""
        if protocol == seat.unit.protocol:
            seat.other_length_seen = False
        elif not seat.other_length_seen:
            seat.other_length_seen = True
        else:
            seat.other_length_seen = False
            self._set_protocol(seat, protocol, now)

    def _seat(self, unit: Unit, now: float) -> Seat:
        self.check_at = now
        self._tell(UnitFound(unit.id, unit.protocol, unit.max_ca, again=False))
        return self._seats.add(unit, now)

    def _asks_again(self, seat: Seat, asking: ConnectorLinkReady, now: float) -> None:
        unit = seat.unit
        if unit.presence(now) is Presence.ONLINE and seat.duplicates.sign_heard(asking.sign, now):
            self._duplicate(seat)
        unit.sign, unit.max_ca = asking.sign, asking.max_ca
        if unit.protocol != asking.protocol:
            self._set_protocol(seat, asking.protocol, now)
        if unit.lost_at is not None:
            self._find_again(seat, now)
        seat.talk.relinked()
        seat.bring_forward(now if unit.beat_at is None else max(now, unit.beat_at + BURST_S))

    def _set_protocol(self, seat: Seat, protocol: int, now: float) -> None:
        seat.unit.protocol = protocol
        seat.rota = Rota(seat.unit, now)
        seat.talk.relinked()

    def _find_again(self, seat: Seat, now: float) -> None:
        unit = seat.unit
        unit.lost_at = None
        unit.answered = False
        unit.linked_at = now
        seat.told_silent = False
        seat.awaiting = seat.misses = 0
        self.check_at = now
        self._tell(UnitFound(unit.id, unit.protocol, unit.max_ca, again=True))

    def _make_room(self, unit_id: int, now: float) -> bool:
        if self._seats.has_room():
            return True
        unproven = self._seats.unproven(now)
        if unproven is not None:
            self._forget(unproven)
            return True
        if now >= self._complained.get(unit_id, float("-inf")) + REPEAT_COMPLAINT_S:
            if len(self._complained) >= _MOST_COMPLAINTS:
                self._complained.clear()
            self._complained[unit_id] = now
            self._tell(TooManyUnits(unit_id))
        return False

    def heard(self, seat: Seat, now: float) -> None:
        """The first answer since it was found, or since it fell silent."""
        seat.told_silent = False
        self.check_at = min(self.check_at, now + SILENT_AFTER_S)
        if not seat.unit.answered:
            seat.unit.answered = True
            self._tell(UnitOnline(seat.unit.id))

    def extra_answer(self, seat: Seat, now: float) -> None:
        """A connector has answered one heartbeat twice, differently."""
        if seat.duplicates.extra_answer(now):
            self._duplicate(seat)

    def _duplicate(self, seat: Seat) -> None:
        """There is no doubt any more: two units share this id."""
        seat.unit.duplicate = True
        self._tell(DuplicateId(seat.unit.id))

    # ── going ──

    def check(self, now: float, *, keep: bool) -> None:
        """Notice silence and ended leases. `keep`: forget nobody, since another master may be speaking to them."""
        next_at = float("inf")
        for seat in tuple(self._seats):
            ended = seat.talk.end_lease(now)
            if ended is not None:
                self._tell(ended)
                seat.bring_forward(now)
            if seat.duplicates.is_over(now):
                seat.unit.duplicate = False
            next_at = min(next_at, self._check_presence(seat, now, keep=keep))
        self.check_at = next_at

    def _check_presence(self, seat: Seat, now: float, *, keep: bool) -> float:
        unit = seat.unit
        if unit.lost_at is not None:
            if now < unit.lost_at + LOST_SEAT_S:
                return unit.lost_at + LOST_SEAT_S
            if keep:
                return now + LOST_SEAT_S
            self._forget(unit)
            return float("inf")
        since = unit.unheard_since()
        if now >= since + self._settings.silence_s:
            self._lose(seat, now, keep=keep)
            return now
        if not seat.told_silent and unit.answered and now >= since + SILENT_AFTER_S:
            seat.told_silent = True
            self._tell(UnitSilent(unit.id, now - since))
        next_at = since + (self._settings.silence_s if seat.told_silent or not unit.answered else SILENT_AFTER_S)
        return next_at if unit.lease_until is None else min(next_at, unit.lease_until)

    def _lose(self, seat: Seat, now: float, *, keep: bool) -> None:
        unit = seat.unit
        self._tell(UnitLost(unit.id, now - unit.unheard_since()))
        if unit.heard_at is None and not keep:
            self._forget(unit)
            return
        unit.lost_at = now

    def _forget(self, unit: Unit) -> None:
        self._seats.remove(unit.id)
        self._tell(UnitForgotten(unit.id))
