"""Old settings: what they come to, and that no entry is dropped without a word nor a secret shown."""

from __future__ import annotations

import json
import string
import tomllib
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.config.load import parse
from twcmaster.config.schema import Config
from twcmaster.model.commands import Command, SetMode, SetSchedule, StartChargeNow
from twcmaster.model.settings import Mode, Window
from twcmaster.store.old_settings import Imported, Kind, OldSettingsError, bring_over, leaves, understand
from twcmaster.store.old_settings_words import Fate

#: A Sunday.
CLOCK = datetime(2026, 6, 21, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
EVERY_DAY = frozenset(range(7))
ORIGINAL = """\
nonScheduledAmpsMax=12
scheduledAmpsMax=32
scheduledAmpsStartHour=22.5
scheduledAmpsEndHour=6.0
scheduledAmpsDaysBitmap=31
hourResumeTrackGreenEnergy=7.0
kWhDelivered=1234.5
carApiBearerToken=hush-hush
carApiRefreshToken=hush-too
carApiTokenExpireTime=1600000000
homeLat=10000
homeLon=10000
"""
FORK_CONFIG = """\
# the installation # of "somebody"
{
  "config": {
    // three phases
    "wiringMaxAmpsAllTWCs": 32, "wiringMaxAmpsPerTWC": 16,
    "minAmpsPerTWC": 6, "defaultVoltage": 230, "numberOfPhases": 3, # "commented": 1,
    "greenEnergyAmpsOffset": -1.5, "maxAmpsAllowedFromGrid": 25,
    "subtractChargerLoad": true, "treatGenerationAsGridDelivery": false,
    "logLevel": 15, "fakeMaster": 1, "settingsPath": "/etc/twcmanager", "teslaApiClientID": "hush-id",
    "startStopDelay": 60, "chargeNowLimit": 90, "newFangled": [1, 2],
  },
  "interface": {"RS485": {"enabled": true, "baud": 9600, "port": "rfc2217://10.0.0.5:2217"}},
  "control": {"HTTP": {"enabled": true, "listenPort": 8081}, "MQTT": {"enabled": true, "password": "hush"}},
  "policy": {"extend": {"emergency": [{"name": "mine"}], "webhooks": {}}, "engine": {"policyCheckInterval": 30}},
  "sources": {
    "MQTT": {"enabled": true, "brokerIP": "10.0.0.9", "username": "me", "password": "hush",
      "topicConsumption": "house/w", "topicGeneration": "pv/w"},
    "HASS": {"enabled": true, "serverIP": "10.0.0.8", "apiKey": "hush",
      "hassEntityConsumption": "", "hassEntityGeneration": "sensor.pv"},
    "URL": {"enabled": true, "url": "http://10.0.0.7/x#y", "consumptionItem": "c", "generationItem": ""},
    "openHAB": {"enabled": true, "serverIP": "10.0.0.6", "consumptionItem": "C", "generationItem": "G"},
    "Fronius": {"enabled": true, "serverIP": "10.0.0.4"},
    "TED": {"enabled": false, "serverIP": "192.168.1.1"},
  },
  "vehicle": {"TeslaMate": {"enabled": false, "db_pass": "hush"}},
}
"""


def settings(**entries: object) -> str:
    return json.dumps(entries)


def imported(**files: str) -> Imported:
    names = {"txt": "TWCManagerSettings.txt", "py": "TWCManager.py", "fork": "settings.json", "config": "config.json"}
    return bring_over({names[kind]: understand(names[kind], text) for kind, text in files.items()}, CLOCK)


def config_of(result: Imported) -> Config:
    return parse(result.toml)


def fates(result: Imported, name: str) -> dict[str, Fate]:
    return {finding.key: finding.fate for finding in result.findings[name]}


def night(
    amps: float | None, start: int, end: int, mode: Mode = Mode.FIXED, days: frozenset[int] = EVERY_DAY
) -> Window:
    return Window("", days, time(start), time(end), mode, amps)


def test_the_originals_settings() -> None:
    result = imported(txt=ORIGINAL)
    window = Window("", frozenset(range(5)), time(22, 30), time(6), Mode.FIXED, 32)
    resume = datetime(2026, 6, 22, 5, tzinfo=UTC)
    assert result.commands == (
        SetMode(Mode.FIXED, amps=12, until=resume, then=Mode.SOLAR),
        SetSchedule((window,)),
    )
    assert result.toml == ""
    told = {finding.key: finding.text for finding in result.findings["TWCManagerSettings.txt"]}
    assert told["scheduledAmpsDaysBitmap"] == "A window: weekdays 22:30-6:00 32 A."
    assert told["hourResumeTrackGreenEnergy"] == "Solar resumes at 7:00, once."
    assert fates(result, "TWCManagerSettings.txt") == {
        "nonScheduledAmpsMax": Fate.TAKEN,
        "scheduledAmpsMax": Fate.TAKEN,
        "scheduledAmpsStartHour": Fate.TAKEN,
        "scheduledAmpsEndHour": Fate.TAKEN,
        "scheduledAmpsDaysBitmap": Fate.TAKEN,
        "hourResumeTrackGreenEnergy": Fate.TAKEN,
        "kWhDelivered": Fate.BUILT_IN,
        "carApiBearerToken": Fate.PRIVATE,
        "carApiRefreshToken": Fate.PRIVATE,
        "carApiTokenExpireTime": Fate.PRIVATE,
        "homeLat": Fate.LATER,
        "homeLon": Fate.LATER,
    }


@pytest.mark.parametrize(
    "text, commands",
    [
        ("nonScheduledAmpsMax=-1\nhourResumeTrackGreenEnergy=6", [SetMode(Mode.SOLAR)]),
        ("nonScheduledAmpsMax=0", [SetMode(Mode.OFF)]),
        ("nonScheduledAmpsMax=10\nhourResumeTrackGreenEnergy=-1", [SetMode(Mode.FIXED, amps=10)]),
        ("scheduledAmpsMax=-1\nscheduledAmpsStartHour=1\nscheduledAmpsEndHour=2", []),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=-1\nscheduledAmpsEndHour=2", []),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=2\nscheduledAmpsEndHour=2", []),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=2\nscheduledAmpsEndHour=3\nscheduledAmpsDaysBitmap=0", []),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=2\nscheduledAmpsEndHour=3", [SetSchedule((night(16, 2, 3),))]),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=20\nscheduledAmpsEndHour=24", [SetSchedule((night(16, 20, 0),))]),
        ("scheduledAmpsMax=16\nscheduledAmpsStartHour=24\nscheduledAmpsEndHour=24", []),
        *(
            (
                f"scheduledAmpsMax=16\nscheduledAmpsStartHour={start}\nscheduledAmpsEndHour=6",
                [SetSchedule((Window("", EVERY_DAY, time(23, 59), time(6), Mode.FIXED, 16),))],
            )
            for start in (23.999, 24)
        ),
        (
            "scheduledAmpsMax=16\nscheduledAmpsStartHour=20\nscheduledAmpsEndHour=23.999",
            [SetSchedule((Window("", EVERY_DAY, time(20), time(23, 59), Mode.FIXED, 16),))],
        ),
        (
            "scheduledAmpsMax=16\nscheduledAmpsStartHour=2\nscheduledAmpsEndHour=3\nscheduledAmpsDaysBitmap=96",
            [SetSchedule((night(16, 2, 3, days=frozenset({5, 6})),))],
        ),
    ],
)
def test_the_originals_cases(text: str, commands: list[Command]) -> None:
    assert imported(txt=text).commands == tuple(commands)


