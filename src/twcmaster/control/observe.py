"""One connector, tick by tick: what its newest answer adds to what is held of it."""

from __future__ import annotations

from dataclasses import replace

from twcmaster.control import demand, habits, ledger, spike
from twcmaster.control.memory import Held
from twcmaster.model.world import Activity, WallConnector, World

#: A car that asked for a limit and got none gives up after a minute or so, on some units until it is plugged in anew.
PATIENCE_S = 45.0


def observe(connector: WallConnector, held: Held | None, world: World) -> Held:
    """What is held of it after its newest answer, or the passing of time."""
    now = world.now
    if held is None:
        held = _first_held(connector, world)
    held = ledger.settle(connector, _note_lease(connector, held, now), now)
    wanted = demand.observe(connector, held.demand, held.offer_a, held.offered_at, now)
    cure = spike.watch(connector, held.spike, held.offer_a, held.offered_at, now) if world.spike_cure else held.spike
    learned = habits.observe(connector, held.habits, held.offer_a, held.offered_at, now)
    charging = _charging_since(connector, held, now)
    seen = (wanted, cure, charging, learned)
    if seen == (held.demand, held.spike, held.charging_since, held.habits):
        return held
    return replace(held, demand=wanted, spike=cure, charging_since=charging, habits=learned)


def _first_held(connector: WallConnector, world: World) -> Held:
    held = ledger.first_held(connector, world.now)
    if (
        connector.activity is Activity.STOPPED
        and not connector.can_stop
        and world.site.buses[connector.bus].allow_relay_commands
    ):
        # Whether its contactor was opened by us, before a restart, nobody remembers.
        return replace(held, opened_at=world.now)
    return held


def _note_lease(connector: WallConnector, held: Held, now: float) -> Held:
    """Where decisions failed to come, the bus has taken the amps away by itself: the contactor rests from then on."""
    told_0 = connector.sent_a == 0 and connector.sent_at is not None and connector.sent_at > held.offered_at
    if not told_0 or not held.offer_a:
        return held
    withdrawn = now if held.charging_since is not None else held.withdrawn_at
    return replace(held, offer_a=0, offered_at=now, withdrawn_at=withdrawn)


def _charging_since(connector: WallConnector, held: Held, now: float) -> float | None:
    if not ledger.is_drawing(connector):
        return None
    return now if held.charging_since is None else held.charging_since


def cannot_stop(world: World, connector: WallConnector, held: Held) -> bool:
    """Whether 0 A would act as the minimum here and nothing else may stop the car; or it must not wait any longer."""
    if connector.can_stop:
        return False
    if _asks_for_limit(connector) and world.now - held.demand.since >= PATIENCE_S:
        return True
    return ledger.is_active(connector) and not world.site.buses[connector.bus].allow_relay_commands


def _asks_for_limit(connector: WallConnector) -> bool:
    """Whether a car waits behind a unit that holds no limit for it yet."""
    waits = connector.activity in (Activity.WAITING, Activity.STARTING)
    return waits and (connector.echo_a or 0.0) < connector.minimum_a and not ledger.is_drawing(connector)
