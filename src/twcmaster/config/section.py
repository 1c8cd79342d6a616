"""What all tables of the config file have in common, and the bounds that several keys share.

A bound is a field's metadata, in the words of pydantic, which `load.py` hands the classes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

AMPS: Mapping[str, object] = {"gt": 0, "le": 1000, "allow_inf_nan": False}
NAME: Mapping[str, object] = {"min_length": 1, "max_length": 60, "pattern": r"^[^\s/\[\]\"][^/\[\]\"]*$"}
UNIT_ID: Mapping[str, object] = {"pattern": r"^[0-9A-Fa-f]{4}$"}
PERCENT: Mapping[str, object] = {"ge": 0, "le": 100, "allow_inf_nan": False}
LINE_VOLTS: Mapping[str, object] = {"ge": 90, "le": 500}


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of the file: unknown keys are mistakes, and nothing is converted behind the person's back."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}
