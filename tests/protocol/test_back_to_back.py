"""Both ends of the wire in one process: the master here, up to three connectors there, an ugly line between them."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.protocol.master_bench import Bench, Faults
from twcmaster.protocol import events as ev
from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import UnitState
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import Presence

IDS = (0x1111, 0x2222, 0x3333)
NOISY = Faults(lost=0.05, garbled=0.03, truncated=0.02, noise=0.05, late_s=0.03)
LOSSY = Faults(lost=0.1)


class HungryCar:
    """Charges at whatever it may; `minimum_a` is the least that it starts at."""

    vin = "5YJ3E7EB0KF123456"
    phases = 1
    awake = True

    def __init__(self, plugged: bool = True) -> None:
        self.plugged = plugged
        self.draw_a = 0.0

    def advance(self, pilot_a: float, now: float, *, closed: bool) -> None:
        self.draw_a = min(pilot_a, 32.0) if closed and self.plugged else 0.0

    def wants(self, pilot_a: float) -> bool:
        return self.plugged and pilot_a >= 5


def connector(unit_id: int, car: HungryCar, protocol: int = 2, delay_s: float = 0.14) -> Connector:
    chance = random.Random(unit_id)
    settings = ConnectorSettings(unit_id, protocol=protocol, reply_delay_s=delay_s, max_ca=3200)
    return Connector(settings, car, lambda: chance.getrandbits(31), 0.0)


def bench_with(units: list[Connector], faults: Faults | None = None, seed: int = 1) -> Bench:
    return Bench(Master(MasterSettings(connector_limit_ca=3200), 0.0), units, faults, seed)


def run_with_offers(bench: Bench, until: float, amps: int) -> None:
    """Renew every unit's offer each second, as a controller does."""
    while bench.now < until:
        for unit_id in bench.master.units:
            bench.master.set_offer(unit_id, amps * 100, bench.now + 5)
        bench.run(min(bench.now + 1, until))


def all_gaps(bench: Bench, after: float = 5) -> list[float]:
    return sorted(gap for unit_id in IDS for gap in bench.gaps(unit_id, after))


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("byte_by_byte", [False, True])
def test_three_cars_charge_at_their_offers(protocol: int, byte_by_byte: bool) -> None:
    units = [connector(unit_id, HungryCar(), protocol) for unit_id in IDS]
    bench = bench_with(units, Faults(byte_by_byte=byte_by_byte))
    run_with_offers(bench, 60, 12)
    for unit in units:
        seen = bench.master.units[unit.unit_id]
        assert seen.state == UnitState.CHARGING
        assert (seen.limit_ca, seen.actual_ca) == (1200, 1200)
    run_with_offers(bench, 90, 20)
    assert {unit.actual_ca for unit in bench.master.units.values()} == {2000}
    gaps = all_gaps(bench)
    assert sum(gaps) / len(gaps) <= 1.05
    assert gaps[-1] <= 1.3
    if protocol == 2:
        assert {unit.vin for unit in bench.master.units.values()} == {HungryCar.vin}


@pytest.mark.parametrize("faults", [LOSSY, NOISY], ids=["lossy", "noisy"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_ugly_line_opens_no_long_gaps(faults: Faults, seed: int) -> None:
    units = [connector(unit_id, HungryCar(), 1 if unit_id == IDS[0] else 2) for unit_id in IDS]
    bench = bench_with(units, faults, seed)
    run_with_offers(bench, 400, 10)
    gaps = all_gaps(bench, after=15)
    assert gaps[-1] <= 3.5
    assert gaps[int(0.99 * len(gaps))] <= 2.2
    assert not bench.told(ev.UnitLost)
    assert not bench.told(ev.SecondMaster)
    assert not bench.told(ev.DuplicateId)
    states = Counter(unit.state for unit in bench.master.units.values())
    assert states[UnitState.CHARGING] == 3


def test_offers_of_nothing_stop_protocol_1_without_chatter() -> None:
    unit = connector(IDS[0], HungryCar(), protocol=1)
    bench = bench_with([unit])
    run_with_offers(bench, 60, 12)
    changes = len(bench.told(ev.StateChanged))
    run_with_offers(bench, 180, 0)
    seen = bench.master.units[IDS[0]]
    assert seen.actual_ca == 0
    assert len(bench.told(ev.StateChanged)) - changes <= 3


def test_offers_of_nothing_bring_protocol_2_down_to_six() -> None:
    unit = connector(IDS[0], HungryCar())
    bench = bench_with([unit])
    run_with_offers(bench, 60, 20)
    run_with_offers(bench, 70, 0)
    sent = len(bench.sent)
    assert bench.master.units[IDS[0]].actual_ca == 600
    run_with_offers(bench, 130, 0)
    limits = [body for _, body in bench.sent[sent:] if body[:2] == b"\xfb\xe0" and body[6]]
    assert not limits


def test_a_car_is_not_started_by_an_offer_of_nothing() -> None:
    car = HungryCar(plugged=False)
    bench = bench_with([connector(IDS[0], car)])
    run_with_offers(bench, 20, 0)
    car.plugged = True
    drawn = []
    while bench.now < 60:
        run_with_offers(bench, bench.now + 2, 0)
        drawn.append(bench.master.units[IDS[0]].actual_ca)
    assert set(drawn) == {0}


def test_a_unit_with_the_masters_id_ends_up_linked() -> None:
    units = [connector(0x7777, HungryCar()), connector(IDS[1], HungryCar())]
    bench = bench_with(units)
    bench.muted.add(1)
    bench.run(5)  # it is switched on late: the announcements at the start would have settled it
    bench.muted.clear()
    bench.run(60)
    assert units[0].unit_id != 0x7777
    assert set(bench.master.units) == {units[0].unit_id, IDS[1]}
    assert {unit.presence(bench.now) for unit in bench.master.units.values()} == {Presence.ONLINE}
    assert bench.told(ev.IdConflict)


def test_a_restarted_unit_is_charging_again_at_its_offer() -> None:
    unit = connector(IDS[0], HungryCar())
    bench = bench_with([unit])
    run_with_offers(bench, 30, 16)
    unit.power_cycle(bench.now)
    run_with_offers(bench, 70, 16)
    assert bench.master.units[IDS[0]].actual_ca == 1600


def test_an_adapter_that_was_away_finds_everybody_again() -> None:
    units = [connector(unit_id, HungryCar()) for unit_id in IDS]
    bench = bench_with(units)
    run_with_offers(bench, 30, 10)
    bench.master.link_down(bench.now)
    bench.muted.add(0)
    bench.run(48)
    bench.muted.clear()
    bench.master.link_up(bench.now)
    bench.run(50)
    assert {unit.presence(bench.now) for unit in bench.master.units.values()} == {Presence.ONLINE}


def test_the_same_seed_gives_the_same_history() -> None:
    def history() -> list[tuple[float, bytes]]:
        bench = bench_with([connector(unit_id, HungryCar()) for unit_id in IDS], NOISY, seed=9)
        run_with_offers(bench, 60, 10)
        return bench.sent

    assert history() == history()
