"""Whether what stands in a copy of the history makes sense. Copies come from people and may hold anything."""

from __future__ import annotations

import json
import sqlite3
import sys
from array import array
from collections.abc import Collection
from math import isfinite

#: Longer ones are no layouts of ours.
MOST_COLUMNS = 1000
#: Watts, amps, percent or money per hour: a thousand times what a house has.
LARGEST_NUMBER = 1e9
_NUMBER_BYTES = 4
#: 1990 to 2200, as everywhere in the API.
_EARLIEST_S, _LATEST_S = 631_152_000, 7_258_118_400
_LARGEST_ID = 2**62


class BadCopy(ValueError):
    """This file is no copy of a history. The text says why."""


def check_tables(copy: sqlite3.Connection, needed: Collection[str]) -> None:
    """Tables only, and the ones that are needed: whatever else can stand in such a file runs code. Raises BadCopy."""
    tables = set()
    for name, kind, root, sql in copy.execute("SELECT name, type, rootpage, sql FROM sqlite_master"):
        # Views, triggers and virtual tables have no page of their own, or begin otherwise.
        plain = kind == "table" and root and str(sql).startswith("CREATE TABLE ")
        if not plain and not (kind == "index" and sql is None):
            raise BadCopy(f"The history in it holds {str(name)[:40]!r}, which no history has.")
        tables.add(name)
    if not tables.issuperset(needed):
        raise BadCopy("There is no history of this program in it.")


def columns_of(text: object) -> list[str]:
    """The columns of a layout. Raises ValueError."""
    found = json.loads(text) if isinstance(text, str) else None
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    if names != found or len(names) > MOST_COLUMNS or len(set(names)) < len(names):
        raise BadCopy("The history in it has columns that make no sense.")
    # What has no form in UTF-8 can never be shown.
    "".join(names).encode()
    return names


def check_row(at_s: object, covered_s: object, step_s: int) -> None:
    """When an interval began and how much of it was seen. Raises BadCopy."""
    sound = isinstance(at_s, int) and _EARLIEST_S <= at_s <= _LATEST_S and at_s % step_s == 0
    if not sound or not isinstance(covered_s, int | float) or not 0 <= covered_s <= step_s:
        raise BadCopy("The history in it has intervals that make no sense.")


def check_numbers(blob: object, count: int) -> None:
    """The numbers of a row: as many as it has columns, NaN for what is not known. Raises BadCopy."""
    if not isinstance(blob, bytes) or len(blob) != count * _NUMBER_BYTES:
        raise BadCopy("The history in it has rows of the wrong length.")
    numbers = array("f", blob)
    if sys.byteorder == "big":
        numbers.byteswap()
    if any(abs(number) > LARGEST_NUMBER for number in numbers):
        raise BadCopy("The history in it has numbers that make no sense.")


#: Of each column of a session, in order: what it may be, and the smallest and largest number.
_SESSION: tuple[tuple[tuple[type, ...], float, float], ...] = (
    ((int,), 0, _LARGEST_ID),
    ((str,), 0, 0),
    ((str,), 0, 0),
    ((int, float), _EARLIEST_S, _LATEST_S),
    ((int, float), _EARLIEST_S, _LATEST_S),
    ((int, float), _EARLIEST_S, _LATEST_S),
    ((int, float), 0, LARGEST_NUMBER),
    ((int, float, type(None)), 0, LARGEST_NUMBER),
    ((int, float), 0, LARGEST_NUMBER),
    ((int, float), 0, LARGEST_NUMBER),
    ((str, type(None)), 0, 0),
    # Where power has a negative price, charging earns.
    ((int, float, type(None)), -LARGEST_NUMBER, LARGEST_NUMBER),
)


def check_session(row: tuple[object, ...]) -> None:
    """The columns of a session, in the order of its table. Raises BadCopy."""
    for value, (kinds, least, most) in zip(row, _SESSION, strict=True):
        sound = isinstance(value, kinds)
        if isinstance(value, int | float):
            sound = sound and isfinite(value) and least <= value <= most
        if not sound:
            raise BadCopy("The history in it has sessions that make no sense.")
