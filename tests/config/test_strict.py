"""Numbers and switches stand in the file as such: nothing is converted behind the person's back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter

from twcmaster.config.full import FullConfig
from twcmaster.config.meters import (
    ConstantMeterSection,
    FileMeterSection,
    HttpMeterSection,
    ModbusMeterSection,
    MqttMeterSection,
)
from twcmaster.config.problems import ConfigError
from twcmaster.config.validate import validated

METERS = (HttpMeterSection, MqttMeterSection, ModbusMeterSection, FileMeterSection, ConstantMeterSection)
WRONG: Mapping[type, tuple[object, ...]] = {bool: ("yes", "true", 1), int: (True, "6", 6.5), float: (True, "6")}
PLAIN = "must be a number without quotes"


def parts(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


def wrong_for(annotation: object) -> list[object]:
    """Values that are nearly what a key wants; of the numbers a Literal names, too."""
    kinds = {part if isinstance(part, type) else type(part) for part in parts(annotation)}
    return [value for kind, values in WRONG.items() if kind in kinds for value in values]


def keys() -> Iterator[tuple[dict[str, Any], str]]:
    """A file with one wrong value, and where that is, for every number and switch there is."""
    for name, hint in get_type_hints(FullConfig).items():
        shape = next((part for part in parts(hint) if is_dataclass(part)), None)
        if shape is None:
            continue
        listed = name in ("circuit", "bus", "connector")
        hints = get_type_hints(shape)
        for key in (one.name for one in fields(shape)):
            for wrong in wrong_for(hints[key]):
                table = {key: wrong}
                yield {name: [table] if listed else table}, f"{name}[0].{key}" if listed else f"{name}.{key}"
    for meter in METERS:
        kind = get_args(meter.model_fields["kind"].annotation)[0]
        for key, info in meter.model_fields.items():
            for wrong in wrong_for(info.annotation):
                yield {"meter": [{"kind": kind, key: wrong}]}, f"meter[0].{kind}.{key}"


CASES = list(keys())


def complaints(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        validated(raw, "config", Path())
    return {problem.path: problem.what for problem in caught.value.problems}


def test_there_are_many_such_keys() -> None:
    assert len(CASES) > 100


@pytest.mark.parametrize("raw, path", CASES, ids=str)
def test_a_value_of_another_kind_is_a_mistake(raw: dict[str, Any], path: str) -> None:
    assert path in complaints(raw)


@pytest.mark.parametrize(
    "raw, path, says",
    [
        ({"control": {"amps": True}}, "control.amps", f"{PLAIN}, but it is true."),
        ({"circuit": [{"limit_a": "40"}]}, "circuit[0].limit_a", f'{PLAIN}, but it is "40".'),
        (
            {"bus": [{"allow_relay_commands": "yes"}]},
            "bus[0].allow_relay_commands",
            'must be true or false without quotes, but it is "yes".',
        ),
        ({"circuit": [{"phases": True}]}, "circuit[0].phases", "must be a whole number without quotes"),
        ({"bus": [{"minimum_a": 6.5}]}, "bus[0].minimum_a", "must be a whole number without quotes, but it is 6.5."),
        ({"site": {"name": 5}}, "site.name", "must be a text in quotes, but it is 5."),
        (
            {"meter": [{"kind": "modbus", "power_w": {"register": True}}]},
            "meter[0].modbus.power_w[0].register",
            "must be a whole number without quotes",
        ),
        (
            {"meter": [{"kind": "http", "power_w": {"path": "a", "scale": "2"}}]},
            "meter[0].http.power_w[0].scale",
            PLAIN,
        ),
    ],
)
def test_what_is_expected_is_said(raw: dict[str, Any], path: str, says: str) -> None:
    assert complaints(raw)[path].startswith(says)


def test_what_a_key_may_be_is_still_told_to_editors() -> None:
    shapes = TypeAdapter(FullConfig).json_schema()["$defs"]
    assert shapes["CircuitSection"]["properties"]["phases"]["enum"] == [1, 3]
    assert shapes["CircuitSection"]["properties"]["limit_a"]["exclusiveMinimum"] == 0


def test_whole_numbers_do_for_numbers_with_a_fraction() -> None:
    raw = {
        "circuit": [{"name": "a", "limit_a": 40, "phases": 3}],
        "bus": [{"name": "a", "link": "/dev/a", "circuit": "a"}],
        "meter": [{"name": "m", "role": "grid", "kind": "modbus", "host": "h", "power_w": [7], "scale": -1}],
    }
    config = validated(raw, "config", Path())
    assert (config.circuit[0].limit_a, config.circuit[0].phases, config.meter[0].scale) == (40.0, 3, -1.0)
