import asyncio
import random

import pytest

from tests.sim.wire import heartbeat, make_unit
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import MeterRole
from twcmaster.sim.car import VirtualCar
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.daytime import DayClock
from twcmaster.sim.house import HomeBattery, House, SimMeter, Socket
from twcmaster.sim.line import Line
from twcmaster.sim.sun import Day, Trace, clear_sky, constant

QUIET_DAY = Day(constant(3000.0), constant(500.0))


async def charging_house(day: Day, battery: HomeBattery | None = None) -> House:
    """Three phases, one single-phase car at 16 A on site phase 2."""
    line = Line(random.Random(1))
    car = VirtualCar(CarSpec(underdraw=0.0, volts=230.0))
    unit = make_unit(car=car, volts=(230, 0, 0))
    line.seat(unit)
    adapter = line.attach(lambda _: None)
    car.plug_in(0.0)
    for _ in range(20):
        adapter.write(heartbeat(command=5, limit_ca=1600))
        await asyncio.sleep(1.0)
    return House(day, DayClock(), (Socket(unit, (2,)),), battery, phases=3, volts=230.0)


def test_the_grid_carries_what_the_sun_does_not() -> None:
    async def main() -> None:
        house = await charging_house(QUIET_DAY)
        balance = house.balance(asyncio.get_running_loop().time())
        assert balance.cars_w == pytest.approx(16 * 230)
        assert balance.grid_w == pytest.approx(500 + 3680 - 3000)
        even_a = -2500 / 3 / 230
        assert house.phase_a(balance) == pytest.approx((even_a, even_a + 16, even_a))

    run_virtual(main())


@pytest.mark.parametrize(
    "role, sees_cars, power_w",
    [
        (MeterRole.GRID, True, 1180.0),
        (MeterRole.GRID, False, -2500.0),
        (MeterRole.PV, True, 3000.0),
        (MeterRole.HOUSE, True, 4180.0),
        (MeterRole.HOUSE, False, 500.0),
        (MeterRole.CHARGER, True, 3680.0),
        (MeterRole.BATTERY, True, 0.0),
    ],
)
def test_each_meter_shows_its_place(role: MeterRole, sees_cars: bool, power_w: float) -> None:
    async def main() -> None:
        meter = SimMeter(await charging_house(QUIET_DAY), role, sees_cars=sees_cars)
        reading = await meter.read()
        assert reading.power_w == pytest.approx(power_w)
        assert reading.taken_at == asyncio.get_running_loop().time()
        assert (reading.phase_a is not None) is (role is MeterRole.GRID and sees_cars)
        assert reading.soc_percent is None
        await meter.close()

    run_virtual(main())


@pytest.mark.parametrize(
    "pv_w, load_w, battery_w, grid_w",
    [(3000, 500, -2000, -500), (1500, 500, -1000, 0), (0, 1500, 1500, 0), (0, 5000, 2000, 3000)],
)
def test_a_battery_takes_surplus_and_gives_what_lacks_within_its_power(
    pv_w: float, load_w: float, battery_w: float, grid_w: float
) -> None:
    house = House(Day(constant(pv_w), constant(load_w)), DayClock(), battery=HomeBattery(max_w=2000.0))
    balance = house.balance(0.0)
    assert (balance.battery_w, balance.grid_w) == (battery_w, grid_w)


def test_a_battery_fills_and_empties() -> None:
    battery = HomeBattery(capacity_kwh=1.0, max_w=1000.0, soc_percent=50.0)
    assert battery.settle(-5000.0, 0.0) == -1000.0
    battery.settle(-5000.0, 900.0)
    assert battery.soc_percent == pytest.approx(75.0)
    assert battery.settle(-5000.0, 1800.0) == 0.0
    assert battery.soc_percent == 100.0
    assert battery.settle(5000.0, 60.0) == 1000.0
    assert battery.settle(5000.0, 7200.0) == 0.0
    assert battery.soc_percent == 0.0


async def meter_of_the_sun(every_s: float, delay_s: float) -> SimMeter:
    house = House(Day(Trace(clear_sky(5000.0).watts), constant(0.0)), DayClock(start_s=8 * 3600.0))
    return SimMeter(house, MeterRole.PV, every_s, delay_s)


def test_a_meter_repeats_itself_until_its_next_measurement() -> None:
    async def main() -> list[float]:
        meter = await meter_of_the_sun(10.0, 0.0)
        taken = []
        for _ in range(25):
            taken.append((await meter.read()).taken_at)
            await asyncio.sleep(1.0)
        return taken

    assert run_virtual(main()) == [0.0] * 10 + [10.0] * 10 + [20.0] * 5


def test_a_slow_meter_tells_of_the_past() -> None:
    async def main() -> list[float]:
        meter = await meter_of_the_sun(1.0, 3.0)
        with pytest.raises(MeterError, match="no measurement yet"):
            await meter.read()
        ages = []
        for _ in range(8):
            await asyncio.sleep(1.0)
            now = asyncio.get_running_loop().time()
            if now >= 3.0:
                ages.append(now - (await meter.read()).taken_at)
        return ages

    ages = run_virtual(main())
    assert all(3.0 <= age <= 4.0 for age in ages[3:])


def test_a_meter_can_break_and_hang() -> None:
    async def main() -> None:
        meter = await meter_of_the_sun(1.0, 0.0)
        meter.broken = "no answer"
        with pytest.raises(MeterError, match="no answer"):
            await meter.read()
        meter.broken, meter.hang_s = None, 30.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await meter.read()

    run_virtual(main())
