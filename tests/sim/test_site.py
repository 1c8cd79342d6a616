import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sim.wire import Ear, heartbeat
from twcmaster.cli.demo import START_S
from twcmaster.model.reading import MeterRole
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.demo_house import demo_plan
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.site import SiteSample, VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Day, constant

TWO_BUSES = SitePlan(
    buses=(
        BusPlan("garage", (UnitPlan(ConnectorSettings(0x1111), CarSpec(name="first")), UnitPlan(ConnectorSettings(2)))),
        BusPlan("yard", (UnitPlan(ConnectorSettings(0x1111), CarSpec(name="second")),), echo=True),
    ),
    day=Day(constant(1000.0), constant(200.0)),
    battery=HomeBattery(soc_percent=30.0),
)


def test_a_site_holds_what_its_plan_says() -> None:
    async def main() -> None:
        site = VirtualSite(TWO_BUSES)
        assert list(site.lines) == ["garage", "yard"]
        assert [(unit.bus, unit.connector.unit_id) for unit in site.units] == [
            ("garage", 0x1111),
            ("garage", 2),
            ("yard", 0x1111),
        ]
        assert list(site.cars) == ["first", "second"]
        sample = site.sample()
        assert sample.balance.grid_w == pytest.approx(0.0)
        assert [unit.soc_percent for unit in sample.units] == [50.0, None, 50.0]
        assert (await site.meter(MeterRole.PV).read()).power_w == 1000.0
        assert (await site.meter(MeterRole.BATTERY).read()).soc_percent == pytest.approx(30.0)

    run_virtual(main())


def test_buses_do_not_hear_each_other_and_only_one_echoes() -> None:
    async def main() -> tuple[Ear, Ear]:
        site = VirtualSite(TWO_BUSES)
        ears = (Ear(), Ear())
        for bus, ear in zip(site.lines, ears, strict=True):
            link = site.memory_link(bus)
            await link.open(ear, lambda _: None)
            link.write(heartbeat(0x1111))
            await asyncio.sleep(0.5)
        return ears

    garage, yard = run_virtual(main())
    assert heartbeat(0x1111) not in garage.data
    assert heartbeat(0x1111) in yard.data
    assert len(garage.answers) == len(yard.answers) == 1


@pytest.mark.smoke
async def test_a_site_can_be_reached_by_pty_and_tcp(tmp_path: Path) -> None:
    site = VirtualSite(TWO_BUSES)
    port, tcp = site.pty_endpoint("garage", tmp_path / "garage"), site.tcp_endpoint("yard")
    port.plug_in()
    await tcp.plug_in()
    assert port.link.is_symlink()
    assert tcp.port
    port.unplug()
    await tcp.unplug()


async def demo_day(plan: SitePlan, hours: float) -> list[SiteSample]:
    """Every unit is offered 16 A all day; one sample a minute."""
    site = VirtualSite(plan)
    link = site.memory_link("garage")
    await link.open(lambda _: None, lambda _: None)
    samples = []
    for minute in range(round(hours * 60)):
        for second in range(60):
            for unit in site.units:
                protocol_1 = unit.connector.settings.protocol == 1
                if protocol_1 or second % 5 == 0 or unit.connector.session.asking:
                    link.write(heartbeat(unit.connector.unit_id, 5, 1600))
                await asyncio.sleep(1 / len(site.units))
        if minute % 10 == 0:
            samples.append(site.sample())
    return samples


def test_a_demo_day_lives_and_repeats_exactly() -> None:
    plan = demo_plan(seed=5)
    first = run_virtual(demo_day(plan, 4.5))
    assert run_virtual(demo_day(plan, 4.5)) == first
    assert run_virtual(demo_day(replace(plan, seed=6), 0.5)) != first

    seen = {(unit.unit_id, unit.plugged) for sample in first for unit in sample.units}
    assert {unit_id for unit_id, plugged in seen if plugged} == {0x1839, 0x2433, 0x022C}
    assert (0x022C, False) in seen
    assert max(sample.balance.cars_w for sample in first) > 2 * 15 * 240
    assert max(sample.balance.pv_w for sample in first) > 5000
    assert all(unit.error_s < 60 for unit in first[-1].units)
    assert sum(unit.energy_wh for unit in first[-1].units) > 15_000


def test_the_demo_shows_cars_coming_and_going_within_two_minutes() -> None:
    plan = demo_plan(speed=60.0, start_s=START_S)
    assert run_virtual(count_plug_changes(plan, 120.0)) >= 2


async def count_plug_changes(plan: SitePlan, seconds: float) -> int:
    site = VirtualSite(plan)
    before, changes = [False] * len(site.units), 0
    for _ in range(round(seconds)):
        await asyncio.sleep(1.0)
        plugged = [unit.plugged for unit in site.sample().units]
        changes += sum(one is not other for one, other in zip(before, plugged, strict=True))
        before = plugged
    return changes
