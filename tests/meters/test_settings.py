"""`[[meter]]` in the config: what is accepted, and what is said about the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from tests.meters.device import section
from twcmaster.config.meters import RegisterTerm, TextTerm, TopicTerm
from twcmaster.model.reading import MeterRole

HTTP = {"kind": "http", "url": "http://10.0.0.9/status"}
MQTT = {"kind": "mqtt", "host": "broker", "topic": "house/power"}
MODBUS = {"kind": "modbus", "host": "10.0.0.9"}


def test_the_documented_example_is_accepted() -> None:
    meter = section(**HTTP, power_w="emeters.total", scale=1.0, every_s=2, includes_charger=True)
    assert meter.role is MeterRole.GRID
    assert meter.power_w == (TextTerm(path="emeters.total"),)


def test_short_forms_are_spelled_out() -> None:
    assert section(**MODBUS, power_w=[40083, {"register": 7, "type": "u32"}]).power_w == (
        RegisterTerm(register=40083),
        RegisterTerm(register=7, type="u32"),
    )
    assert section(**MQTT, power_w={"topic": "house/export", "scale": -1}).power_w == (
        TopicTerm(topic="house/export", path="@", scale=-1),
    )
    assert section(**HTTP, phase_a=["a", "", ["b", "c"]]).phase_a == (
        (TextTerm(path="a"),),
        (),
        (TextTerm(path="b"), TextTerm(path="c")),
    )


@pytest.mark.parametrize(
    "keys, complaint",
    [
        ({**HTTP}, "measures nothing"),
        ({**HTTP, "power_w": "em:0.power"}, 'need quotes: "em:0".power'),
        ({**HTTP, "power_w": {}}, "needs a path (JSON), a regex (text), or both"),
        ({**HTTP, "power_w": {"path": "a", "signed_bits": 12}}, "signed_bits"),
        ({**HTTP, "power_w": {"regex": "("}}, "no regular expression"),
        ({**HTTP, "power_w": {"path": "a", "unit": "kWh"}}, 'unit "kWh" is none of W, kW, MW, mW'),
        ({**HTTP, "soc_percent": {"path": "a", "unit": "W"}}, 'unit "W" is none of %, 1'),
        ({**HTTP, "power_w": "a", "scale": 0}, "must not be 0"),
        ({**HTTP, "power_w": "a", "scale": math.nan}, "finite number"),
        ({**HTTP, "power_w": True}, "valid dictionary"),
        ({**HTTP, "power_w": "a", "phase_a": "b"}, "list of up to three places"),
        ({**HTTP, "phase_a": ["a", "b", "c", "d"]}, "at most 3 items"),
        ({**HTTP, "power_w": "a", "taken_path": "a..b"}, "no JMESPath"),
        ({**HTTP, "power_w": "a", "url": "10.0.0.9/status"}, "should match pattern"),
        ({**HTTP, "power_w": "a", "every_s": 0}, "greater than or equal to 0.2"),
        ({**HTTP, "power_w": "a", "evry_s": 2}, "not permitted"),
        ({**MQTT, "power_w": "@", "topic": "house/#"}, "one full topic"),
        ({**MQTT, "power_w": {"topic": "house/+/x"}}, "one full topic"),
        ({**MODBUS, "power_w": 70000}, "less than or equal to 65535"),
        ({**MODBUS, "power_w": "40083"}, "Field required"),
        ({"kind": "carrier pigeon"}, "does not match any of the expected tags"),
    ],
)
def test_a_mistake_is_named(keys: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as failure:
        section(**keys)
    assert complaint in str(failure.value)


def test_secrets_stay_out_of_texts() -> None:
    meter = section(**HTTP, power_w="a", username="me", password="hunter2", token="t0ken", headers={"X-Key": "k3y"})
    assert not [secret for secret in ("hunter2", "t0ken", "k3y") if secret in repr(meter)]
