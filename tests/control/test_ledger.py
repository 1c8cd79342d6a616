"""What a connector may be drawing: reservations fall only on evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twcmaster.control import ledger
from twcmaster.control.memory import Held
from twcmaster.model.world import Activity, Presence, WallConnector

NOW = 1000.0
UNIT = WallConnector(
    "garage/1A2B", "left", "garage", "garage", 1, (1,), 40.0, 6, Presence.ONLINE, linked_at=0.0, heard_at=NOW - 0.5,
    beat_at=NOW - 0.6, activity=Activity.CHARGING, echo_a=20.0, actual_a=19.5, sent_a=10.0, sent_at=NOW - 3,
)  # fmt: skip
LOWERED = Held(offer_a=10, offered_at=NOW - 4, outstanding_a=20.0)


@pytest.mark.parametrize(
    "changes, reserved_a",
    [
        # It still says 20 A, or has not answered since it was told, or still draws: 20 A.
        ({}, 20.0),
        ({"echo_a": 10.0, "heard_at": NOW - 3.5}, 20.0),
        ({"echo_a": 10.0, "actual_a": 15.0}, 20.0),
        ({"echo_a": 10.0, "actual_a": 9.8, "presence": Presence.SILENT}, 20.0),
        # It says 10 A and draws less: 10 A.
        ({"echo_a": 10.0, "actual_a": 9.8}, 10.0),
        # More than it was ever allowed: what it draws.
        ({"actual_a": 24.0}, 24.0),
        # A calibration offset is no draw.
        ({"echo_a": 10.0, "actual_a": 0.25, "activity": Activity.READY}, 10.0),
        # Of two units that share an id one has answered: the other may still hold what both were told before...
        ({"echo_a": 10.0, "actual_a": 9.8, "duplicate": True}, 40.0),
        # ... until it must have heard the new limit too, or stopped. Protocol 2 does not hear it in every heartbeat.
        ({"echo_a": 10.0, "actual_a": 9.8, "duplicate": True, "sent_at": NOW - 60}, 20.0),
        ({"echo_a": 10.0, "actual_a": 9.8, "duplicate": True, "sent_at": NOW - 60, "can_stop": False}, 40.0),
        # Nobody has spoken to it for a minute (the adapter is gone): it must have stopped.
        ({"presence": Presence.SILENT, "heard_at": NOW - 61, "beat_at": NOW - 61}, 0.0),
        ({"presence": Presence.SILENT, "heard_at": NOW - 90, "beat_at": NOW - 59}, 20.0),
    ],
)
def test_reservations(changes: dict[str, object], reserved_a: float) -> None:
    unit = replace(UNIT, **changes)  # type: ignore[arg-type]
    held = ledger.settle(unit, LOWERED, NOW)
    assert ledger.may_draw_a(unit, held, NOW) == reserved_a


def test_a_unit_that_cannot_stop_keeps_its_minimum_while_a_car_is_there() -> None:
    stopped = replace(UNIT, protocol=2, can_stop=False, activity=Activity.STOPPED, actual_a=0.0, echo_a=6.0, sent_a=0.0)
    told = Held(offer_a=0, offered_at=NOW - 4, outstanding_a=0.0)
    assert ledger.may_draw_a(stopped, told, NOW) == 6.0
    gone = replace(stopped, activity=Activity.READY, echo_a=0.0)
    assert ledger.may_draw_a(gone, told, NOW) == 0.0
    assert ledger.may_draw_a(replace(stopped, plugged=False), told, NOW) == 0.0


def test_draw_above_the_limit_is_held_against_it_for_a_minute() -> None:
    greedy = replace(UNIT, echo_a=10.0, actual_a=10.4)
    held = ledger.settle(greedy, replace(LOWERED, outstanding_a=10.0), NOW)
    assert ledger.may_draw_a(greedy, held, NOW) == pytest.approx(10.4)
    modest = replace(greedy, actual_a=9.9)
    assert ledger.may_draw_a(modest, ledger.settle(modest, held, NOW + 59), NOW) == pytest.approx(10.4)
    assert ledger.may_draw_a(modest, ledger.settle(modest, held, NOW + 61), NOW) == 10.0
