"""What reading old settings talks about: entries, what became of them, and values of unsure type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

#: One file's entries, nested; numbers may come as text.
Old = Mapping[str, object]


class Fate(Enum):
    """What became of an entry, in words for the report."""

    TAKEN = "taken over"
    CONFIG = "for the config file"
    BUILT_IN = "not needed"
    LATER = "not possible yet"
    PRIVATE = "secret, left out"
    UNKNOWN = "not understood"


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of a file and what became of it. `value` is shortened, and empty for secrets."""

    key: str
    value: str
    fate: Fate
    text: str


#: What has been found out of entries, by path.
Notes = dict[str, tuple[Fate, str]]


def number(value: object) -> float | None:
    """A finite number, however it is written, also as a product ("20 * 0.8"); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        factors = value.split("*") if isinstance(value, str) else [value]
        found = math.prod(float(factor) for factor in factors)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def yes(value: object) -> bool:
    """Whether a switch is on: true, 1, "1", "true", "on"."""
    return value is True or str(value).strip().lower() in ("1", "1.0", "true", "on", "yes")


def group(values: Old, *path: str) -> Old:
    """A group within groups, empty when there is none."""
    for step in path:
        inner = values.get(step)
        values = inner if isinstance(inner, Mapping) else {}
    return values
