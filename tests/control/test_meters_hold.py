"""With meters that are late, dead or wrong, people who want anything, and clocks that jump: the invariants hold.

`AnyLife` lets everything happen. `GuardedLife` has an honest meter at the main fuse and holds the guard to its word:

* From the first reading that shows a phase above the fuse, cars are back below it within REACTION_S: a heartbeat to
  tell them, their own time to come down, and one more reading where they were on the move. Or they do not charge.
* Once the newest reading is stale, and REACTION_S later, cars draw no more than the fallback amps.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.control.metered_house import BEGIN, VOLTS, MeteredHouse, VirtualMeter
from tests.control.test_limits_hold import both
from tests.control.virtual_house import VirtualHouse, VirtualUnit
from twcmaster.control.care import MINIMUM_OFF_S, MINIMUM_ON_S
from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.control.rhythm import STALE_INTERVALS, STALE_LEAST_S
from twcmaster.model.commands import CancelChargeNow, Command, SetMode, SetPriority, SetSavePower, StartChargeNow
from twcmaster.model.energy import BatteryFacts, EnergyFacts, FuseFacts, PeakFacts, SolarFacts
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import SITE, Mode, SaveKind
from twcmaster.model.site import Circuit
from twcmaster.model.world import World

THREE = (1, 2, 3)
FUSE_A = 25.0
REACTION_S = 4.0
#: Limits, for which a contactor may open before its minute is over.
LIMITS = {"circuit", "fuse", "fuse_blind", "unheard", "duplicate", "connector_limit"}

keys = st.sampled_from("abc")
scopes = st.sampled_from([SITE, "a", "b", "c"])
watts = st.sampled_from([0.0, 200.0, 900.0, 1500.0, 2400.0, 4000.0, 7000.0, 15000.0])
lies: list[Callable[[float], float] | None] = [
    None,
    lambda truth: -truth,
    lambda _: 1e9,
    lambda _: -1e9,
    lambda _: 0.0,
    lambda truth: truth + 6000.0,
    lambda truth: truth - 6000.0,
]
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(lambda scope, mode: SetMode(mode, scope), scopes, st.sampled_from(Mode)),
    st.builds(lambda scope, amps: SetMode(Mode.FIXED, scope, amps), scopes, st.sampled_from([6.0, 13.0, 25.0])),
    st.builds(StartChargeNow, scopes, st.none() | st.sampled_from([6.0, 13.0, 25.0])),
    st.builds(CancelChargeNow, scopes),
    st.builds(SetPriority, keys, st.integers(0, 2)),
    st.builds(SetSavePower, st.none() | st.sampled_from(SaveKind), st.sampled_from([0.0, 7.0, 3000.0])),
)


def three_circuits() -> tuple[Circuit, ...]:
    return (
        Circuit("main", 50.0, VOLTS, THREE),
        Circuit("garage", 32.0, VOLTS, THREE, "main"),
        Circuit("yard", 40.0, VOLTS, THREE, "main"),
    )


def units(protocols: list[int]) -> list[VirtualUnit]:
    """A three-phase one whose cars may use one phase only, one on L2, a rotated one."""
    a, b, c = protocols
    return [
        VirtualUnit("a", a, "garage", 32, phases=THREE, tells_more=True, shows_plug=True),
        VirtualUnit("b", b, "garage", 32, phases=(2,), phase_of_second=0.3, shows_plug=True),
        VirtualUnit("c", c, "yard", 32, phases=(3, 1, 2), phase_of_second=0.6, tells_more=True, shows_plug=True),
    ]


class Notary:
    """Watches every decision: the same again from the same input, and no contactor moved before its time."""

    def __init__(self, house: MeteredHouse) -> None:
        self.house = house.house
        self.before: tuple[World, Memory] | None = None
        self.seen_drawing: dict[str, float] = {}
        self.withdrawn_at: dict[str, float] = {}
        self.offers: dict[str, int] = {}
        world_of = self.house.world_changes
        self.house.world_changes = lambda bare: self._note(world_of(bare))

    def _note(self, world: World) -> World:
        self.before = (world, self.house.memory)
        return world

    def check(self) -> None:
        if self.before is None:
            return
        (world, memory), self.before = self.before, None
        self._same_again(world, memory)
        self._contactors(world)

    def _same_again(self, world: World, memory: Memory) -> None:
        outcome = (self.house.plan, self.house.memory)
        assert decide(world, memory) == outcome
        if round(world.now) % 7 == 0:
            assert decide(*cast("tuple[World, Memory]", pickle.loads(pickle.dumps((world, memory))))) == outcome

    def _contactors(self, world: World) -> None:
        assert self.house.plan is not None
        drawing = {c.key for c in world.connectors if (c.actual_a or 0.0) >= 1.0}
        for offer in self.house.plan.offers:
            key, before = offer.key, self.offers.get(offer.key, 0)
            if key in drawing:
                self.seen_drawing.setdefault(key, world.now)
            else:
                self.seen_drawing.pop(key, None)
            if before > 0 == offer.amps and key in drawing:
                self.withdrawn_at[key] = world.now
                on_s = world.now - self.seen_drawing[key]
                assert on_s >= MINIMUM_ON_S or LIMITS & {limit.code for limit in offer.limits}, (on_s, offer)
            if before == 0 < offer.amps and self.house.unit(key).protocol == 1:
                off_s = world.now - self.withdrawn_at.get(key, -1e9)
                assert off_s >= MINIMUM_OFF_S, (off_s, offer)
            self.offers[key] = offer.amps


class Life(RuleBasedStateMachine):
    """A site on three phases with three connectors; what may happen to any house."""

    house: MeteredHouse

    def begin(self, house: MeteredHouse, loss: float, seed: int) -> None:
        dice = random.Random(seed)
        self.house = house
        notary = Notary(house)

        def check(_: VirtualHouse) -> None:
            both(house.house)
            notary.check()
            self.check_step()

        house.house.lossy = lambda: dice.random() < loss
        house.house.check = check

    def check_step(self) -> None:
        """What else must be true after every tenth of a second."""

    @invariant()
    def time_passes(self) -> None:
        if hasattr(self, "house"):
            self.house.run(3)

    @rule(seconds=st.sampled_from([1, 3, 10, 30, 70]))
    def live(self, seconds: int) -> None:
        self.house.run(seconds)

    @rule(key=keys, wants_a=st.integers(5, 40), one_phase=st.booleans())
    def arrive(self, key: str, wants_a: int, one_phase: bool) -> None:
        unit = self.house.house.unit(key)
        if not unit.car:
            unit.car_on = (0,) if one_phase and len(unit.phases) > 1 else None
            unit.arrive(float(wants_a))

    @rule(key=keys)
    def leave(self, key: str) -> None:
        self.house.house.unit(key).leave()

    @rule(load_w=watts, phase=st.sampled_from(THREE))
    def load(self, load_w: float, phase: int) -> None:
        self.house.load_w[phase] = load_w

    @rule(pv_w=watts)
    def shine(self, pv_w: float) -> None:
        self.house.pv_w = pv_w

    @rule(key=keys)
    def answers_are_lost_or_come_again(self, key: str) -> None:
        unit = self.house.house.unit(key)
        unit.mute = not unit.mute

    @rule(command=commands)
    def ask(self, command: Command) -> None:
        self.house.ask(command)

    @rule(hours=st.sampled_from([-48.0, -1.0, -0.01, 0.01, 1.0, 500.0]))
    def clock_jumps(self, hours: float) -> None:
        self.house.clock_offset += timedelta(hours=hours)

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.run(5)


meter_sets = st.sampled_from(
    [
        (MeterRole.GRID,),
        (MeterRole.GRID, MeterRole.BATTERY),
        (MeterRole.PV, MeterRole.HOUSE),
        (MeterRole.PV,),
        (MeterRole.GRID, MeterRole.PV, MeterRole.HOUSE),
        (),
    ]
)


class AnyLife(Life):
    """Meters that lie, die and come late; units that fall silent; a controller that stops; a lossy line."""

    @initialize(
        roles=meter_sets,
        timing=st.tuples(st.sampled_from([1.0, 5.0, 60.0]), st.sampled_from([0.0, 3.0]), st.booleans()),
        sees=st.tuples(st.booleans(), st.booleans()),
        protocols=st.lists(st.sampled_from([1, 2]), min_size=3, max_size=3),
        facts=st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 6]), st.booleans(), st.sampled_from(Mode)),
        chance=st.tuples(st.sampled_from([0.0, 0.1, 0.3]), st.integers(0, 999)),
    )
    def build(  # type: ignore[no-untyped-def]
        self, roles, timing, sees, protocols, facts, chance
    ) -> None:
        every_s, delay_s, stamped = timing
        fused, peaked, fallback_a, relay, mode = facts
        meters = [
            VirtualMeter(
                role, every_s, delay_s, stamped, includes_charger=sees[0], sees_cars=sees[1], tells_phases=stamped
            )
            for role in roles
        ]
        energy = EnergyFacts(
            fuse=FuseFacts("grid", FUSE_A, THREE, VOLTS) if fused else None,
            peak=PeakFacts("grid", 8000.0) if peaked else None,
            battery=BatteryFacts("battery", 60.0) if MeterRole.BATTERY in roles else None,
            solar=SolarFacts(grid_target_w=-100.0, house_w=300.0),
        )
        house = VirtualHouse(three_circuits(), units(protocols), fallback_a=fallback_a, allow_relay=relay)
        self.begin(MeteredHouse(house, meters, energy, mode, THREE), *chance)
        self.house.pv_w = 9000.0
        for unit in house.units:
            unit.arrive(32.0)
        self.house.run(20)

    @rule(lie=st.sampled_from(range(len(lies))), which=st.integers(0, 2))
    def meter_lies(self, lie: int, which: int) -> None:
        if self.house.meters:
            self.house.meters[which % len(self.house.meters)].lie = lies[lie]

    @rule(which=st.integers(0, 2))
    def meter_dies_or_answers(self, which: int) -> None:
        if self.house.meters:
            meter = self.house.meters[which % len(self.house.meters)]
            meter.alive = not meter.alive

    @rule(soc=st.none() | st.floats(0, 100), battery_w=st.sampled_from([-3000.0, 0.0, 3000.0]))
    def battery(self, soc: float | None, battery_w: float) -> None:
        self.house.soc_percent, self.house.battery_w = soc, battery_w

    @rule(key=keys)
    def unit_falls_silent_or_answers(self, key: str) -> None:
        unit = self.house.house.unit(key)
        unit.alive = not unit.alive

    @rule(key=keys)
    def unit_is_forgotten_or_found(self, key: str) -> None:
        unit = self.house.house.unit(key)
        if unit.forgotten:
            unit.find(self.house.now)
        else:
            unit.forget()

    @rule()
    def controller_stops_or_runs(self) -> None:
        self.house.house.controller_runs = not self.house.house.controller_runs


class GuardedLife(Life):
    """An honest meter at the main fuse, and units that can be stopped on a good line."""

    @initialize(
        every_s=st.sampled_from([1.0, 2.0, 5.0]),
        delay_s=st.sampled_from([0.0, 0.5, 2.0]),
        fallback_a=st.sampled_from([0, 6]),
        mode=st.sampled_from([Mode.FIXED, Mode.SOLAR, Mode.SOLAR_MIN]),
    )
    def build(self, every_s: float, delay_s: float, fallback_a: int, mode: Mode) -> None:
        meter = VirtualMeter(MeterRole.GRID, every_s, delay_s, tells_phases=True)
        energy = EnergyFacts(fuse=FuseFacts("grid", FUSE_A, THREE, VOLTS))
        house = VirtualHouse(three_circuits(), units([1, 1, 1]), fallback_a=fallback_a)
        self.meter = meter
        self.taken: list[float] = [BEGIN]
        self.over_since: dict[int, float] = {}
        self.shown_at: dict[int, float] = {}
        self.house_a: dict[int, float] = {}
        self.begin(MeteredHouse(house, [meter], energy, mode, THREE), 0.0, 0)
        self.house.pv_w = 9000.0
        for unit in house.units:
            unit.arrive(32.0)
        self.house.run(40)

    @rule()
    def meter_dies_or_answers(self) -> None:
        self.meter.alive = not self.meter.alive

    def check_step(self) -> None:
        fallback_a = sum(self.house.house.fallback_a for _ in self.house.house.units)
        blind_s = self._blind_s()
        for phase in THREE:
            cars_a = sum(unit.amps_on(phase) for unit in self.house.house.units)
            shown_s = self._shown_s(phase)
            if blind_s > 0.0:
                assert cars_a <= fallback_a + 1e-6 or blind_s <= REACTION_S, (phase, cars_a, blind_s)
            elif shown_s > REACTION_S:
                assert cars_a == 0.0, (phase, self.house.import_a(phase), cars_a, shown_s)

    def _blind_s(self) -> float:
        """For how long the newest reading has been stale, by the slowest that the meter has lately been."""
        reading = self.meter.newest
        if reading is None:
            return self.house.now - BEGIN
        if reading.taken_at != self.taken[-1]:
            self.taken = [*self.taken[-5:], reading.taken_at]
        slowest_s = max((later - before for before, later in pairwise(self.taken)), default=0.0)
        stale_s = max(STALE_LEAST_S, STALE_INTERVALS * max(self.meter.every_s, slowest_s))
        return self.house.now - reading.taken_at - stale_s

    def _shown_s(self, phase: int) -> float:
        """For how long a reading has shown a phase above the fuse, without the house taking still more meanwhile."""
        now, reading = self.house.now, self.meter.newest
        house_a, before_a = self.house.house_a(phase), self.house_a.get(phase, 0.0)
        self.house_a[phase] = house_a
        if self.house.import_a(phase) <= FUSE_A + 1e-6 or house_a > before_a + 1e-9:
            self.over_since[phase] = now
            self.shown_at.pop(phase, None)
        elif reading is not None and reading.taken_at >= self.over_since.get(phase, BEGIN):
            self.shown_at.setdefault(phase, now)
        return now - self.shown_at.get(phase, now)


def _shine(pv_w: float) -> Callable[[MeteredHouse], None]:
    return lambda house: setattr(house, "pv_w", pv_w)


def _ask(command: Command) -> Callable[[MeteredHouse], None]:
    return lambda house: house.ask(command)


#: What makes a contactor move most: on and off, for all and for one, by people, by the grid operator, by the sun.
whims = st.one_of(
    st.sampled_from([0.0, 9000.0]).map(_shine),
    st.builds(SetMode, st.sampled_from([Mode.OFF, Mode.FIXED, Mode.SOLAR]), scopes).map(_ask),
    st.builds(SetSavePower, st.sampled_from([None, SaveKind.OFF]), st.just(0.0)).map(_ask),
    st.builds(SetPriority, keys, st.integers(0, 1)).map(_ask),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 5, 20, 61]), whims), min_size=4, max_size=12))
def test_no_whim_moves_a_contactor_before_its_minute(script: list[tuple[int, Callable[[MeteredHouse], None]]]) -> None:
    house = MeteredHouse(
        VirtualHouse(three_circuits(), units([1, 1, 1])), [VirtualMeter()], EnergyFacts(), Mode.FIXED, THREE
    )
    notary = Notary(house)
    house.house.check = lambda _: notary.check()
    for unit in house.house.units:
        unit.arrive(16.0)
    house.run(15)
    for seconds, happens in script:
        happens(house)
        house.run(seconds)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=12, stateful_step_count=25)
TestGuardedLife = GuardedLife.TestCase
TestGuardedLife.settings = settings(max_examples=12, stateful_step_count=25)
