"""What all tables of the config file have in common, and the bounds that several keys share.

A bound is a field's metadata, in the words of pydantic, which `load.py` hands the classes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

AMPS: Mapping[str, object] = {"gt": 0, "le": 1000, "allow_inf_nan": False}
NAME: Mapping[str, object] = {"min_length": 1, "max_length": 60, "pattern": r"^[^\s/\[\]\"][^/\[\]\"]*$"}
UNIT_ID: Mapping[str, object] = {"pattern": r"^[0-9A-Fa-f]{4}$"}
PERCENT: Mapping[str, object] = {"ge": 0, "le": 100, "allow_inf_nan": False}
LINE_VOLTS: Mapping[str, object] = {"ge": 90, "le": 500}


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of the file: unknown keys are mistakes, and nothing is converted behind the person's back."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Callable[[object], Any]) -> Any:
        return strictly(handler(source))


def strictly(schema: Any) -> Any:
    """The shape of a table, in which `true` is no number, and "40" or "yes" are texts and nothing else.

    Only numbers and switches: texts still become paths, names of phases and the like.
    """
    if isinstance(schema, list | tuple):
        return type(schema)(map(strictly, schema))
    if not isinstance(schema, dict):
        return schema
    inner = {key: strictly(value) for key, value in schema.items()}
    if schema.get("type") in ("bool", "int", "float"):
        return inner | {"strict": True}
    if schema.get("type") == "literal" and {type(value) for value in schema["expected"]} == {int}:
        return {"type": "function-before", "function": {"type": "no-info", "function": _whole}, "schema": inner}
    return inner


def _whole(value: object) -> object:
    """For choices among numbers: to Python, true is 1."""
    if type(value) is not int:
        raise ValueError("must be a whole number without quotes")
    return value
