"""Series, energy, sessions, CSV: asked for in every way."""

from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.api.house import Served
from tests.control.small_world import BERLIN
from twcmaster.api.views.history import edges, sessions_csv
from twcmaster.model.energy import EnergyFacts, Prices
from twcmaster.model.history import ChargeSession
from twcmaster.store.history_tables import put_session


async def two_hours(api: Served) -> None:
    """From noon to two, one look a second: 3450 W into one car, 1500 W exported."""
    for second in range(7200):
        api.house.clock.go_on(seconds=1)
        world = api.house.world
        now = world.now + 1
        fresh = {
            name: view.__class__(view.facts, view.reading.__class__(now, power_w=view.reading.power_w), None)
            for name, view in world.readings.items()
            if view.reading is not None
        }
        api.house.world = world.__class__(
            **{name: getattr(world, name) for name in world.__slots__}
            | {"now": now, "clock": api.house.clock(), "readings": fresh}
        )
        api.house.history.see(api.house.world, api.house.hub.newest.plan, {"bus/1A2B": "5YJ3E1EA7KF000316"})  # type: ignore[union-attr]
        if second % 600 == 599:
            await api.house.history._write()
    await api.house.history._write()


async def test_what_was_is_told_in_every_shape(api: Served) -> None:
    await two_hours(api)
    async with await api.with_token() as http:
        hours: dict[str, Any] = {"from": "2026-06-21T10:00:00Z", "to": "2026-06-21T12:00:00Z"}
        minutes = (await http.get("/api/v1/history/series", params=hours | {"step_s": 60})).json()
        assert (minutes.get("step_s"), len(minutes.get("at_s", []))) == (60, 120), minutes
        assert minutes["columns"]["cars_w"][5] == 3450
        assert minutes["columns"]["bus/1A2B:drawn_a"][5] == 5.0
        assert minutes["columns"]["bus/3C4D:drawn_a"][5] == 0.0
        fine = (await http.get("/api/v1/history/series", params=hours)).json()
        assert (fine["step_s"], len(fine["at_s"])) == (10, 720)
        day = (await http.get("/api/v1/history/energy", params={"date": "2026-06-21"})).json()
        assert len(day["parts"]) == 24
        assert day["total"]["charged_kwh"] == pytest.approx(6.9, abs=0.07)
        assert day["total"]["charged_from_solar_kwh"] == day["total"]["charged_kwh"]
        assert day["total"]["exported_kwh"] == pytest.approx(3.0, abs=0.04)
        assert day["total"]["imported_kwh"] == 0
        assert (day["total"]["cost"], day["currency"]) == (None, None)
        assert day["parts"][12]["charged_kwh"] == pytest.approx(3.45, abs=0.02)
        assert day["parts"][3]["charged_kwh"] is None, "nothing is known of that hour"
        session = (await http.get("/api/v1/history/sessions")).json()["sessions"][0]
        assert session["ended_at"] is None
        assert session["energy_kwh"] == pytest.approx(6.9, abs=0.01)
        assert (session["solar_share"], session["vin_tail"], session["peak_a"]) == (1.0, "0316", 5.0)
        table = list(csv.reader(io.StringIO((await http.get("/api/v1/history/series.csv", params=hours)).text)))
        assert len(table) == 721
        assert table[60][0] == "2026-06-21T12:09:50+02:00"
        assert table[60][table[0].index("cars_w")] == "3450.0"


