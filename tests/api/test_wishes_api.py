"""Settings, commands, schedules: what is asked, refused, and who was faster."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.house import Served

NIGHT = {"days": [0, 1, 2, 3, 4], "start": "22:00", "end": "06:00", "mode": "fixed", "amps": 16}


async def do(api: Served, command: dict[str, Any], **headers: str) -> Any:
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", json=command, headers=headers)
    assert answer.status_code == 200, answer.text
    return {scope["scope"]: scope for scope in answer.json()["scopes"]} | {"all": answer.json()}


async def test_a_mode(api: Served) -> None:
    until = "2026-06-21T20:00:00+02:00"
    told = await do(api, {"do": "set_mode", "mode": "off", "until": until, "then": "solar"})
    standing = told["site"]["standing"]
    assert (standing["mode"], standing["then"]) == ("off", "solar")
    api.house.publish()
    async with await api.with_token() as http:
        site = (await http.get("/api/v1/state")).json()["site"]
    assert (site["mode"], site["next_change"]["text"]) == ("off", "Solar from 20:00")


async def test_a_connector_has_a_mode_of_its_own_until_it_follows_the_site_again(api: Served) -> None:
    own = {"do": "set_mode", "scope": "bus/1A2B", "mode": "fixed", "amps": 10}
    assert (await do(api, own))["bus/1A2B"]["standing"]["amps"] == 10
    again = await do(api, {"do": "set_mode", "scope": "bus/1A2B", "mode": None})
    assert again.get("bus/1A2B", {"standing": None})["standing"] is None


async def test_what_comes_next_for_a_connector_is_its_own_or_the_sites(api: Served) -> None:
    async def nexts() -> dict[str, str | None]:
        api.house.publish()
        async with await api.with_token() as http:
            found = (await http.get("/api/v1/state")).json()["connectors"]
        return {one["key"]: one["next_change"] and one["next_change"]["text"] for one in found}

    assert set((await nexts()).values()) == {None}
    until = "2026-06-21T20:00:00+02:00"
    await do(api, {"do": "set_mode", "mode": "off", "until": until, "then": "solar"})
    assert set((await nexts()).values()) == {"Solar from 20:00"}
    await do(api, {"do": "set_mode", "scope": "bus/1A2B", "mode": "fixed", "amps": 10})
    assert (await nexts())["bus/1A2B"] is None, "the site's mode does not hold here"
    await do(api, {"do": "charge_now", "scope": "bus/1A2B", "amps": 12, "for_s": 7200})
    told = await nexts()
    assert told.pop("bus/1A2B") == "Charge now ends at 14:00"
    assert set(told.values()) == {"Solar from 20:00"}


async def test_charge_now_for_a_while_and_not(api: Served) -> None:
    told = await do(api, {"do": "charge_now", "scope": "bus/1A2B", "amps": 12, "for_s": 7200})
    assert told["bus/1A2B"]["charge_now"]["until"] == "2026-06-21T12:00:00Z", "14:00 in Berlin"
    api.house.publish()
    async with await api.with_token() as http:
        assert (await http.get("/api/v1/connectors/bus/1A2B")).json()["charge_now"] is True
    told = await do(api, {"do": "cancel_charge_now", "scope": "bus/1A2B"})
    assert told.get("bus/1A2B", {"charge_now": None})["charge_now"] is None


async def test_priority_and_saving_power(api: Served) -> None:
    assert (await do(api, {"do": "set_priority", "scope": "bus/1A2B", "priority": 3}))["bus/1A2B"]["priority"] == 3
    told = await do(api, {"do": "save_power", "kind": "watts", "value": 4200, "source": "grid operator"})
    assert told["all"]["save_power"][0]["value"] == 4200
    told = await do(api, {"do": "save_power", "kind": None, "source": "grid operator"})
    assert told["all"]["save_power"] == []


@pytest.mark.parametrize(
    "command,words",
    [
        ({"do": "set_mode", "scope": "bus/FFFF", "mode": "off"}, 'no connector "bus/FFFF"'),
        ({"do": "set_mode", "mode": "fixed", "amps": 3}, "6"),
        ({"do": "charge_now", "until": "2020-01-01T00:00:00Z"}, "passed"),
        ({"do": "charge_now", "until": "2026-06-21T20:00:00Z", "for_s": 60}, "not both"),
        ({"do": "save_power", "kind": "off", "circuit": "nowhere"}, "nowhere"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(api: Served, command: dict[str, Any], words: str) -> None:
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", json=command)
        assert (answer.status_code, answer.json()["type"]) == (409, "refused")
        assert words in answer.json()["detail"]
        assert (await http.get("/api/v1/settings")).json()["version"] == 7, "nothing has changed"


async def test_a_schedule_is_written_against_the_version_that_was_seen(api: Served) -> None:
    async with await api.with_token() as http:
        seen = await http.get("/api/v1/schedule")
        assert seen.json() == {"scope": "site", "windows": [], "version": 7}
        unseen = await http.put("/api/v1/schedule", json={"windows": [NIGHT]})
        assert (unseen.status_code, unseen.json()["type"]) == (428, "if_match")
        tag = {"If-Match": seen.headers["etag"]}
        written = await http.put("/api/v1/schedule", json={"windows": [NIGHT]}, headers=tag)
        assert written.json()["windows"] == [NIGHT | {"id": "1", "enabled": True}]
        late = await http.put("/api/v1/schedule", json={"windows": []}, headers=tag)
        assert (late.status_code, late.json()["type"]) == (412, "changed")
        fresh = await http.put("/api/v1/schedule", json={"windows": []}, headers={"If-Match": written.headers["etag"]})
        assert fresh.json()["windows"] == []


@pytest.mark.parametrize(
    "tag,status", [('"7"', 200), ('W/"7"', 200), ("*", 200), ('"6", "7"', 200), ('"8"', 412), ("x", 412), ("", 412)]
)
async def test_if_match_on_commands(api: Served, tag: str, status: int) -> None:
    async with await api.with_token() as http:
        answer = await http.post(
            "/api/v1/commands", json={"do": "set_mode", "mode": "solar"}, headers={"If-Match": tag}
        )
    assert answer.status_code == status


async def test_of_two_editors_at_once_one_wins_and_the_other_hears_of_it(api: Served) -> None:
    async with await api.with_token() as http:
        tag = {"If-Match": (await http.get("/api/v1/schedule")).headers["etag"]}
        tries = [
            http.put("/api/v1/schedule", json={"windows": [NIGHT | {"amps": a}]}, headers=tag) for a in range(8, 16)
        ]
        statuses = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
        assert statuses[0] == 200
        assert set(statuses[1:]) <= {409, 412}
        assert (await http.get("/api/v1/settings")).json()["version"] == 8


async def test_a_disk_that_takes_nothing_confirms_nothing(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError("settings.db: disk is full. The disk is full: free some space.")

    monkeypatch.setattr(api.house.wishes._keeper, "save", full)
    async with await api.with_token() as http:
        answer = await http.post("/api/v1/commands", json={"do": "set_mode", "mode": "solar"})
        assert (answer.status_code, answer.json()["type"]) == (503, "not_kept")
        assert "free some space" in answer.json()["detail"]
        assert (await http.get("/api/v1/settings")).json()["version"] == 7
