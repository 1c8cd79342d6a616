"""The reservation ledger: how much each wall connector may be drawing at this instant.

A unit obeys the last limit that it accepted, and we only know what it accepted from its answers. So what it may draw is

* the largest limit handed to the bus since the unit last confirmed a lower one *and* its draw came down to it,
* or its measured draw, if that is higher,
* at least the minimum for a unit that cannot stop a car by itself (protocol 2) while a car is plugged in,
* for a unit that fell silent: the same until it must have stopped for want of heartbeats,
* and all that unit and wires carry while another master speaks to it.

`Held.outstanding_a` carries the first; everything here is a pure function of the connector, what is held and now.
"""

from __future__ import annotations

from dataclasses import replace

from twcmaster.control.memory import Held
from twcmaster.model.world import Activity, Presence, WallConnector

#: A car whose master falls silent stops after 20-30 s (docs/protocol.md); twice that is beyond doubt.
SILENT_DRAW_S = 60.0
#: Measured currents below this are calibration offsets when nothing charges (0.25 A is common).
IDLE_OFFSET_A = 1.0
#: How far above its limit a draw may be measured and still count as having come down to it.
METERING_TOLERANCE_A = 0.5
#: How long a draw above the limit is held against a connector after it was last seen.
EXCESS_MEMORY_S = 60.0


def is_drawing(connector: WallConnector) -> bool:
    """Whether a car is drawing current, calibration offsets aside."""
    return connector.actual_a is not None and connector.actual_a >= IDLE_OFFSET_A


def drawn_a(connector: WallConnector) -> float:
    """Measured draw in amps, calibration offsets of an idle unit aside."""
    actual = connector.actual_a or 0.0
    return actual if actual >= IDLE_OFFSET_A or connector.activity is Activity.CHARGING else 0.0


def is_active(connector: WallConnector) -> bool:
    """Whether the unit charges or is about to."""
    return connector.activity in (Activity.CHARGING, Activity.STARTING) or is_drawing(connector)


def has_car(connector: WallConnector) -> bool:
    """Whether a car is known to be plugged in. A sleeping car on a unit without plug state looks absent."""
    if connector.plugged is not None and not is_drawing(connector):
        return connector.plugged
    return connector.activity not in (None, Activity.READY) or is_drawing(connector)


def first_held(connector: WallConnector, now: float) -> Held:
    """The ledger's entry for a unit just found: it may be in the middle of a session begun under another master."""
    in_force = max(connector.echo_a or 0.0, connector.sent_a or 0.0, drawn_a(connector))
    kept = int(min(in_force, connector.limit_a)) if is_active(connector) else 0
    return Held(offer_a=kept if kept >= connector.minimum_a else 0, offered_at=now, outstanding_a=in_force)


def settle(connector: WallConnector, held: Held, now: float) -> Held:
    """The entry after the newest answer: reservations fall only on evidence."""
    if gone_for_good(connector, now):
        return replace(held, outstanding_a=0.0, excess_a=0.0)
    return _note_excess(connector, _release_confirmed(connector, held, now), now)


def gone_for_good(connector: WallConnector, now: float) -> bool:
    """Whether a unit has been without heartbeats for so long (lost, or its adapter gone) that its car has stopped."""
    if connector.foreign_master:
        return False
    last = max(connector.beat_at or 0.0, connector.heard_at or 0.0, connector.linked_at)
    return now - last >= SILENT_DRAW_S


def _release_confirmed(connector: WallConnector, held: Held, now: float) -> Held:
    confirmed_a = _confirmed_limit_a(connector, held, now)
    if confirmed_a is None or drawn_a(connector) > confirmed_a + METERING_TOLERANCE_A:
        return held
    if confirmed_a == held.outstanding_a:
        return held
    return replace(held, outstanding_a=confirmed_a)


def _confirmed_limit_a(connector: WallConnector, held: Held, now: float) -> float | None:
    """The limit that the unit is known to hold now, or None when its last answer does not prove it."""
    if connector.presence is not Presence.ONLINE or connector.heard_at is None or connector.echo_a is None:
        return None
    if connector.duplicate and not _both_heard(connector, held, now):
        return None
    if connector.sent_a is not None and connector.sent_at is not None:
        up_to_date = connector.sent_a == held.offer_a or not has_car(connector)
        if not up_to_date or connector.heard_at <= connector.sent_at:
            return None
    elif held.offer_a != 0:
        return None
    if connector.heard_at <= held.offered_at:
        return None
    return max(float(held.offer_a), connector.echo_a)


def _both_heard(connector: WallConnector, held: Held, now: float) -> bool:
    """Whether both units of a shared id must hold the limit: one answer proves nothing of the other.

    On protocol 1 every heartbeat carries the limit, and who has heard none of them for so long has stopped.
    """
    since = connector.sent_at if connector.sent_a == held.offer_a else None
    return connector.can_stop and since is not None and now - since >= SILENT_DRAW_S


def _note_excess(connector: WallConnector, held: Held, now: float) -> Held:
    excess = max(0.0, drawn_a(connector) - held.outstanding_a)
    if excess >= held.excess_a and excess > 0.0:
        return replace(held, excess_a=excess, excess_at=now)
    if held.excess_a and now - held.excess_at >= EXCESS_MEMORY_S:
        return replace(held, excess_a=excess, excess_at=now)
    return held


def in_force_a(connector: WallConnector, held: Held, now: float) -> float:
    """What is drawn, or may be drawn under limits already given: without what a stopped car could start with."""
    amps = 0.0 if gone_for_good(connector, now) else max(held.outstanding_a, drawn_a(connector))
    return amps * 2 if connector.duplicate else amps


def may_draw_a(connector: WallConnector, held: Held, now: float) -> float:
    """The most that this connector may be drawing now, amps per phase conductor."""
    if gone_for_good(connector, now):
        return 0.0
    amps = max(held.outstanding_a, float(held.offer_a), drawn_a(connector))
    if not connector.can_stop and (has_car(connector) or is_active(connector)):
        amps = max(amps, float(connector.minimum_a))
    amps = max(amps, held.outstanding_a + held.excess_a)
    if connector.foreign_master:
        amps = max(amps, connector.limit_a)
    return amps * 2 if connector.duplicate else amps
