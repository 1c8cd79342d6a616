"""What is wrong with a config file, in words: where, what was expected, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` is like ``circuit[1].limit_a``."""

    path: str
    what: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" + (f" {self.suggestion}" if self.suggestion else "")


class ConfigError(Exception):
    """The config cannot be used. Carries every problem found, not only the first."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{source}: {count}\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


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


def of_validation(error: ValidationError, schema: type[BaseModel]) -> list[Problem]:
    """Every finding of the schema, in the file's own terms."""
    return [_problem(detail, schema) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, schema: type[BaseModel]) -> Problem:
    location = tuple(detail["loc"])
    path, key = path_text(location), str(location[-1]) if location else ""
    if detail["type"] == "extra_forbidden":
        return Problem(path, "is not a key that twcmaster knows.", _similar(key, _known_keys(schema, location)))
    if detail["type"] == "missing":
        return Problem(path, "is missing.", _EXAMPLES.get(key, ""))
    if detail["type"] in ("model_type", "list_type", "model_attributes_type"):
        return Problem(path, *_wrong_table(location))
    what = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Problem(path, f"{what}, but it is {_shown(detail['input'])}.", _EXAMPLES.get(key, ""))


def _wrong_table(location: tuple[int | str, ...]) -> tuple[str, str]:
    name = str(location[0])
    if name in ("circuit", "bus", "connector") and len(location) == 1:
        return "must be a list of tables.", f"Write [[{name}]] with two brackets."
    return "must be a table.", f"Write [{name}] with one bracket."


def path_text(location: tuple[int | str, ...]) -> str:
    """``('circuit', 1, 'limit_a')`` as ``circuit[1].limit_a``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a line's worth


def _similar(key: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}."


def _known_keys(schema: type[BaseModel], location: tuple[int | str, ...]) -> Mapping[str, object]:
    """The keys allowed in the table that holds `location`."""
    model = schema
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        model = next((m for m in _models_in(annotation)), model)
    return model.model_fields


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
