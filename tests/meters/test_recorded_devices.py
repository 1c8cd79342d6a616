"""Real devices' answers, served by a real HTTP server and read by the generic meter: no code for any of them.

The recordings are not part of the repository; TWCMASTER_CORPUS names the folder that holds them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.meters.device import Device, clock, section
from twcmaster.meters.http import HttpMeter
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

pytestmark = pytest.mark.corpus

MINUS = -1.0
SML = 'StatusSNS.SML."Power_curr"'
FRONIUS = "Body.Data.Site"

#: Recording, what the config says, and which of the recording's expected values must come out as power_w.
DEVICES: list[tuple[str, dict[str, Any], str]] = [
    ("dev000", {"url_path": "/api/v1/production", "power_w": "wattsNow"}, "pv_w"),
    ("dev041", {"power_w": {"path": "Data[2]"}}, "ac_power_w"),
    ("dev042", {"power_w": "Data[7]"}, "pv_w"),
    ("dev073", {"power_w": {"path": "values.power", "unit": "mW"}, "taken_path": "time"}, "grid_w"),
    ("dev074", {"power_w": {"path": "values.power", "scale": 0.001}, "taken_path": "time"}, "grid_w"),
    ("dev077", {"power_w": '"2913"."0"', "soc_percent": '"1074"."1"'}, "grid_w"),
    ("dev077", {"power_w": '"1634"."0"', "soc_percent": '"1074"."1"'}, "pv_w"),
    ("dev080", {"power_w": {"regex": 'Value="([^"]+)" Unit="W" Type="AC_Power"'}}, "pv_w"),
    ("dev086", {"power_w": "site.instant_power"}, "grid_w"),
    ("dev086", {"power_w": "battery.instant_power"}, "battery_w"),
    ("dev089", {"power_w": "data[?uuid=='abc'] | [0].tuples[-1][1]"}, "grid_w"),
    ("dev090", {"power_w": "sum(emeters[].power)", "phase_a": [f"emeters[{n}].current" for n in range(3)]}, "grid_w"),
    ("dev092", {"power_w": '"switch:0".apower'}, "device_w"),
    ("dev094", {"power_w": f"{FRONIUS}.P_Grid", "soc_percent": "Body.Data.Inverters.*.SOC | [0]"}, "grid_w"),
    ("dev094", {"power_w": {"path": f"{FRONIUS}.P_Load", "scale": MINUS}}, "house_w"),
    ("dev096", {"power_w": f"{FRONIUS}.P_PV", "soc_percent": "Body.Data.Inverters.*.SOC | [0]"}, "pv_w"),
    ("dev103", {"power_w": "load.instant_power"}, "house_w"),
    ("dev105", {"power_w": "active_power_w", "energy_kwh": "total_power_import_kwh"}, "grid_w"),
    ("dev106", {"power_w": "active_power_w"}, "grid_w"),
    ("dev110", {"power_w": "active_power_w"}, "device_w"),
    ("dev114", {"power_w": "power_w", "phase_a": [f"current_l{n}_a" for n in (1, 2, 3)]}, "device_w"),
    ("dev115", {"power_w": {"path": "power_w", "scale": MINUS}, "soc_percent": "state_of_charge_pct"}, "battery_w"),
    (
        "dev117",
        {"power_w": ["[0].CONSUMPTION_W", {"path": "[0].PRODUCTION_W", "scale": MINUS}],
         "taken_path": "[0].TIMESTAMP_UTC"},
        "grid_w",
    ),
    ("dev118", {"power_w": '"801"."170"."101"'}, "pv_w"),
    ("dev122", {"power_w": {"regex": r"<MTU1>\s*<Value>(-?[0-9.]+)<"}}, "grid_w"),
    ("dev122", {"power_w": {"regex": r"<MTU2>\s*<Value>(-?[0-9.]+)<", "scale": MINUS}}, "pv_w"),
    ("dev123", {"power_w": {"regex": "<Now>(-?[0-9.]+)<"}}, "grid_w"),
    ("dev126", {"power_w": {"regex": r"<Power>\s*<Total>\s*<PowerNow>(-?[0-9.]+)<"}}, "grid_w"),
    ("dev127", {"power_w": "reading", "taken_path": "last_reading_time"}, "house_w"),
    ("dev128", {"power_w": "[?sid=='728386'] | [0].data[0].* | [0]"}, "house_w"),
    ("dev133", {"power_w": "i_pow_n"}, "pv_w"),
    ("dev136", {"power_w": 'result.* | [0]."6100_40263F00"."1"[0].val'}, "pv_w"),
    ("dev163", {"power_w": "meters[0].power", "taken_path": "unixtime"}, "device_w"),
    ("dev164", {"power_w": "sum(meters[].power)"}, "device_w"),
    ("dev167", {"power_w": "act_power"}, "grid_w"),
    ("dev171", {"power_w": "StatusSNS.ENERGY.Power", "taken_path": "StatusSNS.Time"}, "device_w"),
    ("dev173", {"power_w": SML, "energy_kwh": "StatusSNS.SML.Total_in"}, "grid_w"),
    ("dev178", {"power_w": {"regex": "<name>POWER</name><value><double>([^<]+)<"}}, "device_w"),
    ("dev180", {"power_w": "sum(datasets[0].phases[:3].values[0].data)"}, "grid_w"),
    ("dev187", {"power_w": "siteCurrentPowerFlow.GRID.currentPower"}, "grid_w"),
    ("dev188", {"power_w": "overview.currentPower.power", "taken_path": "overview.lastUpdateTime"}, "pv_w"),
    ("dev189", {"power_w": "[?id=='3'] | [0].value", "taken_path": "[?id=='3'] | [0].time"}, "device_w"),
    ("dev191", {"power_w": {"path": "activePower", "unit": "kW"}}, "grid_w"),
    ("dev193", {"power_w": "data.tuples[-1][1]"}, "device_w"),
    (
        "dev215",
        {"power_w": '"em:0".total_act_power', "phase_a": [f'"em:0".{phase}_current' for phase in "abc"],
         "volts": [f'"em:0".{phase}_voltage' for phase in "abc"], "taken_path": "sys.unixtime"},
        "grid_w",
    ),
]  # fmt: skip


def recordings(corpus: Path) -> dict[str, dict[str, Any]]:
    lines = (corpus / "devices" / "index.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["id"]: entry for entry in map(json.loads, lines)}


def answer_of(corpus: Path, entry: dict[str, Any], url_path: str | None) -> bytes:
    files = {file.get("url_path"): file["file"] for file in entry.get("files", [])}
    name: str = files.get(url_path, entry["file"])
    return (corpus / name).read_bytes()


async def read(body: bytes, keys: dict[str, Any]) -> Reading:
    async with Device(body, headers={}).online() as url:
        meter = HttpMeter(section(kind="http", url=url, **keys), clock)
        try:
            return await meter.read()
        finally:
            await meter.close()


@pytest.mark.parametrize("device, keys, expected", DEVICES)
async def test_a_recorded_device_is_read_without_code_for_it(
    corpus: Path, device: str, keys: dict[str, Any], expected: str
) -> None:
    entry = recordings(corpus).get(device)
    if entry is None:
        pytest.skip(f"{device} is not among the recordings")
    fields = {key: value for key, value in keys.items() if key != "url_path"}
    reading = await read(answer_of(corpus, entry, keys.get("url_path")), fields)
    assert reading.power_w == pytest.approx(entry["expect"][expected])
    if "soc_percent" in keys:
        assert reading.soc_percent == pytest.approx(entry["expect"]["soc"])
    if "phase_a" in keys:
        assert reading.phase_a is not None


async def test_no_recorded_answer_breaks_the_meter(corpus: Path) -> None:
    """Pages of errors, other firmwares, binary: a value or a MeterError, never anything else."""
    outcomes = {"reading": 0, "error": 0}
    bodies = [path.read_bytes() for path in sorted((corpus / "devices").rglob("*")) if path.is_file()]
    async with (device := Device(headers={})).online() as url:
        meter = HttpMeter(section(kind="http", url=url, power_w="power_w || power || active_power_w || reading"), clock)
        for body in bodies:
            device.body = body
            try:
                await meter.read()
                outcomes["reading"] += 1
            except MeterError:
                outcomes["error"] += 1
        await meter.close()
    assert outcomes["reading"] + outcomes["error"] == len(bodies) > 100
    assert outcomes["reading"] >= 5