@pytest.mark.parametrize(
    "entries, commands",
    [
        # By day the fork follows the sun; by night it charges at the rate outside the schedule.
        ({"nonScheduledAmpsMax": 0}, [SetMode(Mode.SOLAR)]),
        ({"nonScheduledAmpsMax": "10"}, [SetMode(Mode.SOLAR), SetSchedule((night(10, 20, 6),))]),
        ({"nonScheduledAmpsMax": 10, "nonScheduledAction": "3"}, [SetMode(Mode.SOLAR)]),
        (
            {"nonScheduledAmpsMax": 10, "hourResumeTrackGreenEnergy": 9, "sunset": 18},
            [SetMode(Mode.SOLAR), SetSchedule((night(10, 18, 9),))],
        ),
        (
            {"nonScheduledAction": 2, "hourResumeTrackGreenEnergy": 10},
            [SetMode(Mode.SOLAR), SetSchedule((night(None, 6, 10, Mode.OFF),))],
        ),
        # The schedule comes last: it wins over the night.
        (
            {
                "nonScheduledAmpsMax": 6,
                "scheduledAmpsMax": 16.0,
                "scheduledAmpsStartHour": 1,
                "scheduledAmpsEndHour": 5,
            },
            [SetMode(Mode.SOLAR), SetSchedule((night(6, 20, 6), night(16, 1, 5)))],
        ),
        (
            {"chargeNowAmps": 24, "chargeNowTimeEnd": (CLOCK + timedelta(hours=2)).timestamp()},
            [SetMode(Mode.SOLAR), StartChargeNow(amps=24, until=CLOCK + timedelta(hours=2))],
        ),
        ({"chargeNowAmps": 24, "chargeNowTimeEnd": CLOCK.timestamp() - 1}, [SetMode(Mode.SOLAR)]),
        ({"chargeNowAmps": 24, "chargeNowTimeEnd": 1e300}, [SetMode(Mode.SOLAR)]),
    ],
)
def test_the_forks_settings(entries: dict[str, object], commands: list[Command]) -> None:
    assert imported(fork=settings(**entries)).commands == tuple(commands)


