"""The history as the API shows it, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twcmaster.api.schemas import history as shown
from twcmaster.model.history import ChargeSession, Energy, Series

_COLUMN_DIGITS = {"w": 0, "a": 2, "percent": 1}
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def series(kept: Series) -> shown.Series:
    """Columns, rounded to what the measurement is worth."""
    columns = {name: [_rounded(value, name) for value in values] for name, values in kept.columns.items()}
    return shown.Series(step_s=kept.step_s, at_s=list(kept.at_s), columns=columns)


def _rounded(value: float | None, column: str) -> float | None:
    return None if value is None else round(value, _COLUMN_DIGITS.get(column.rpartition("_")[2], 3))


def edges(period: str, day: date, zone: tzinfo | None) -> list[datetime]:
    """The edges between the parts of the period around `day`: hours, days or months by the site's clock."""
    if period == "day":
        start, end = _midnight(day, zone).astimezone(UTC), _midnight(day + timedelta(days=1), zone).astimezone(UTC)
        hours = round((end - start) / timedelta(hours=1))
        return [start + timedelta(hours=hour) for hour in range(hours)] + [end]
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return [_midnight(monday + timedelta(days=index), zone) for index in range(8)]
    if period == "month":
        first = day.replace(day=1)
        days = (_next_month(first) - first).days
        return [_midnight(first + timedelta(days=index), zone) for index in range(days + 1)]
    months = [date(day.year, month, 1) for month in range(1, 13)] + [date(day.year + 1, 1, 1)]
    return [_midnight(month, zone) for month in months]


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(), zone)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def summary(period: str, parts: Sequence[Energy], currency: str | None) -> shown.Summary:
    """Parts and their sum."""
    total = Energy(parts[0].start, parts[-1].end, **{name: _sum(getattr(p, name) for p in parts) for name in _ENERGIES})
    return shown.Summary(
        period=period, currency=currency, total=_energy(total), parts=[_energy(part) for part in parts]
    )


_ENERGIES = (
    "solar_kwh",
    "imported_kwh",
    "exported_kwh",
    "house_kwh",
    "charged_kwh",
    "charged_from_solar_kwh",
    "charged_from_grid_kwh",
    "charged_from_battery_kwh",
    "cost",
)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _energy(part: Energy) -> shown.Energy:
    told = {name: getattr(part, name) for name in _ENERGIES}
    rounded = {name: None if value is None else round(value, 3) for name, value in told.items()}
    return shown.Energy(start=part.start, end=part.end, **rounded)


def sessions(found: Sequence[ChargeSession], most: int, currency: str | None) -> shown.Sessions:
    """One page."""
    more = found[-1].id if len(found) == most else None
    return shown.Sessions(sessions=[_session(one) for one in found], currency=currency, next_before=more)


def _session(one: ChargeSession) -> shown.Session:
    known = one.solar_kwh is not None and one.energy_kwh > 0
    share = round(min(1.0, (one.solar_kwh or 0.0) / one.energy_kwh), 3) if known else None
    return shown.Session(
        id=one.id,
        connector=one.connector,
        connector_name=one.connector_name,
        started_at=one.started_at,
        ended_at=one.ended_at,
        energy_kwh=round(one.energy_kwh, 3),
        solar_kwh=None if one.solar_kwh is None else round(one.solar_kwh, 3),
        solar_share=share,
        peak_a=round(one.peak_a, 1),
        charging_s=round(one.charging_s),
        vin_tail=one.vin_tail,
        cost=None if one.cost is None else round(one.cost, 2),
    )


def series_csv(kept: Series, zone: tzinfo | None) -> Iterator[str]:
    """A header line and one line for each interval."""
    names = list(kept.columns)
    yield _line(["time", *names])
    for index, at_s in enumerate(kept.at_s):
        at = datetime.fromtimestamp(at_s, zone).isoformat()
        yield _line([at, *(_cell(_rounded(kept.columns[name][index], name)) for name in names)])


def sessions_csv(found: Sequence[ChargeSession], zone: tzinfo | None, currency: str | None) -> Iterator[str]:
    """A header line and one line for each session."""
    yield _line([*shown.Session.model_fields, "currency"])
    for one in found:
        row = _session(one).model_dump()
        for name in ("started_at", "ended_at"):
            row[name] = row[name].astimezone(zone).isoformat(timespec="seconds") if row[name] else None
        costs = currency if one.cost is not None else None
        yield _line([_cell(value) for value in (*row.values(), costs)])


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
