"""Real devices' answers and registers, served by real servers and read by the generic meters: no code for any of them.

The recordings are not part of the repository; TWCMASTER_CORPUS names the folder that holds them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.meters.device import Device, clock, section
from tests.meters.test_modbus import modbus_device, read_once
from twcmaster.meters.file import FileMeter
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
    # Raw words with a sign of their own.
    ("dev044", {"power_w": "sum(Data[7:9])"}, "pv_w"),
    ("dev044", {"power_w": {"path": "Data[48]", "signed_bits": 16, "scale": MINUS}}, "grid_w"),
    ("dev045", {"power_w": {"path": "Data[48]", "signed_bits": 16, "scale": MINUS}}, "grid_w"),
    ("dev048", {"power_w": "Data[13]"}, "pv_w"),
    ("dev050", {"power_w": "Data[2]"}, "ac_power_w"),
    ("dev054", {"power_w": {"path": "Data[181]", "signed_bits": 16}}, "ac_power_w"),
    ("dev061", {"power_w": "sum(Data[8:10])", "soc_percent": "Data[18]"}, "pv_w"),
    ("dev061", {"power_w": {"path": "Data[16]", "signed_bits": 16, "scale": MINUS}}, "battery_w"),
    ("dev075", {"power_w": {"path": "values.power", "unit": "mW"}, "taken_path": "time"}, "grid_w"),
    ("dev079", {"power_w": {"regex": r"Power:</td>\s*<td><input [^>]*value=([-0-9.]+)", "unit": "kW", "scale": MINUS},
                "soc_percent": {"regex": r"SOC:</td>\s*<td><input [^>]*value=([0-9.]+)%"}}, "battery_w"),
    ("dev097", {"power_w": "Body.Data.PowerReal_P_Sum"}, "grid_w"),
    ("dev098", {"power_w": "Body.Data.*.SMARTMETER_POWERACTIVE_MEAN_SUM_F64 | [0]"}, "grid_w"),
    ("dev099", {"power_w": 'Body.Data."1".SMARTMETER_POWERACTIVE_MEAN_SUM_F64'}, "meter_w"),
    ("dev100", {"url_path": "/solar_api/v1/GetPowerFlowRealtimeData.fcgi", "power_w": f"{FRONIUS}.P_Grid"}, "grid_w"),
    ("dev101", {"power_w": f"{FRONIUS}.P_Grid"}, "grid_w"),
    # A device that says null at night, where nothing else than 0 can be meant.
    ("dev101", {"power_w": f"{FRONIUS}.P_PV || `0`"}, "pv_w"),
    ("dev104", {"power_w": "battery.instant_power"}, "battery_w"),
    ("dev104", {"power_w": "solar.instant_power"}, "pv_w"),
    ("dev107", {"power_w": "active_power_w"}, "grid_w"),
    ("dev112", {"power_w": "power_w"}, "grid_w"),
    ("dev113", {"power_w": "power_w", "taken_path": "timestamp"}, "grid_w"),
    ("dev169", {"power_w": "active_power_w"}, "device_w"),
    ("dev181", {"power_w": "site.instant_power"}, "grid_w"),
    ("dev182", {"power_w": "load.instant_power"}, "house_w"),
    ("dev184", {"power_w": f"{FRONIUS}.P_PV", "soc_percent": "Body.Data.Inverters.*.SOC | [0]"}, "pv_w"),
    ("dev186", {"power_w": "battery.instant_power"}, "battery_w"),
    ("dev192", {"url_path": "/query?select=[Main.Watts]&begin=s-10s&end=s&group=all", "power_w": "[0][0]"}, "device_w"),
    ("dev216", {"power_w": ["payload.data.liveMeasurement.power",
                            {"path": "payload.data.liveMeasurement.powerProduction", "scale": MINUS}]}, "grid_w"),
]  # fmt: skip

EIM = "production[?type=='eim' && measurementType=='production'] | [0].wNow"
HOUSE = "consumption[?measurementType=='total-consumption'] | [0].wNow"
NET = "consumption[?measurementType=='net-consumption'] | [0].wNow"
#: One gateway in many firmwares; its expected values are rounded to whole watts.
GATEWAYS: list[tuple[str, str, str]] = [
    *((device, EIM, "pv_w") for device in ("dev003", "dev008", "dev013", "dev014", "dev015", "dev016", "dev017")),
    *((device, HOUSE, "house_w") for device in ("dev003", "dev006", "dev008", "dev014", "dev015", "dev016", "dev017")),
    *((device, NET, "grid_w") for device in ("dev003", "dev006", "dev008", "dev013", "dev015", "dev016", "dev018")),
    ("dev010", "production[?type=='inverters'] | [0].wNow", "pv_w"),
]

IMPORT = {"regex": r"1-0:1\.7\.0\(([0-9.]+)\*kW\)", "unit": "kW"}
EXPORT = {"regex": r"1-0:2\.7\.0\(([0-9.]+)\*kW\)", "unit": "kW", "scale": MINUS}
IMPORT_ONLY_W = {"regex": r"1-0:1\.7\.0\*255\(([0-9.]+)\*W\)"}
#: Telegrams of a meter's serial port, which another program writes to a file.
TELEGRAMS: list[tuple[str, Any]] = [
    *(
        (device, [IMPORT, EXPORT])
        for device in (
            "dev146", "dev148", "dev149", "dev150", "dev152", "dev153", "dev157", "dev158", "dev160", "dev161",
        )
    ),
    ("dev154", IMPORT_ONLY_W),
    ("dev155", IMPORT_ONLY_W),
    ("dev156", {"regex": r"1-0:1\.7\.0\(([0-9]+)\*W\)"}),
]  # fmt: skip

SUNSPEC = {"register": 40083, "exponent_register": 40084}
SUNSPEC_METER = {"register": 40206, "exponent_register": 40210, "scale": MINUS}
#: Dumps of registers, served by a real Modbus server: the table in the recording, the term, the expected value.
REGISTERS: list[tuple[str, str, dict[str, Any], str]] = [
    *(
        (device, "holding", SUNSPEC, "inverter_ac_w")
        for device in ("dev063", "dev064", "dev065", "dev066", "dev068", "dev069", "dev071")
    ),
    ("dev069", "holding", SUNSPEC_METER, "grid_w"),
    ("dev071", "holding", SUNSPEC_METER, "grid_w"),
    ("dev072", "holding", SUNSPEC, "pv_w"),
    ("dev142", "", {"register": 32064, "type": "s32"}, "pv_w"),
    ("dev142", "", {"register": 32080, "type": "s32"}, "inverter_ac_w"),
    # This manual counts registers from 1; the dump has the manual's numbers.
    (
        "dev143",
        "read",
        {"register": 13010, "type": "s32", "words": "little", "scale": MINUS, "table": "input"},
        "grid_w",
    ),
    ("dev143", "read", {"register": 5017, "type": "u32", "words": "little", "table": "input"}, "pv_w"),
    (
        "dev144",
        "read",
        {"register": 13010, "type": "s32", "words": "little", "scale": MINUS, "table": "input"},
        "grid_w",
    ),
]

#: What says in its own way that it does not know: an error, never 0.
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("dev082", {"power_w": {"regex": "Value='([^']+)' Unit='W' Type='AC_Power'"}}),  # "-nan" at night
    ("dev084", {"power_w": {"regex": r"aktuell</td>\s*<td[^>]*>\s*([^<\s]+)"}}),  # "xxx" while switched off
]

# Recordings that no generic kind reads, and why:
#   dev019-dev039  registers in frames of the maker's own UDP protocol; over Modbus TCP the same registers are read
#   dev043, dev051, dev055, dev057   other layouts of the words above: nothing new
#   dev134         multicast datagrams, unasked for
#   dev175         obfuscated JSON on a TCP port of its own
#   dev190, dev200 forecasts and weather: no meters
#   dev212         volts and amps only: their product needs code for this product


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


def recorded(corpus: Path, device: str) -> dict[str, Any]:
    entry = recordings(corpus).get(device)
    if entry is None:
        pytest.skip(f"{device} is not among the recordings")
    return entry


@pytest.mark.parametrize("device, keys, expected", DEVICES)
async def test_a_recorded_device_is_read_without_code_for_it(
    corpus: Path, device: str, keys: dict[str, Any], expected: str
) -> None:
    entry = recorded(corpus, device)
    fields = {key: value for key, value in keys.items() if key != "url_path"}
    reading = await read(answer_of(corpus, entry, keys.get("url_path")), fields)
    assert reading.power_w == pytest.approx(entry["expect"][expected])
    if "soc_percent" in keys:
        assert reading.soc_percent == pytest.approx(entry["expect"]["soc"])
    if "phase_a" in keys:
        assert reading.phase_a is not None


@pytest.mark.parametrize("device, path, expected", GATEWAYS)
async def test_one_gateway_in_many_firmwares(corpus: Path, device: str, path: str, expected: str) -> None:
    entry = recorded(corpus, device)
    reading = await read(answer_of(corpus, entry, None), {"power_w": path})
    assert reading.power_w == pytest.approx(entry["expect"][expected], abs=0.5)


@pytest.mark.parametrize("device, terms", TELEGRAMS)
async def test_a_telegram_in_a_file(corpus: Path, device: str, terms: Any) -> None:
    entry = recorded(corpus, device)
    meter = FileMeter(section(kind="file", path=str(corpus / entry["file"]), power_w=terms), clock)
    assert (await meter.read()).power_w == pytest.approx(entry["expect"]["grid_w"], abs=0.05)


@pytest.mark.parametrize("device, table, term, expected", REGISTERS)
async def test_recorded_registers(corpus: Path, device: str, table: str, term: dict[str, Any], expected: str) -> None:
    entry = recorded(corpus, device)
    dump = json.loads((corpus / entry["file"]).read_text(encoding="utf-8"))
    words = {int(register): word for register, word in (dump[table] if table else dump).items() if register.isdigit()}
    inputs = words if term.get("table") == "input" else {}
    async with modbus_device({0: 0} if inputs else words, inputs or {0: 0}) as port:
        reading = await read_once(port, power_w=term)
    assert reading.power_w == pytest.approx(entry["expect"][expected])


@pytest.mark.parametrize("device, keys", SILENT)
async def test_a_device_that_does_not_know_is_an_error(corpus: Path, device: str, keys: dict[str, Any]) -> None:
    entry = recorded(corpus, device)
    with pytest.raises(MeterError, match="no number: the regex"):
        await read(answer_of(corpus, entry, None), keys)


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
