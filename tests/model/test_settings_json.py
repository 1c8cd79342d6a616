"""Settings and commands as JSON: nothing lost, newer and damaged documents told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time

import pytest

from twcmaster.model.commands import Command, SetMode, SetSchedule, StartChargeNow
from twcmaster.model.settings import (
    ChargeNow,
    Mode,
    SaveKind,
    SavePower,
    ScopeWishes,
    Settings,
    StandingMode,
    Window,
)
from twcmaster.model.settings_json import FORMAT, FormatError, decode, decode_command, encode, encode_command

AT = datetime(2026, 6, 21, 10, 0, 0, 250000, tzinfo=UTC)
NIGHT = Window("1", frozenset({0, 6}), time(22, 30), time(6), Mode.FIXED, 12.5, enabled=False)
EVERYTHING = Settings(
    41,
    {
        "site": ScopeWishes(
            StandingMode(Mode.OFF, None, AT, StandingMode(Mode.FIXED, 20.0)),
            ChargeNow(AT, 16.0, AT, 5.5, until_unplugged=True, charged_kwh=2.25, car_seen=True, gone_since=AT),
            (NIGHT,),
        ),
        "bus/1A2B": ScopeWishes(priority=3),
    },
    (SavePower(SaveKind.WATTS, 4200.0, "garage", AT, "grid ⚡"),),
)


def test_nothing_is_lost() -> None:
    assert decode(json.loads(json.dumps(encode(EVERYTHING)))) == EVERYTHING


def test_the_document_is_readable_by_people() -> None:
    document = encode(EVERYTHING)
    assert document["format"] == FORMAT
    assert document["scopes"]["site"]["windows"][0] == {
        "id": "1",
        "days": [0, 6],
        "start": "22:30:00",
        "end": "06:00:00",
        "mode": "fixed",
        "amps": 12.5,
        "enabled": False,
    }


def test_fields_of_a_newer_program_are_ignored() -> None:
    document = encode(EVERYTHING) | {"tariff": "night"}
    document["scopes"]["site"]["departure"] = "07:00"
    assert decode(document) == EVERYTHING


@pytest.mark.parametrize(
    "change, says",
    [
        ({"format": FORMAT + 1}, "newer version"),
        ({"format": None}, "no format number"),
        ({"scopes": {"site": {"standing": {"mode": "warp"}}}}, "scopes.site.standing.mode"),
        ({"scopes": {"site": {"priority": "high"}}}, "scopes.site.priority"),
        ({"scopes": {"site": {"standing": {"mode": "off", "until": "2026-06-21T10:00:00"}}}}, "no zone"),
        ({"save_power": [{"kind": "off", "until": "2026-06-21T10:00:00"}]}, "no zone"),
        (
            {
                "scopes": {
                    "site": {"windows": [{"id": "1", "days": [1], "start": "22:00:00Z", "end": "06:00", "mode": "off"}]}
                }
            },
            "zone of its own",
        ),
        ({"scopes": []}, "scopes"),
    ],
)
def test_other_documents_are_refused_with_the_place(change: dict[str, object], says: str) -> None:
    with pytest.raises(FormatError, match=says):
        decode(encode(EVERYTHING) | change)


@pytest.mark.parametrize("document", [None, [], "x", 3, {}])
def test_what_is_no_document_at_all(document: object) -> None:
    with pytest.raises(FormatError):
        decode(document)
    with pytest.raises(FormatError):
        decode_command(document)


@pytest.mark.parametrize(
    "command",
    [
        SetMode(Mode.OFF, until=AT, then=Mode.SOLAR),
        StartChargeNow("bus/1A2B", 12.5, energy_kwh=5.0, until_unplugged=True),
        SetSchedule((NIGHT,)),
    ],
)
def test_commands_survive(command: Command) -> None:
    assert decode_command(json.loads(json.dumps(encode_command(command)))) == command


@pytest.mark.parametrize(
    "document, says",
    [
        ({"command": "explode"}, "set_mode, start_charge_now"),
        ({"command": ["set_mode"]}, "set_mode, start_charge_now"),
        ({"command": "set_mode"}, "missing required field mode"),
        ({"command": "set_mode", "mode": "off", "scop": "site"}, '"scop" is not known here'),
        ({"command": "set_mode", "mode": "fixed", "amps": "12"}, "amps"),
        ({"command": "set_mode", "mode": "fixed", "amps": True}, "amps"),
        ({"command": "set_mode", "mode": "off", "until": "tomorrow"}, "until"),
        ({"command": "set_schedule", "windows": [{"amp": 3}]}, '"amp" is not known here'),
        ({"command": "set_schedule", "windows": 3}, "windows"),
        ({"command": "set_schedule", "windows": [3]}, "windows.0"),
    ],
)
def test_mistakes_in_commands_are_told_with_their_place(document: dict[str, object], says: str) -> None:
    with pytest.raises(FormatError) as error:
        decode_command(document)
    assert says in str(error.value)
