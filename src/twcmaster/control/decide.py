"""One decision: everything known and remembered in, a plan and the new memory out.

observe (ledger, demand) -> rules -> resolve -> ask -> allocate -> ramp -> plan. To see why a connector gets its amps,
read `decide` and the `Offer` that it made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

from twcmaster.control import (
    balance,
    care,
    circuits,
    demand,
    fuse,
    guards,
    habits,
    ledger,
    modes,
    save_power,
    solar,
    spike,
    sunlit,
)
from twcmaster.control.absent import absent
from twcmaster.control.allocate import Ask, Constraint, Shares, allocate
from twcmaster.control.balance import Balance
from twcmaster.control.demand import Want
from twcmaster.control.fuse import Guard
from twcmaster.control.memory import Held, Memory
from twcmaster.control.peak import Peak
from twcmaster.control.ramp import next_offers
from twcmaster.control.rules import charge_now, schedule, standing
from twcmaster.control.rules import solar as solar_rule
from twcmaster.control.sun import Sun
from twcmaster.model.plan import Alarm, Claim, Offer, Plan, Pool, Reason, Relay
from twcmaster.model.world import Activity, Presence, WallConnector, World

RULES = (charge_now.claims, schedule.claims, standing.claims)

#: How far a draw may be above its limit before a person should hear of it, and for how long.
DISOBEDIENT_A = 1.5

#: A car that asked for a limit and got none gives up after a minute or so, on some units until it is plugged in anew.
PATIENCE_S = 45.0

#: For how long a contactor that we opened is told to close: a car that has not begun by then does not want to.
CLOSING_S = 120.0

_NO_WISH = Claim("", "none", -1, Reason("no_wish", "Nothing asks for charging now"), amps=0.0)
_NO_CAR = Reason("no_car", "No car")


@dataclass(frozen=True, slots=True)
class _Scene:
    """The world seen through the ledger: what the steps of one decision share."""

    world: World
    #: Connectors that have answered; those that have not yet, and those that have vanished, only block raises.
    known: tuple[WallConnector, ...]
    absent: tuple[WallConnector, ...]
    held: Mapping[str, Held]
    may_draw_a: Mapping[str, float]
    wishes: Mapping[str, Claim]
    conductors: tuple[Constraint, ...]
    budgets: tuple[Constraint, ...]
    balance: Balance
    sun: Sun
    guard: Guard
    peak: Peak
    #: Limits that the meters set: as hard as conductors, but no fault of the wiring when the house exceeds them.
    guards: tuple[Constraint, ...]


def decide(world: World, memory: Memory) -> tuple[Plan, Memory]:
    """The plan for this instant. Pure: the same input gives the same output."""
    scene = _scene(world, memory)
    asks = {c.key: ask for c in scene.known if (ask := _ask(scene, c)) is not None}
    shares = allocate(tuple(asks.values()), _free(scene, asks))
    targets = _targets(scene, asks, shares)
    limits = scene.conductors + scene.guards + scene.budgets
    amps = next_offers(scene.known, scene.held, targets, scene.may_draw_a, limits, world.now)
    held = {c.key: _remember(scene, c, amps[c.key]) for c in scene.known}
    offers = tuple(_offer(scene, c, asks.get(c.key), shares, amps[c.key], targets[c.key]) for c in scene.known)
    load = circuits.loads(scene.conductors, scene.may_draw_a, _drawn(scene))
    alarms = (*_alarms(scene, offers), *scene.balance.alarms, *fuse.alarms(world, scene.guard))
    held = {**scene.held, **held}
    seen = (*world.connectors, *scene.absent)
    return Plan(world.now, offers, load, alarms), Memory(held, seen, scene.balance, scene.sun, scene.guard, scene.peak)


def _scene(world: World, memory: Memory) -> _Scene:
    known = tuple(c for c in world.connectors if c.heard_at is not None)
    held = {c.key: _observe(c, memory.held.get(c.key), world) for c in known}
    gone = absent(world, memory)
    may_draw = {
        c.key: c.limit_a
        for c in (*world.connectors, *gone)
        if c.heard_at is None and not ledger.gone_for_good(c, world.now)
    }
    may_draw |= {c.key: ledger.may_draw_a(c, held[c.key], world.now) for c in known}
    unheard = [c.key for c in (*world.connectors, *gone) if c.key not in held]
    past = {key: memory.held[key] for key in unheard if key in memory.held}
    may_draw |= {c.key: ledger.may_draw_a(c, past[c.key], world.now) for c in gone if c.key in past}
    sight = _sight(world, held, memory.balance)
    wishes, pools, sun = _wishes(world, held, sight, memory.sun)
    members = tuple(c for c in world.connectors if c.key in may_draw)
    conductors = circuits.conductors(world.site, (*members, *gone))
    budgets = _among(may_draw, (*_budgets(wishes, pools), *save_power.constraints(world)))
    guard, hard = guards.of_fuse(world, held, sight, memory.guard, members)
    spent, soft = guards.of_peak(world, held, sight, memory.peak, members)
    limits = (conductors, (*budgets, *soft))
    return _Scene(world, known, gone, held | past, may_draw, wishes, *limits, sight, sun, guard, spent, hard)


def _sight(world: World, held: Mapping[str, Held], before: Balance) -> Balance:
    """The balance of the site; without any meter it stays as unknown as it was."""
    if before.problem and not world.site.energy.meters:
        return before
    return balance.observe(world, sunlit.draws(world, held), before)


def _observe(connector: WallConnector, held: Held | None, world: World) -> Held:
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


def _wishes(
    world: World, held: Mapping[str, Held], sight: Balance, sun: Sun
) -> tuple[dict[str, Claim], tuple[Pool, ...], Sun]:
    """The strongest claim for each connector, the budgets, and how the sun is followed for those that it feeds."""
    wishes: dict[str, Claim] = {}
    pools: list[Pool] = []
    for rule in RULES:
        claims, budgets = rule(world)
        pools.extend(budgets)
        _take_stronger(wishes, claims)
    sunny = _sunny(world, wishes)
    if not sunny and not sun.running:
        return wishes, tuple(pools), sun if sun.at is None else replace(sun, at=None)
    stuck = frozenset(c.key for c in world.connectors if c.key in held and _cannot_stop(world, c, held[c.key]))
    runners = sunlit.runners(world, held, sunny, stuck)
    left_w = sunlit.left_for_sun_w(sight.surplus_w, sunlit.draws(world, held), runners)
    sun = solar.follow(sun, runners, left_w, world.now, world.clock.date())
    claims, budgets = solar_rule.claims(sunny, runners, sun, left_w, sight.problem)
    _take_stronger(wishes, claims)
    return wishes, (*pools, *budgets), sun


def _take_stronger(wishes: dict[str, Claim], claims: Iterable[Claim]) -> None:
    """Claims that beat what is there; the earlier one wins a tie."""
    for claim in claims:
        if claim.key not in wishes or claim.priority > wishes[claim.key].priority:
            wishes[claim.key] = claim


def _sunny(world: World, wishes: Mapping[str, Claim]) -> dict[str, modes.ModeWish]:
    """The connectors whose strongest wish is to follow the sun."""
    return {
        key: wish
        for key, wish in modes.strongest(world).items()
        if wish.mode in sunlit.SOLAR_MODES and (key not in wishes or wish.priority > wishes[key].priority)
    }


def _budgets(wishes: Mapping[str, Claim], pools: Sequence[Pool]) -> tuple[Constraint, ...]:
    return tuple(
        Constraint(
            pool.name,
            pool.budget_a,
            frozenset(k for k, w in wishes.items() if w.pool == pool.name),
            pool.reason,
            pool.weights,
        )
        for pool in pools
    )


def _among(keys: Mapping[str, float], budgets: Sequence[Constraint]) -> tuple[Constraint, ...]:
    return tuple(replace(budget, members=budget.members & keys.keys()) for budget in budgets)


def _ask(scene: _Scene, connector: WallConnector) -> Ask | None:
    """What a connector takes part in the division with, or None when it gets nothing or stays as it is."""
    held, wish, now = scene.held[connector.key], scene.wishes.get(connector.key, _NO_WISH), scene.world.now
    if connector.presence is not Presence.ONLINE:
        return None
    stuck_on = _cannot_stop(scene.world, connector, held)
    wanted = held.demand.want in (Want.POWER, Want.TRIAL, Want.LEFTOVER)
    if not stuck_on and (not wanted or care.rest_left_s(held, now) or connector.duplicate):
        return None
    cap = _cap_a(connector, held, wish)
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
        current_a=held.offer_a,
    )


def _rank(connector: WallConnector, held: Held) -> tuple[int | float | str, ...]:
    """Who comes first when not all fit: sessions, then who waits longest.

    A car that shows goes before a trial for one that may not be there: reserved for it, room would never come free.
    """
    charging, shows = held.demand.want is Want.POWER, demand.car_shows(connector)
    since = 0.0 if charging else held.demand.since
    return (not charging, not shows, since, connector.key)


def _cap_a(connector: WallConnector, held: Held, wish: Claim) -> int:
    cap = connector.limit_a if wish.amps is None else min(connector.limit_a, wish.amps)
    wanted = held.demand
    if wanted.cap_a is not None and not held.spike.until:
        cap = min(cap, wanted.cap_a)
    just_trying = wanted.want is Want.TRIAL and (wanted.rest_until > 0.0 or not demand.car_shows(connector))
    if just_trying or wanted.want is Want.LEFTOVER:
        cap = min(cap, connector.minimum_a)
    return floor(cap)


def _cannot_stop(world: World, connector: WallConnector, held: Held) -> bool:
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


def _free(scene: _Scene, asks: Mapping[str, Ask]) -> tuple[Constraint, ...]:
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


def _less(scene: _Scene, asks: Mapping[str, Ask], constraint: Constraint, others: Mapping[str, float]) -> Constraint:
    taken = sum(scene.held[key].excess_a * constraint.weight(key) for key in constraint.members if key in asks)
    for key in constraint.members:
        if key not in asks and key in scene.held:
            taken += others.get(key, 0.0) * constraint.weight(key)
    if taken == 0.0:
        return constraint
    return replace(constraint, limit_a=constraint.limit_a - taken)


def _targets(scene: _Scene, asks: Mapping[str, Ask], shares: Shares) -> dict[str, int]:
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


def _unheard(scene: _Scene, asks: Mapping[str, Ask]) -> dict[str, int]:
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
    return {ask.key: amps[ask.key] for ask in silent}


def _remember(scene: _Scene, connector: WallConnector, amps: int) -> Held:
    held, now = _remember_relay(scene, connector, amps), scene.world.now
    if amps == held.offer_a:
        return held
    withdrawn = now if amps == 0 and held.charging_since is not None else held.withdrawn_at
    outstanding = max(held.outstanding_a, float(amps))
    return replace(held, offer_a=amps, offered_at=now, outstanding_a=outstanding, withdrawn_at=withdrawn)


def _remember_relay(scene: _Scene, connector: WallConnector, amps: int) -> Held:
    held = scene.held[connector.key]
    if _relay(scene, connector, amps) is Relay.OPEN and held.opened_at is None:
        return replace(held, opened_at=scene.world.now)
    if held.opened_at is not None and amps > 0:
        tried = amps == held.offer_a and scene.world.now - held.offered_at >= CLOSING_S
        return replace(held, opened_at=None) if tried or ledger.is_drawing(connector) else held
    return held


def _offer(scene: _Scene, connector: WallConnector, ask: Ask | None, shares: Shares, amps: int, target: int) -> Offer:
    key = connector.key
    wish = scene.wishes.get(key, _NO_WISH)
    limits = _limits(scene, connector, ask, shares, amps, target)
    return Offer(key, amps, target, scene.may_draw_a[key], wish.reason, limits, _relay(scene, connector, amps))


def _limits(
    scene: _Scene, connector: WallConnector, ask: Ask | None, shares: Shares, amps: int, target: int
) -> tuple[Reason, ...]:
    limits = [constraint.reason for constraint in shares.bound_by.get(connector.key, ())]
    if ask is not None and (ask.leftover or not demand.car_shows(connector)):
        limits.insert(0, _NO_CAR)
    if ask is None:
        limits.extend(_why_no_ask(scene, connector))
    elif target >= ask.cap_a:
        limits.append(_why_capped(connector, scene.held[connector.key]))
    if amps < target:
        limits.insert(0, Reason("making_room", f"On the way to {target} A: waiting until others have come down"))
    if ask is not None and ask.unstoppable and target <= connector.minimum_a:
        text = f"Holding {connector.minimum_a} A: this connector cannot stop the car by itself"
        limits.insert(0, Reason("cannot_stop", text))
    return tuple(limits)


def _why_no_ask(scene: _Scene, connector: WallConnector) -> tuple[Reason, ...]:
    """What else keeps a connector from taking part; nothing where it is the wish alone, which says so itself."""
    held, now = scene.held[connector.key], scene.world.now
    if connector.presence is not Presence.ONLINE:
        return (
            Reason("unheard", "No answer from this connector: its last offer stands unless a limit falls below it"),
        )
    if connector.duplicate:
        return (Reason("duplicate", "Two connectors answer to this id: power-cycle one of them"),)
    rest_s = care.rest_left_s(held, now)
    if rest_s:
        return (Reason("contactor_rest", f"Contactor rests for {rest_s:.0f} s more"),)
    if not ledger.has_car(connector):
        return (_NO_CAR,)
    if held.demand.want in (Want.NOTHING, Want.UNHEARD):
        return (Reason("car_idle", "The car does not ask for power: full, asleep or scheduled"),)
    return ()


def _why_capped(connector: WallConnector, held: Held) -> Reason:
    if held.demand.cap_a is not None and held.demand.cap_a < connector.limit_a:
        return Reason("car_limit", f"The car takes no more than {connector.actual_a or 0:.1f} A")
    return Reason("connector_limit", f"Unit and wires carry {connector.limit_a:g} A")


def _drawn(scene: _Scene) -> dict[str, float]:
    return {c.key: ledger.drawn_a(c) for c in (*scene.world.connectors, *scene.absent)}


def _alarms(scene: _Scene, offers: Sequence[Offer]) -> tuple[Alarm, ...]:
    alarms = []
    in_force = {c.key: ledger.in_force_a(c, scene.held[c.key], scene.world.now) for c in scene.known}
    for constraint in scene.conductors:
        load = sum(in_force.get(key, 0.0) for key in constraint.members)
        if load > constraint.limit_a + DISOBEDIENT_A:
            text = f"{constraint.reason.text}, but its connectors may be drawing {load:.0f} A: bringing them down"
            alarms.append(Alarm("overload", text))
    names = {c.key: c for c in scene.known}
    for offer in offers:
        connector, held = names[offer.key], scene.held[offer.key]
        if held.excess_a > DISOBEDIENT_A and ledger.drawn_a(connector) > held.outstanding_a + DISOBEDIENT_A:
            text = f"{connector.name} draws {connector.actual_a:.1f} A although its limit is {held.outstanding_a:.0f} A"
            alarms.append(Alarm("disobedient", text))
    return tuple(alarms)


def _relay(scene: _Scene, connector: WallConnector, amps: int) -> Relay | None:
    """The contactor command that goes with an offer, where relay commands are allowed and needed."""
    if connector.can_stop or not scene.world.site.buses[connector.bus].allow_relay_commands:
        return None
    if amps == 0 and ledger.is_active(connector):
        return Relay.OPEN
    opened = scene.held[connector.key].opened_at is not None
    return Relay.CLOSE if amps > 0 and opened and not ledger.is_drawing(connector) else None
