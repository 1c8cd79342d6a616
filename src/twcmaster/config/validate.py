"""The file's tables against their shapes: every mistake at once, in words. Loading this takes a tenth of a second."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from twcmaster.config.problems import ConfigError, Problem, path_text
from twcmaster.config.schema import Config
from twcmaster.config.secrets import SECRET_TABLES, is_secret_key, without_secrets

_EXAMPLES = {
    "limit_a": "For example: limit_a = 40",
    "connector_limit_a": "For example: connector_limit_a = 40",
    "link": 'For example: link = "/dev/ttyUSB0" (`twcmaster ports` lists what is there)',
    "circuit": 'It names the [[circuit]] that feeds it, for example: circuit = "garage"',
    "name": 'For example: name = "garage" (no slash, bracket or quote)',
    "id": 'Four hex digits as `twcmaster status` shows them, for example: id = "1A2B"',
    "bus": 'It names a [[bus]], for example: bus = "garage"',
    "amps": "For example: amps = 20",
}
#: What pydantic says less plainly.
_EXPECTED = {
    "bool_type": "must be true or false without quotes",
    "int_type": "must be a whole number without quotes",
    "float_type": "must be a number without quotes",
    "string_type": "must be a text in quotes",
    "path_type": "must be a path in quotes",
    "dict_type": 'must be a table, for example { "X-Key" = "…" }',
}
_LISTS = ("circuit", "bus", "connector", "meter")


def validated(raw: Mapping[str, Any], source: str, folder: Path) -> Config:
    """The tables of a file in this folder as a config, with the secrets that it names. Raises ConfigError."""
    shape = shape_for(raw)
    try:
        config: Config = TypeAdapter(shape).validate_python(dict(raw), context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(source, [_problem(detail, shape) for detail in error.errors(include_url=False)]) from None
    return config


def shape_for(raw: Mapping[str, Any]) -> type[Config]:
    """The shape of a file with these tables; that of meters takes long to build."""
    if not raw.get("meter"):
        return Config
    from twcmaster.config.full import FullConfig

    return FullConfig


def _problem(detail: ErrorDetails, shape: type) -> Problem:
    location, kind = tuple(detail["loc"]), detail["type"]
    path, key = path_text(location), str(location[-1]) if location else ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return Problem(path, "is not a key that twcmaster knows.", _similar(key, _known_keys(shape, location)))
    if kind == "missing":
        return Problem(path, "is missing.", _EXAMPLES.get(key, ""))
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _wrong_kind(path, detail, _kinds(shape, location))
    if kind in ("model_type", "dataclass_type", "list_type", "model_attributes_type"):
        return Problem(path, *_wrong_table(location, kind))
    what = _EXPECTED.get(kind) or detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    but = "" if _may_hold_secrets(location, detail["input"]) else f", but it is {_shown(detail['input'])}"
    return Problem(path, f"{what}{but}.", _EXAMPLES.get(key, ""))


def _wrong_kind(path: str, detail: ErrorDetails, kinds: Sequence[str]) -> Problem:
    asked = detail["input"].get("kind")
    if asked is None:
        return Problem(f"{path}.kind", "is missing.", f'For example: kind = "{kinds[0]}". {_known_here(kinds)}')
    return Problem(f"{path}.kind", f"is {_shown(asked)}, which twcmaster does not know.", _similar(str(asked), kinds))


def _wrong_table(location: tuple[int | str, ...], kind: str) -> tuple[str, str]:
    name, *deeper = location
    if any(isinstance(part, str) for part in deeper):
        if kind == "list_type":
            return "must be a list.", "Write it in brackets, its entries between commas."
        return "must say where a number is.", 'Write a path in quotes, a register, or { path = "total_power" }.'
    if name not in _LISTS:
        return "must be a table.", f"Write [{name}] with one bracket."
    return "must be a table." if deeper else "must be a list of tables.", f"Write [[{name}]] with two brackets."


def _may_hold_secrets(location: tuple[int | str, ...], value: object) -> bool:
    names = [str(part) for part in location]
    return isinstance(value, Mapping) or any(is_secret_key(name) or name in SECRET_TABLES for name in names)


def _shown(value: object) -> str:
    value = without_secrets(value) if isinstance(value, str) else value
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a line's worth


def _similar(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else _known_here(known)


def _known_here(known: Sequence[str]) -> str:
    return f"Known here: {', '.join(known)}."


def _known_keys(shape: type, location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed in the table that holds `location`."""
    return list(_hints(_shapes_at(shape, location[:-1])[0]))


def _kinds(shape: type, location: tuple[int | str, ...]) -> list[str]:
    """What `kind` may say in the table at `location`."""
    return [kind for one in _shapes_at(shape, location) for kind in _tags(one)]


def _shapes_at(shape: type, location: tuple[int | str, ...]) -> list[type]:
    """The shapes that the table at `location` may have. Behind a table of several kinds comes the kind."""
    shapes = [shape]
    for part in location:
        if isinstance(part, str):
            of_kind = [one for one in shapes if part in _tags(one)]
            shapes = of_kind or [inner for one in shapes for inner in _shapes_in(_hints(one).get(part))] or shapes
    return shapes


def _tags(shape: type) -> tuple[str, ...]:
    return get_args(_hints(shape).get("kind"))


def _hints(shape: type) -> dict[str, Any]:
    if issubclass(shape, BaseModel):
        return {info.alias or name: info.annotation for name, info in shape.model_fields.items()}
    hints = get_type_hints(shape)
    return {field.name: hints[field.name] for field in fields(shape)} if is_dataclass(shape) else {}


def _shapes_in(annotation: object) -> list[type]:
    if isinstance(annotation, type) and (is_dataclass(annotation) or issubclass(annotation, BaseModel)):
        return [annotation]
    return [shape for inner in get_args(annotation) for shape in _shapes_in(inner)]