def test_every_other_entry_of_the_forks_settings_has_its_fate() -> None:
    entries: dict[str, Any] = {
        "spikeAmpsProactively": 1,
        "spikeAmpsReactively": 0,
        "consumptionOffset": {"fridge": {"unit": "W", "value": 150}},
        "Schedule": {"Common": {"start": "01:00", "end": "05:00"}, "Monday": {"enabled": "on", "flex": ""}},
        "VehicleGroups": {"Deny Charging": {"Members": ["5YJ3E1EA1KF000000"]}},
        "chargeStopMode": "1",
        "webControlTheme": "Modern",
        "teslaPassword": "hush",
        "surprise": 3,
    }
    result = imported(fork=settings(**entries))
    assert fates(result, "settings.json") == {
        "spikeAmpsProactively": Fate.CONFIG,
        "spikeAmpsReactively": Fate.BUILT_IN,
        "consumptionOffset.fridge.unit": Fate.CONFIG,
        "consumptionOffset.fridge.value": Fate.CONFIG,
        "Schedule.Common.start": Fate.BUILT_IN,
        "Schedule.Common.end": Fate.BUILT_IN,
        "Schedule.Monday.enabled": Fate.BUILT_IN,
        "Schedule.Monday.flex": Fate.LATER,
        "VehicleGroups.Deny Charging.Members": Fate.LATER,
        "chargeStopMode": Fate.LATER,
        "webControlTheme": Fate.BUILT_IN,
        "teslaPassword": Fate.PRIVATE,
        "surprise": Fate.UNKNOWN,
    }


def test_the_forks_config_becomes_a_config_file_that_is_valid() -> None:
    result = imported(config=FORK_CONFIG)
    config = config_of(result)
    circuit, bus = config.circuit[0], config.bus[0]
    assert (circuit.limit_a, circuit.volts, circuit.phases) == (32, 230, 3)
    assert (bus.connector_limit_a, bus.minimum_a, bus.link) == (16, 6, "rfc2217://10.0.0.5:2217")
    assert (config.control.mode, config.control.house_w, config.service.log) == ("solar", 1035, "debug")
    assert config.web.port == 8081
    meters = {meter.name: (meter.role, meter.kind) for meter in config.meter}
    assert meters == {
        "MQTT consumption": ("house", "mqtt"),
        "MQTT generation": ("pv", "mqtt"),
        "HASS generation": ("pv", "http"),
        "URL consumption": ("house", "http"),
        "openHAB consumption": ("house", "http"),
        "openHAB generation": ("pv", "http"),
    }
    assert config.meter[0].includes_charger is True
    assert "# [[meter]]: Fronius at 10.0.0.4, to be described by hand." in result.toml
    assert "# fuse_a = 25" in result.toml


def test_the_report_names_what_it_did_not_understand() -> None:
    found = fates(imported(config=FORK_CONFIG), "config.json")
    assert [key for key, fate in found.items() if fate is Fate.UNKNOWN] == ["config.newFangled"]
    assert found["config.chargeNowLimit"] is Fate.LATER
    assert found["sources.TED.serverIP"] is Fate.BUILT_IN
    assert found["policy.extend.emergency"] is Fate.LATER


@pytest.mark.parametrize("kind, text", [("txt", ORIGINAL), ("config", FORK_CONFIG)])
def test_no_secret_is_shown(kind: str, text: str) -> None:
    assert "hush" in text
    assert "hush" not in repr(imported(**{kind: text}))


def test_grid_delivery_is_a_grid_meter_that_counts_the_other_way() -> None:
    text = FORK_CONFIG.replace('"treatGenerationAsGridDelivery": false', '"treatGenerationAsGridDelivery": true')
    meters = {meter.name: meter for meter in config_of(imported(config=text)).meter}
    assert (meters["MQTT generation"].role, meters["MQTT generation"].scale) == ("grid", -1)


