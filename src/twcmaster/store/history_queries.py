"""Rows of the history, however fine, brought into the intervals that somebody asks for."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import isnan

from twcmaster.model.history import Energy, Series, Step
from twcmaster.store import history_tables as tables
from twcmaster.store.history_tables import Row

#: Columns that only the sums of a period need.
_HIDDEN = frozenset(("import_w", "export_w", "cost_per_h"))
_S_PER_H = 3600.0
_J_PER_KWH = 1000 * _S_PER_H
#: What each field of Energy is the integral of, and how much of that integral makes one.
_INTEGRALS = {
    "solar_kwh": ("solar_w", _J_PER_KWH),
    "imported_kwh": ("import_w", _J_PER_KWH),
    "exported_kwh": ("export_w", _J_PER_KWH),
    "house_kwh": ("house_w", _J_PER_KWH),
    "charged_kwh": ("cars_w", _J_PER_KWH),
    "charged_from_solar_kwh": ("cars_solar_w", _J_PER_KWH),
    "charged_from_grid_kwh": ("cars_grid_w", _J_PER_KWH),
    "charged_from_battery_kwh": ("cars_battery_w", _J_PER_KWH),
    "cost": ("cost_per_h", _S_PER_H),
}
_WANTED = frozenset(column for column, _ in _INTEGRALS.values())


def series(connection: sqlite3.Connection, start_s: int, end_s: int, step_s: int, now_s: int) -> Series:
    """Means per interval; wider than asked for where what was kept is wider."""
    step_s = max(step_s, _finest_s(start_s, now_s))
    first_s = start_s // step_s * step_s
    count = max(1, -(-(end_s - first_s) // step_s))
    sums: dict[str, tuple[list[float], list[float]]] = {}
    for row in _rows(connection, first_s, end_s, step_s, now_s):
        index = (row.at_s - first_s) // step_s
        if 0 <= index < count:
            _add(sums, row, index, count)
    columns = {name: _means(*sums[name]) for name in sorted(sums, key=_order) if name not in _HIDDEN}
    return Series(step_s, [first_s + index * step_s for index in range(count)], columns)


def _finest_s(start_s: int, now_s: int) -> int:
    if start_s >= now_s - tables.FINE_KEPT_S:
        return Step.FINE
    return Step.MINUTE if start_s >= now_s - tables.MINUTES_KEPT_S else Step.QUARTER


def _rows(connection: sqlite3.Connection, start_s: int, end_s: int, step_s: int, now_s: int) -> Iterator[Row]:
    if step_s < Step.MINUTE:
        return tables.fine(connection, start_s, end_s)
    if step_s < Step.QUARTER:
        return tables.minutes(connection, start_s, end_s)
    return tables.quarters(connection, start_s, end_s, now_s)


def _add(sums: dict[str, tuple[list[float], list[float]]], row: Row, index: int, count: int) -> None:
    for name, value in zip(row.columns, row.mean, strict=True):
        if isnan(value):
            continue
        if name not in sums:
            sums[name] = ([0.0] * count, [0.0] * count)
        value_s, weight_s = sums[name]
        value_s[index] += value * row.covered_s
        weight_s[index] += row.covered_s


def _means(value_s: list[float], weight_s: list[float]) -> list[float | None]:
    return [value / weight if weight > 0 else None for value, weight in zip(value_s, weight_s, strict=True)]


def _order(name: str) -> tuple[bool, str]:
    """The site's columns before the connectors'."""
    return ":" in name, name


def energy(connection: sqlite3.Connection, edges: Sequence[datetime], now_s: int) -> list[Energy]:
    """The energy between each pair of neighbouring edges."""
    edges_s = [int(edge.timestamp()) for edge in edges]
    integrals: list[dict[str, float]] = [{} for _ in edges[1:]]
    for row in tables.quarters(connection, edges_s[0], edges_s[-1], now_s):
        part = integrals[bisect_right(edges_s, row.at_s) - 1]
        for name, value in _wanted(row):
            part[name] = part.get(name, 0.0) + value * row.covered_s
    pairs = zip(edges, edges[1:], integrals, strict=False)
    return [Energy(start, end, **_fields(part)) for start, end, part in pairs]


def _wanted(row: Row) -> Iterable[tuple[str, float]]:
    for name, value in zip(row.columns, row.mean, strict=True):
        if name in _WANTED and not isnan(value):
            yield name, value


def _fields(integrals: dict[str, float]) -> dict[str, float]:
    found = _INTEGRALS.items()
    return {field: integrals[column] / unit for field, (column, unit) in found if column in integrals}