@pytest.mark.parametrize(
    "question,status",
    [
        ({"from": "2026-06-21T12:00:00Z", "to": "2026-06-21T10:00:00Z"}, 422),
        ({"from": "2026-06-21T12:00:00Z", "to": "2026-06-21T12:00:00Z"}, 422),
        ({"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "step_s": 10}, 422),
        ({"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 200),
        ({"from": "0001-01-01T00:00:00+14:00"}, 422),
        ({"to": "9999-12-31T23:59:59Z"}, 422),
        ({"from": "yesterday"}, 422),
        ({"from": "2026-06-21T12:00:00"}, 422),
        ({"step_s": 7}, 422),
        ({"step_s": "fast"}, 422),
    ],
)
async def test_times_that_make_no_sense(api: Served, question: dict[str, Any], status: int) -> None:
    async with await api.with_token() as http:
        for path in ("series", "series.csv"):
            answer = await http.get(f"/api/v1/history/{path}", params=question)
            assert answer.status_code == status, answer.text


async def test_pages_of_sessions(api: Served) -> None:
    at = api.house.clock()
    many = [ChargeSession(n, "bus/1A2B", "Left bay", at - timedelta(hours=n), at, 1.0) for n in range(1, 8)]
    await api.house.history._database.run(lambda c: _put(c, many))
    async with await api.with_token() as http:
        seen, before = [], None
        while True:
            asked = {"most": 3} | ({} if before is None else {"before": before})
            page = (await http.get("/api/v1/history/sessions", params=asked)).json()
            seen += [session["id"] for session in page["sessions"]]
            before = page["next_before"]
            if before is None:
                break
        assert seen == [7, 6, 5, 4, 3, 2, 1]
        table = list(csv.reader(io.StringIO((await http.get("/api/v1/history/sessions.csv")).text)))
    assert len(table) == 8


async def test_what_it_cost_is_told_with_the_currency(api: Served) -> None:
    prices = EnergyFacts(prices=Prices(0.30, 0.08, "CHF"))
    api.house.publish(site=replace(api.house.world.site, energy=prices))
    await two_hours(api)
    free = ChargeSession(1, "bus/1A2B", "Left bay", api.house.clock() - timedelta(days=1), api.house.clock(), 1.0)
    await api.house.history._database.run(lambda c: _put(c, [free]))
    async with await api.with_token() as http:
        day = (await http.get("/api/v1/history/energy", params={"date": "2026-06-21"})).json()
        assert (day["currency"], day["total"]["cost"]) == ("CHF", pytest.approx(6.9 * 0.08, abs=0.006))
        assert day["parts"][12]["cost"] == pytest.approx(3.45 * 0.08, abs=0.003)
        assert day["parts"][3]["cost"] is None
        page = (await http.get("/api/v1/history/sessions")).json()
        assert (page["currency"], page["sessions"][0]["cost"]) == ("CHF", pytest.approx(6.9 * 0.08, abs=0.006))
        rows = list(csv.DictReader(io.StringIO((await http.get("/api/v1/history/sessions.csv")).text)))
    assert [(row["cost"], row["currency"]) for row in rows] == [("0.55", "CHF"), ("", "")]


def _put(connection: sqlite3.Connection, sessions: list[ChargeSession]) -> None:
    for session in sessions:
        put_session(connection, session)


async def test_a_history_that_cannot_be_read_says_so(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> None:
        raise OSError("history.db: disk I/O error. The disk does not work properly: check it, and think of a new one.")

    monkeypatch.setattr(api.house.history._database, "run", broken)
    async with await api.with_token() as http:
        for path in ("series", "series.csv", "energy", "sessions", "sessions.csv"):
            answer = await http.get(f"/api/v1/history/{path}")
            assert (answer.status_code, answer.json()["type"]) == (503, "no_history")
            assert "check it" in answer.json()["detail"]
        assert (await http.get("/api/v1/state")).status_code == 200


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "period,day,zone,parts,first,last",
    [
        ("day", date(2026, 6, 21), BERLIN, 24, "2026-06-20T22:00:00+00:00", "2026-06-21T22:00:00+00:00"),
        ("day", date(2026, 3, 29), BERLIN, 23, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"),
        ("day", date(2026, 10, 25), BERLIN, 25, "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ("week", date(2026, 6, 21), BERLIN, 7, "2026-06-14T22:00:00+00:00", "2026-06-21T22:00:00+00:00"),
        ("month", date(2024, 2, 29), NEW_YORK, 29, "2024-02-01T05:00:00+00:00", "2024-03-01T05:00:00+00:00"),
        ("year", date(2026, 12, 31), NEW_YORK, 12, "2026-01-01T05:00:00+00:00", "2027-01-01T05:00:00+00:00"),
    ],
)
def test_periods_by_the_sites_clock(period: str, day: date, zone: ZoneInfo, parts: int, first: str, last: str) -> None:
    found = edges(period, day, zone)
    assert len(found) == parts + 1
    assert (found[0], found[-1]) == (datetime.fromisoformat(first), datetime.fromisoformat(last))
    assert found == sorted(found)


def test_no_cell_is_a_formula() -> None:
    bad = ChargeSession(1, "bus/1A2B", '=HYPERLINK("http://evil")', datetime(2026, 6, 21, tzinfo=BERLIN))
    table = list(csv.reader(io.StringIO("".join(sessions_csv([bad], BERLIN, None)))))
    assert table[1][2] == '\'=HYPERLINK("http://evil")'
