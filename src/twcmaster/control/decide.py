"""One decision: everything known and remembered in, a plan and the new memory out.

observe (ledger, demand) -> rules -> resolve -> ask -> allocate -> ramp -> plan. To see why a connector gets its amps,
read `decide` and the `Offer` that it made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import floor

from twcmaster.control import care, circuits, demand, fuse, ledger, spike
from twcmaster.control.allocate import Ask, Constraint, Shares, allocate
from twcmaster.control.demand import Want
from twcmaster.control.memory import Held, Memory
from twcmaster.control.observe import cannot_stop
from twcmaster.control.ramp import next_offers
from twcmaster.control.scene import Scene, look
from twcmaster.control.telling import alarms_of, limits_of
from twcmaster.control.wishing import NO_WISH
from twcmaster.model.plan import Claim, Offer, Plan, Relay
from twcmaster.model.world import Presence, WallConnector, World

#: For how long a contactor that we opened is told to close: a car that has not begun by then does not want to.
CLOSING_S = 120.0


def decide(world: World, memory: Memory) -> tuple[Plan, Memory]:
    """The plan for this instant. Pure: the same input gives the same output."""
    scene = look(world, memory)
    asks = {c.key: ask for c in scene.known if (ask := _ask(scene, c)) is not None}
    shares = allocate(tuple(asks.values()), _free(scene, asks))
    targets = _targets(scene, asks, shares)
    budgets = tuple(_kept_open(asks, budget) for budget in scene.budgets)
    limits = scene.conductors + scene.guards + budgets
    amps = next_offers(scene.known, scene.held, targets, scene.may_draw_a, limits, world.now)
    held = {c.key: _remember(scene, c, amps[c.key]) for c in scene.known}
    offers = tuple(_offer(scene, c, asks.get(c.key), shares, amps[c.key], targets[c.key]) for c in scene.known)
    load = circuits.loads(scene.conductors, scene.may_draw_a, _drawn(scene))
    alarms = (*alarms_of(scene, offers), *scene.balance.alarms, *fuse.alarms(world, scene.guard))
    held = {**scene.held, **held}
    seen = (*world.connectors, *scene.absent)
    return Plan(world.now, offers, load, alarms), Memory(held, seen, scene.balance, scene.sun, scene.guard, scene.peak)


def _ask(scene: Scene, connector: WallConnector) -> Ask | None:
    """What a connector takes part in the division with, or None when it gets nothing or stays as it is."""
    held, wish, now = scene.held[connector.key], scene.wishes.get(connector.key, NO_WISH), scene.world.now
    if connector.presence is not Presence.ONLINE:
        return None
    stuck_on = cannot_stop(scene.world, connector, held)
    wanted = held.demand.want in (Want.POWER, Want.TRIAL, Want.LEFTOVER)
    if not stuck_on and (not wanted or care.rest_left_s(held, now) or connector.duplicate):
        return None
    cap = _cap_a(connector, held, wish, now)
    if cap < connector.minimum_a and not stuck_on and not care.must_stay_on(held, now):
        return None
    return Ask(
        connector.key,
        connector.minimum_a,
        cap_a=connector.minimum_a if connector.duplicate else max(cap, connector.minimum_a),
        rank=_rank(connector, held),
        tier=wish.tier,
        unstoppable=stuck_on,
        must_stay=care.must_stay_on(held, now),
        leftover=held.demand.want is Want.LEFTOVER,
        doubled=connector.duplicate,
        shows=stuck_on or demand.car_shows(connector),
        current_a=held.offer_a,
    )


def _rank(connector: WallConnector, held: Held) -> tuple[int | float | str, ...]:
    """Who comes first when not all fit: sessions, then who waits longest.

    A car that shows goes before a trial for one that may not be there: reserved for it, room would never come free.
    """
    charging, shows = held.demand.want is Want.POWER, demand.car_shows(connector)
    since = 0.0 if charging else held.demand.since
    return (not charging, not shows, since, connector.key)


def _cap_a(connector: WallConnector, held: Held, wish: Claim, now: float) -> int:
    cap = connector.limit_a if wish.amps is None else min(connector.limit_a, wish.amps)
    wanted = held.demand
    if wanted.cap_a is not None and now >= held.spike.until:
        cap = min(cap, wanted.cap_a)
    just_trying = wanted.want is Want.TRIAL and (wanted.rest_until > 0.0 or not demand.car_shows(connector))
    if just_trying or wanted.want is Want.LEFTOVER:
        cap = min(cap, connector.minimum_a)
    return floor(cap)


def _free(scene: Scene, asks: Mapping[str, Ask]) -> tuple[Constraint, ...]:
    """The constraints as the askers see them: less what everybody else may draw and what askers draw in excess."""
    hard = scene.conductors + scene.guards
    reduced = [_less(scene, asks, constraint, scene.may_draw_a) for constraint in hard]
    offered = {key: float(held.offer_a) for key, held in scene.held.items()}
    silent = {c.key: offered[c.key] for c in scene.known if c.presence is not Presence.ONLINE}
    reduced += [_kept_open(asks, _less(scene, asks, budget, silent)) for budget in scene.budgets]
    return tuple(reduced)


def _kept_open(asks: Mapping[str, Ask], budget: Constraint) -> Constraint:
    """A budget is a wish: it never opens a contactor too soon, nor counts on stopping what cannot be stopped."""
    forced = sum(
        ask.minimum_a * budget.weight(key)
        for key, ask in asks.items()
        if key in budget.members and (ask.unstoppable or ask.must_stay)
    )
    return budget if forced <= budget.limit_a else replace(budget, limit_a=float(forced))


def _less(scene: Scene, asks: Mapping[str, Ask], constraint: Constraint, others: Mapping[str, float]) -> Constraint:
    taken = sum(scene.held[key].excess_a * constraint.weight(key) for key in constraint.members if key in asks)
    for key in constraint.members:
        if key not in asks and key in scene.held:
            taken += others.get(key, 0.0) * constraint.weight(key)
    if taken == 0.0:
        return constraint
    return replace(constraint, limit_a=constraint.limit_a - taken)


def _targets(scene: Scene, asks: Mapping[str, Ask], shares: Shares) -> dict[str, int]:
    unheard = _unheard(scene, asks)
    targets = {}
    for connector in scene.known:
        key, held = connector.key, scene.held[connector.key]
        if key in shares.amps:
            target = spike.spiked_target_a(connector, held.spike, shares.amps[key], scene.world.now)
            carried = floor(connector.limit_a)
            targets[key] = min(target, carried) if carried >= connector.minimum_a else 0
        else:
            targets[key] = unheard.get(key, 0)
    return targets


def _unheard(scene: Scene, asks: Mapping[str, Ask]) -> dict[str, int]:
    """What to go on telling those whose answers do not come: the last offer, less where a limit has fallen below it.

    They may hear us all the same. Others come down before them, as far as they can.
    """
    forced = [replace(ask, cap_a=ask.minimum_a) for ask in asks.values() if ask.unstoppable]
    silent = [
        Ask(c.key, c.minimum_a, offer_a, _rank(c, scene.held[c.key]), unstoppable=not c.can_stop, doubled=c.duplicate)
        for c in scene.known
        if c.presence is not Presence.ONLINE
        and not ledger.gone_for_good(c, scene.world.now)
        and (offer_a := scene.held[c.key].offer_a)
    ]
    if not silent:
        return {}
    amps = allocate((*forced, *silent), scene.conductors + scene.guards).amps
    return {ask.key: min(amps[ask.key], ask.cap_a) for ask in silent}


def _remember(scene: Scene, connector: WallConnector, amps: int) -> Held:
    held, now = _remember_relay(scene, connector, amps), scene.world.now
    if amps == held.offer_a:
        return held
    withdrawn = now if amps == 0 and held.charging_since is not None else held.withdrawn_at
    outstanding = max(held.outstanding_a, float(amps))
    return replace(held, offer_a=amps, offered_at=now, outstanding_a=outstanding, withdrawn_at=withdrawn)


def _remember_relay(scene: Scene, connector: WallConnector, amps: int) -> Held:
    held = scene.held[connector.key]
    if _relay(scene, connector, amps) is Relay.OPEN and held.opened_at is None:
        return replace(held, opened_at=scene.world.now)
    if held.opened_at is not None and amps > 0:
        tried = amps == held.offer_a and scene.world.now - held.offered_at >= CLOSING_S
        return replace(held, opened_at=None) if tried or ledger.is_drawing(connector) else held
    return held


def _offer(scene: Scene, connector: WallConnector, ask: Ask | None, shares: Shares, amps: int, target: int) -> Offer:
    key = connector.key
    wish = scene.wishes.get(key, NO_WISH)
    limits = limits_of(scene, connector, ask, shares, amps, target)
    return Offer(key, amps, target, scene.may_draw_a[key], wish.reason, limits, _relay(scene, connector, amps))


def _drawn(scene: Scene) -> dict[str, float]:
    return {c.key: ledger.drawn_a(c) for c in (*scene.world.connectors, *scene.absent)}


def _relay(scene: Scene, connector: WallConnector, amps: int) -> Relay | None:
    """The contactor command that goes with an offer, where relay commands are allowed and needed."""
    if connector.can_stop or not scene.world.site.buses[connector.bus].allow_relay_commands:
        return None
    if amps == 0 and ledger.is_active(connector):
        return Relay.OPEN
    opened = scene.held[connector.key].opened_at is not None
    return Relay.CLOSE if amps > 0 and opened and not ledger.is_drawing(connector) else None