def test_the_originals_source_has_the_wiring() -> None:
    source = """
import os
rs485Adapter = '/dev/ttyUSB1'  # where it is
wiringMaxAmpsAllTWCs = 40
wiringMaxAmpsPerTWC = 20
minAmpsPerTWC = 12
greenEnergyAmpsOffset = 2
debugLevel = 1
def f():
    wiringMaxAmpsAllTWCs = 99
"""
    result = imported(py=source, txt=ORIGINAL)
    config = config_of(result)
    assert (config.circuit[0].limit_a, config.bus[0].connector_limit_a, config.bus[0].minimum_a) == (40, 20, 12)
    assert (config.bus[0].link, config.control.grid_target_w) == ("/dev/ttyUSB1", 480)
    assert set(fates(result, "TWCManager.py")) == {
        *("rs485Adapter", "wiringMaxAmpsAllTWCs", "wiringMaxAmpsPerTWC"),
        *("minAmpsPerTWC", "greenEnergyAmpsOffset", "debugLevel"),
    }
    assert len(result.commands) == 2


@pytest.mark.parametrize(
    "per_unit, limit_a",
    [
        ("20", 20),
        ("20 * 0.8", 16),
        ("20*0.8  # a breaker of 20 A", 16),
        ("50 * 0.8 * 0.5", 20),
        ("20 * breaker", None),
        ("20 ** 2", None),
        ("__import__('os').getpid()", None),
        ("wiringMaxAmpsAllTWCs", None),
        ("0", None),
        ("-16", None),
        ("1e300 * 1e300", None),
        ("5000", None),
        ("", None),
    ],
)
def test_a_limit_of_wires_is_used_or_said_to_be_unused(per_unit: str, limit_a: float | None) -> None:
    result = imported(py=f"wiringMaxAmpsAllTWCs = 100 * 0.8\nwiringMaxAmpsPerTWC = {per_unit}\n")
    found = {finding.key: finding for finding in result.findings["TWCManager.py"]}["wiringMaxAmpsPerTWC"]
    config = config_of(result)
    assert (config.circuit[0].limit_a, config.bus[0].connector_limit_a) == (80, limit_a or 6)
    assert found.fate is (Fate.UNKNOWN if limit_a is None else Fate.CONFIG)
    warning = "# wiringMaxAmpsPerTWC cannot be read: 6 A until you set what breaker and wires carry.\n[[bus]]\n"
    assert (warning in result.toml) is (limit_a is None)
    assert ("To be set by hand: [[bus]] connector_limit_a, which is 6 A until then" in found.text) is (limit_a is None)


def test_limits_that_no_file_tells_are_the_least_there_are() -> None:
    result = imported(config='{"config": {"minAmpsPerTWC": 6}}')
    config = config_of(result)
    assert (config.circuit[0].limit_a, config.bus[0].connector_limit_a, config.bus[0].minimum_a) == (6, 6, 6)
    assert "# wiringMaxAmpsAllTWCs is not in the file: 6 A until you set" in result.toml
    assert "# wiringMaxAmpsPerTWC is not in the file: 6 A until you set" in result.toml


@pytest.mark.parametrize(
    "key, value",
    [
        ("wiringMaxAmpsAllTWCs", "many"),
        ("defaultVoltage", 12),
        ("numberOfPhases", 2),
        ("fakeMaster", 7),
        ("minAmpsPerTWC", "few"),
        ("greenEnergyAmpsOffset", "some"),
        ("maxAmpsAllowedFromGrid", "all"),
        ("logLevel", "loud"),
    ],
)
def test_what_is_not_used_is_not_reported_as_used(key: str, value: object) -> None:
    (found,) = imported(config=json.dumps({"config": {key: value}})).findings["config.json"]
    assert found.fate is Fate.UNKNOWN
    assert "Its value cannot be used. To be set by hand: [" in found.text


@pytest.mark.parametrize("part", ["config", "interface", "sources", "policy"])
def test_the_forks_config_is_known_by_any_of_its_parts(part: str) -> None:
    file = understand("x.json", json.dumps({part: {"a": 1}}))
    assert file.kind is Kind.FORK_CONFIG
    assert bring_over({"x.json": file}, CLOCK).commands == ()


