"""The history: minutes from instants, sessions, roll-ups, gaps, and what happens when the disk fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.control import small_world
from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.model.energy import EnergyFacts, MeterFacts, Prices, ReadingView
from twcmaster.model.history import ChargeSession, StoreHealth
from twcmaster.model.plan import Plan
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.model.world import Activity, WallConnector, World
from twcmaster.store import history as history_module
from twcmaster.store import history_tables as tables
from twcmaster.store.database import DatabaseError
from twcmaster.store.history import History
from twcmaster.store.history_checks import BadCopy

NOON = small_world.NOON
IDLE = replace(small_world.LEFT, activity=Activity.READY, actual_a=0.0)
CHARGING = small_world.charging(small_world.LEFT, 10.0, plugged=True)
CAR_W = 10.0 * 3 * 230
VINS = {"bus/1A2B": "5YJ3E1EA7KF000316"}


class Site:
    """A clock that goes `speed` times as fast as time, a world, and a history that looks at it once a second."""

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        self.clock = NOON
        self.speed = speed
        self.now = 1000.0
        self.told: list[tuple[str, str]] = []
        self.prices: Prices | None = None
        path = folder / "history.db"
        self.history = History(path, lambda: self.clock, lambda *told: self.told.append(told), speed)

    async def pass_time(
        self, seconds: int, connector: WallConnector = CHARGING, step_s: float = 1.0, grid_w: float | None = None
    ) -> None:
        for _ in range(int(seconds / step_s)):
            self.clock += timedelta(seconds=step_s * self.speed)
            self.now += step_s
            self.history.see(self.world(connector, grid_w), Plan(self.now, ()), VINS)
            if self.history._news.is_set():
                self.history._news.clear()
                await self.history._write()

    def world(self, connector: WallConnector, grid_w: float | None) -> World:
        site = replace(small_world.SITE_FACTS, energy=EnergyFacts(prices=self.prices))
        bare = World(self.now, self.clock, site, (replace(connector, heard_at=self.now),))
        facts = MeterFacts("grid", MeterRole.GRID, every_s=1.0)
        reading = None if grid_w is None else Reading(self.now, power_w=grid_w)
        return replace(bare, readings={"grid": ReadingView(facts, reading)})

    def health(self) -> StoreHealth:
        return self.history.health

    async def charged_kwh(self, hours: float = 24) -> float | None:
        edges = [NOON - timedelta(hours=1), NOON + timedelta(hours=hours)]
        return (await self.history.energy(edges))[0].charged_kwh

    async def cost(self) -> float | None:
        return (await self.history.energy([NOON - timedelta(hours=1), NOON + timedelta(hours=24)]))[0].cost

    async def sessions(self) -> list[ChargeSession]:
        return await self.history.sessions(NOON - timedelta(days=1), NOON + timedelta(days=400), None, 100)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path)
    await site.history.load(site.now)
    yield site
    await site.history.close()


async def test_an_hour_of_charging_is_an_hour_of_energy(site: Site) -> None:
    await site.pass_time(3661, grid_w=-100.0)
    assert await site.charged_kwh() == pytest.approx(CAR_W / 1000 * 3660 / 3600, rel=0.002)
    series = await site.history.series(NOON, NOON + timedelta(hours=1), 60)
    assert set(series.columns["cars_w"][:60]) == {CAR_W}
    assert "import_w" not in series.columns


async def test_gaps_are_unknown_not_zero(site: Site) -> None:
    await site.pass_time(600)
    site.clock += timedelta(minutes=30)
    site.now += 1800
    await site.pass_time(600)
    series = await site.history.series(NOON, NOON + timedelta(minutes=50), 60)
    assert series.columns["cars_w"][15] is None
    assert series.columns["cars_w"][5] == CAR_W
    assert await site.charged_kwh() == pytest.approx(CAR_W / 1000 / 3, rel=0.02), "only what was seen"


async def test_a_meter_that_is_silent_leaves_its_column_unknown(site: Site) -> None:
    await site.pass_time(120, grid_w=None)
    await site.pass_time(120, grid_w=500.0)
    series = await site.history.series(NOON, NOON + timedelta(minutes=4), 60)
    assert series.columns["grid_w"][:3] == [None, None, 500.0]


async def test_old_times_are_kept_in_wider_intervals(site: Site) -> None:
    await site.pass_time(3600, step_s=5)
    for days, finest_s in ((0, 10), (4, 60), (100, 900)):
        site.clock = NOON + timedelta(days=days, hours=1)
        site.history._until_forgetting = 0
        await site.history._write()
        series = await site.history.series(NOON, NOON + timedelta(hours=1), 10)
        assert series.step_s == finest_s
        known = [value for value in series.columns["cars_w"] if value is not None]
        assert known
        assert set(known) == {CAR_W}
        assert await site.charged_kwh() == pytest.approx(CAR_W / 1000, rel=0.03)


async def test_a_session_from_plug_to_plug(site: Site) -> None:
    await site.pass_time(60, IDLE)
    assert await site.sessions() == []
    await site.pass_time(1800, grid_w=-500.0)
    await site.pass_time(1800, grid_w=CAR_W)
    running = (await site.sessions())[0]
    assert running.ended_at is None
    assert running.vin_tail == "0316"
    assert running.energy_kwh == pytest.approx(CAR_W / 1000, rel=0.002)
    assert running.solar_kwh == pytest.approx(CAR_W / 2000, rel=0.01)
    await site.pass_time(20, replace(IDLE, plugged=False))
    ended = (await site.sessions())[0]
    assert ended.ended_at is not None
    assert ended.peak_a == 10
    assert site.history.running() == {}


@pytest.mark.parametrize(
    "between,minutes,sessions",
    [
        (replace(IDLE, plugged=True), 120, 1),
        (replace(IDLE, plugged=False), 1, 2),
        (IDLE, 20, 1),
        (IDLE, 40, 2),
        (replace(IDLE, plugged=True, activity=Activity.STOPPED), 25 * 60, 2),
    ],
)
async def test_what_ends_a_session(site: Site, between: WallConnector, minutes: int, sessions: int) -> None:
    await site.pass_time(300)
    await site.pass_time(minutes * 60, between, step_s=4)
    await site.pass_time(300)
    assert len(await site.sessions()) == sessions


async def test_a_faster_clock_ends_sessions_and_counts_energy_by_its_own_time(tmp_path: Path) -> None:
    site = Site(tmp_path, speed=60.0)
    await site.history.load(site.now)
    await site.pass_time(61)
    assert await site.charged_kwh() == pytest.approx(CAR_W / 1000, rel=0.01)
    await site.pass_time(20, IDLE)
    assert (await site.sessions())[0].ended_at is None
    await site.pass_time(15, IDLE)
    assert (await site.sessions())[0].ended_at is not None
    await site.history.close()


async def test_a_car_that_only_tried_is_no_session(site: Site) -> None:
    await site.pass_time(2)
    await site.pass_time(30, replace(IDLE, plugged=False))
    assert await site.sessions() == []


EURO = Prices(0.30, 0.10, "EUR")


async def test_what_charging_cost(site: Site) -> None:
    site.prices = EURO
    await site.pass_time(1800, grid_w=-500.0)
    await site.pass_time(1800, grid_w=CAR_W)
    kwh = CAR_W / 2000
    assert (await site.sessions())[0].cost == pytest.approx(kwh * 0.10 + kwh * 0.30, rel=0.003)
    await site.pass_time(61, replace(IDLE, plugged=False))
    assert await site.cost() == pytest.approx(kwh * 0.10 + kwh * 0.30, rel=0.003)
    assert "cost_per_h" not in (await site.history.series(NOON, NOON + timedelta(hours=1), 60)).columns


async def test_what_no_meter_tells_counts_as_bought(site: Site) -> None:
    site.prices = EURO
    await site.pass_time(3600)
    assert (await site.sessions())[0].cost == pytest.approx(CAR_W / 1000 * 0.30, rel=0.003)


async def test_a_price_counts_from_when_it_is_set(site: Site) -> None:
    site.prices = EURO
    await site.pass_time(1800)
    site.prices = Prices(0.60, 0.10, "EUR")
    await site.pass_time(1860)
    assert await site.cost() == pytest.approx(CAR_W / 2000 * (0.30 + 0.60), rel=0.03)


@pytest.mark.parametrize("first,then", [(None, EURO), (EURO, None)])
async def test_a_session_partly_without_prices_has_no_cost(
    site: Site, first: Prices | None, then: Prices | None
) -> None:
    site.prices = first
    await site.pass_time(600)
    site.prices = then
    await site.pass_time(600)
    assert (await site.sessions())[0].cost is None


async def test_without_prices_there_is_no_cost(site: Site) -> None:
    await site.pass_time(1200)
    assert (await site.sessions())[0].cost is None
    assert await site.cost() is None


@pytest.mark.parametrize("away_s,sessions", [(60, 1), (3600, 2)])
async def test_a_restart_in_the_middle_of_a_session(tmp_path: Path, away_s: int, sessions: int) -> None:
    before = Site(tmp_path)
    before.prices = EURO
    await before.history.load(before.now)
    await before.pass_time(600)
    await before.history.close()
    after = Site(tmp_path)
    after.prices = EURO
    after.clock, after.now = before.clock + timedelta(seconds=away_s), 50.0
    await after.history.load(after.now)
    await after.pass_time(600)
    found = await after.sessions()
    assert len(found) == sessions
    assert sum(session.energy_kwh for session in found) == pytest.approx(CAR_W / 1000 / 3, rel=0.03)
    assert sum(session.cost or 0.0 for session in found) == pytest.approx(CAR_W / 1000 / 3 * 0.30, rel=0.03)
    await after.history.close()


async def test_a_full_disk_loses_nothing_for_a_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    works = site.history._database.run

    async def full(_: object) -> None:
        raise DatabaseError("history.db: database or disk is full. The disk is full: free some space.")

    monkeypatch.setattr(site.history._database, "run", full)
    await site.pass_time(1800)
    assert not site.health().ok
    assert [text for level, text in site.told if level == "error"] == [site.told[0][1]], "said once"
    assert "Charging goes on" in site.told[0][1]
    monkeypatch.setattr(site.history._database, "run", works)
    await site.history._write()
    written = await site.history._database.run(lambda c: tables.sessions(c, 0, NOON.timestamp() + 86400, None, 10))
    assert [session.energy_kwh for session in written] == [pytest.approx(CAR_W / 2000, rel=0.04)]
    await site.pass_time(61)
    assert site.health().ok
    assert site.told[-1][0] == "info"
    assert await site.charged_kwh() == pytest.approx(CAR_W / 2000, rel=0.04)
    assert len(await site.sessions()) == 1


async def test_memory_is_bounded_while_the_disk_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_WAITING_MINUTES", 10)
    bounded = History(site.history._path, lambda: site.clock, lambda *_: None)

    async def full(_: object) -> None:
        raise DatabaseError("full")

    monkeypatch.setattr(bounded._database, "run", full)
    await site.history.close()
    site.history = bounded
    await site.pass_time(3600)
    assert len(bounded._waiting) == 10


async def test_a_damaged_history_is_moved_aside_and_begun_afresh(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    site = Site(tmp_path)
    await site.history.load(site.now)
    assert "kept as history.db.aside-" in site.told[0][1]
    await site.pass_time(130)
    assert await site.charged_kwh() is not None
    await site.history.close()


async def test_a_clock_that_goes_back_breaks_nothing(site: Site) -> None:
    await site.pass_time(300)
    site.clock -= timedelta(minutes=3)
    await site.pass_time(300)
    series = await site.history.series(NOON, NOON + timedelta(minutes=10), 60)
    assert [value for value in series.columns["cars_w"][:6] if value is not None] == [CAR_W] * 6


@pytest.mark.parametrize("before_s,after_s", [(3600, 7261), (3000, 4000), (3000, 200)])
async def test_a_clock_that_was_ahead_for_a_while_does_not_end_the_history(
    site: Site, before_s: int, after_s: int
) -> None:
    await site.pass_time(before_s, step_s=5)
    right = site.clock
    site.clock = right.replace(year=2036)
    await site.pass_time(1200, step_s=5)
    site.clock = right
    await site.pass_time(after_s, step_s=5)
    kwh = CAR_W / 1000 * (before_s + after_s) / 3600
    assert await site.charged_kwh() == pytest.approx(kwh, rel=0.03)
    site.clock += timedelta(days=100)
    site.history._until_forgetting = 0
    await site.history._write()
    assert await site.charged_kwh() == pytest.approx(kwh, rel=0.06), "the quarters are there, too"


async def test_a_copy_brings_back_what_is_missing(site: Site, tmp_path: Path) -> None:
    await site.pass_time(1900)
    await site.pass_time(30, replace(IDLE, plugged=False))
    copy = tmp_path / "copy.db"
    await site.history.copy_to(copy)
    (tmp_path / "new").mkdir()
    fresh = Site(tmp_path / "new")
    await fresh.history.load(fresh.now)
    assert "1 sessions" in await fresh.history.take_from(copy)
    assert await fresh.charged_kwh() == pytest.approx(await site.charged_kwh())
    assert await fresh.sessions() == await site.sessions()
    assert await fresh.history.take_from(copy) == "0 intervals and 0 sessions of history"
    await fresh.history.close()


@pytest.mark.parametrize("content", [b"", b"nonsense" * 500, b"SQLite format 3\0" + bytes(4000)])
async def test_what_is_no_copy_changes_nothing(site: Site, tmp_path: Path, content: bytes) -> None:
    await site.pass_time(130)
    bad = tmp_path / "bad.db"
    bad.write_bytes(content)
    with pytest.raises((BadCopy, DatabaseError)):
        await site.history.take_from(bad)
    assert await site.charged_kwh() is not None


def test_plans_of_real_decisions_fit(tmp_path: Path) -> None:
    world = small_world.world(small_world.settings(), connectors=(replace(CHARGING, heard_at=999.0),))
    plan, _ = decide(world, Memory())
    history = History(tmp_path / "history.db", lambda: datetime.now().astimezone(), lambda *_: None)  # noqa: TID251 - any time
    history.see(world, plan, {})
    assert history.running().keys() == {"bus/1A2B"}
