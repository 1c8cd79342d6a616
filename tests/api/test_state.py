"""What is: state, parts, log, health."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.house import Served
from twcmaster.model.world import Presence

READ = [
    "/state", "/connectors", "/connectors/bus/1A2B", "/circuits", "/meters", "/plan", "/log", "/settings", "/schedule",
    "/buses", "/buses/bus", "/buses/bus/frames", "/history/series", "/history/energy", "/history/sessions",
]  # fmt: skip


async def test_the_state_shows_the_first_page(api: Served) -> None:
    async with await api.with_token() as http:
        answer = await http.get("/api/v1/state")
    state = answer.json()
    assert answer.status_code == 200
    assert state["run"] == "b3f1"
    assert state["site"]["name"] == "Home"
    assert state["site"]["mode"] == "fixed"
    assert state["flow"]["solar_w"] == 5200
    assert state["flow"]["cars_w"] == 15 * 230
    assert state["flow"]["house_w"] == -1500 + 5200 - 15 * 230
    assert state["site"]["status"] == {"code": "charging_solar", "text": "Charging with 3.5 kW of sun"}
    left = state["connectors"][0]
    assert left["key"] == "bus/1A2B"
    assert left["state"] == {"code": "charging", "text": "Charging at 5.0 A"}
    assert left["car"] == {"plugged": True, "vin_tail": "0316"}
    assert left["lifetime_kwh"] == 4711
    assert left["wish"]["text"] == "Fixed at 20 A for the site"
    assert {circuit["name"]: circuit["parent"] for circuit in state["circuits"]}["garage"] == "main"
    assert {meter["name"]: meter["age_s"] for meter in state["meters"]} == {"grid": 1.0, "roof": 1.0}


async def test_what_is_not_known_is_null_never_zero(api: Served) -> None:
    unheard = replace(api.house.world.connectors[0], heard_at=None, actual_a=None, presence=Presence.LINKING)
    api.house.publish(connectors=(unheard,), readings={})
    async with await api.with_token() as http:
        state = (await http.get("/api/v1/state")).json()
    assert state["flow"] == {
        "solar_w": None, "grid_w": None, "house_w": None, "battery_w": None, "battery_percent": None, "cars_w": None,
    }  # fmt: skip
    assert [state["connectors"][0][key] for key in ("drawn_a", "power_w", "heard_age_s", "offered_a")] == [None] * 4


async def test_a_state_that_is_there_already_is_not_sent_again(api: Served) -> None:
    async with await api.with_token() as http:
        first = await http.get("/api/v1/state")
        again = await http.get("/api/v1/state", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        api.house.publish()
        newer = await http.get("/api/v1/state", headers={"If-None-Match": first.headers["etag"]})
        assert newer.status_code == 200
        assert newer.json()["number"] == first.json()["number"] + 1


async def test_parts_say_what_the_whole_says(api: Served) -> None:
    async with await api.with_token() as http:
        whole = (await http.get("/api/v1/state")).json()
        for part in ("connectors", "circuits", "meters"):
            assert (await http.get(f"/api/v1/{part}")).json() == whole[part]
        assert (await http.get("/api/v1/connectors/bus/1a2b")).json() == whole["connectors"][0]
        plan = (await http.get("/api/v1/plan")).json()
    assert [offer["key"] for offer in plan["offers"]] == [c["key"] for c in whole["connectors"]]


@pytest.mark.parametrize(
    "path", ["connectors/bus/FFFF", "connectors/nowhere/1A2B", "buses/nowhere", "buses/nowhere/frames"]
)
async def test_what_does_not_exist_is_404_and_says_what_does(api: Served, path: str) -> None:
    async with await api.with_token() as http:
        answer = await http.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Known: bus" in answer.json()["what_to_do"]


async def test_the_log_is_newest_first_and_can_be_resumed(api: Served) -> None:
    api.house.notice("info", "one")
    api.house.notice("warning", "two")
    async with await api.with_token() as http:
        page = (await http.get("/api/v1/log")).json()
        assert [entry["text"] for entry in page["entries"][:2]] == ["two", "one"]
        newest = page["entries"][0]["number"]
        assert (await http.get("/api/v1/state")).json()["newest_notice"] == newest
        api.house.notice("error", "three")
        fresh = (await http.get("/api/v1/log", params={"after": newest})).json()
    assert [entry["text"] for entry in fresh["entries"]] == ["three"]


async def test_health_answers_without_login_and_tells_little(api: Served) -> None:
    async with api.client() as http:
        answer = await http.get("/api/v1/health")
    assert answer.json() == {"status": "ok", "version": "1.2.3", "decision_age_s": 0.5, "history": "ok"}


async def test_late_decisions_show_in_health(api: Served) -> None:
    api.house.hub.publish(replace(api.house.world, now=950.0), api.house.hub.newest.plan, {})  # type: ignore[union-attr]
    async with api.client() as http:
        assert (await http.get("/api/v1/health")).json()["status"] == "degraded"


async def test_before_the_first_decision_everything_says_so(api: Served) -> None:
    api.house.hub.newest = None
    async with await api.with_token() as http:
        assert (await http.get("/api/v1/health")).json()["status"] == "starting"
        for path in ("state", "connectors", "circuits", "meters", "plan"):
            answer = await http.get(f"/api/v1/{path}")
            assert answer.status_code == 503
            assert answer.json()["what_to_do"] == "Try again in a second."


@pytest.mark.parametrize("path", READ)
async def test_reading_needs_a_login(api: Served, path: str) -> None:
    async with api.client() as stranger, await api.with_token() as program:
        refused = await stranger.get(f"/api/v1{path}")
        assert refused.status_code == 401
        assert refused.json()["type"] == "login_needed"
        assert (await program.get(f"/api/v1{path}")).status_code == 200