def test_sources_alone_become_meters() -> None:
    sources = {"openHAB": {"enabled": True, "serverIP": "10.0.0.6", "consumptionItem": "C", "generationItem": "G"}}
    config = config_of(imported(config=json.dumps({"sources": sources})))
    assert [meter.name for meter in config.meter] == ["openHAB consumption", "openHAB generation"]


def test_secrets_within_urls_are_left_out_and_the_item_stands_before_the_query() -> None:
    hush = {
        "interface": {"TCP": {"port": "socket://me:hush@10.0.0.5:8899"}},
        "sources": {
            "URL": {
                "enabled": True,
                "url": "http://me:hush@10.0.0.7/x/?apikey=hush&unit=W#y",
                "consumptionItem": "C",
                "generationItem": "G",
            },
            "Fronius": {"enabled": True, "serverIP": "http://me:hush@10.0.0.4/"},
        },
    }
    result = imported(config=json.dumps(hush))
    assert "hush" not in repr(result)
    urls = [meter.url for meter in config_of(result).meter]
    assert urls == [f"http://…@10.0.0.7/x/{item}?apikey=…&unit=W" for item in "CG"]
    assert result.toml.count("# … stands for a secret that was left out") == 2
    shown = {finding.key: finding.value for finding in result.findings["config.json"]}
    assert shown["sources.URL.url"] == "http://…@10.0.0.7/x/?apikey=…&unit=W#y"


def test_odd_names_and_numbers_still_give_valid_lines() -> None:
    odd = {
        "config": {
            "wiringMaxAmpsAllTWCs": -3,
            "defaultVoltage": 1e9,
            "minAmpsPerTWC": 500,
            "fakeMaster": "x",
            "logLevel": 1000,
        },
        "interface": {"RS485": {"port": '/dev/"x"\n[evil]\\'}},
        "control": {"HTTP": {"listenPort": 1e12}},
        "sources": {"Growatt\n[x]": {"enabled": True, "serverIP": "a\nb = 1"}},
    }
    result = imported(config=json.dumps(odd))
    lines = tomllib.loads(result.toml)
    assert set(lines) == {"circuit", "bus", "control"}
    assert lines["circuit"][0]["limit_a"] == 6
    assert lines["bus"][0]["minimum_a"] == 32


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("x.txt", "", "has no settings. Expected TWCManagerSettings.txt"),
        ("x.txt", "dear diary", "has no settings"),
        ("x.json", "{", "is damaged"),
        ("x.json", '{"a": ' + "[" * 100_000, "is damaged"),
        ("x.json", "x" * 5_000_001, "too long"),
        ("x.json", "[]", "has no settings"),
        ("x.json", "{}", "has no setting that the fork knows. Expected its settings.json or config.json"),
        ("x.json", '{"name": "package", "version": "1.0"}', "has no setting that the fork knows"),
        ("x.json", '{"config": 3}', "has no setting that the fork knows"),
    ],
)
def test_what_is_no_settings_file_is_told(name: str, text: str, says: str) -> None:
    with pytest.raises(OldSettingsError, match=says):
        understand(name, text)


keys = st.sampled_from(
    [
        *("nonScheduledAmpsMax", "hourResumeTrackGreenEnergy", "scheduledAmpsMax", "scheduledAmpsStartHour", "sunset"),
        *("scheduledAmpsEndHour", "scheduledAmpsDaysBitmap", "chargeNowAmps", "chargeNowTimeEnd", "nonScheduledAction"),
        *("consumptionOffset", "config", "sources", "interface", "RS485", "port", "MQTT", "enabled", "apiKey", "value"),
        *(
            "wiringMaxAmpsAllTWCs",
            "defaultVoltage",
            "logLevel",
            "spikeAmpsProactively",
            "control",
            "HTTP",
            "listenPort",
        ),
    ]
) | st.text(string.ascii_letters, max_size=3)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["12", "-1", "6.5"])
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(keys, trees, max_size=8))
def test_every_entry_of_any_file_is_in_the_report(values: dict[str, Any]) -> None:
    file = understand("settings.json", json.dumps({"homeLat": 10000} | values))
    result = bring_over({"f": file}, CLOCK)
    expected = [path for path, _ in leaves(file.values)]
    assert [finding.key for finding in result.findings["f"]] == expected


@given(st.text(string.printable, max_size=80), st.sampled_from(["a.txt", "a.json", "a.py"]))
def test_any_text_is_understood_or_refused(text: str, name: str) -> None:
    try:
        file = understand(name, text)
    except OldSettingsError:
        return
    result = bring_over({name: file}, CLOCK)
    assert len(result.findings[name]) == len(list(leaves(file.values)))
