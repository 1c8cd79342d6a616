"""Recorded days from files: CSV of what the sun gave and what the house took, and the hours that a file leaves out."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from twcmaster.sim.daytime import DAY_S
from twcmaster.sim.sun import Day, Gap, Trace

COLUMNS = ("seconds", "pv_w", "load_w")
#: Rows further apart say nothing of the time between them.
LONGEST_GAP_S = 3600.0
#: A meter's noise and an inverter's own need go below nothing, a house and its sun do not.
LEAST_W, MOST_W = -500.0, 10_000_000.0
_SECONDS = int(DAY_S)
_SHOWN_SIGNS = 60
_SHOWN_GAPS = 3

Row = tuple[float, float, float]


class DayFileError(ValueError):
    """A day file cannot be used. The text names the file, the line and what was expected."""


def read_day(path: Path) -> Day:
    """A day file: CSV with the columns seconds, pv_w and load_w among others, in rising order, at any spacing.

    Raises DayFileError. The values between two rows lie on a straight line, and the first and the last one hold to the
    ends of the day; but over more than LONGEST_GAP_S there is no sun.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            rows = list(_rows(path, file))
    except (OSError, UnicodeDecodeError) as error:
        raise DayFileError(f"{path}: cannot be read ({error}). Give the path of a CSV file in UTF-8.") from error
    if not rows:
        raise DayFileError(f"{path}: no rows after the header")
    gaps = tuple(_gaps([second for second, *_ in rows]))
    return Day(Trace(_without(gaps, _resampled(rows, 1))), Trace(_resampled(rows, 2)), gaps)


def gaps_in_words(gaps: Sequence[Gap]) -> str:
    """What a file does not tell, and what is made of it; empty when it tells all."""
    if not gaps:
        return ""
    hours = sum(end_s - start_s for start_s, end_s in gaps) / 3600
    spans = [f"{_clock(start_s)}-{_clock(end_s)}" for start_s, end_s in gaps[:_SHOWN_GAPS]]
    more = ["…"] if len(gaps) > _SHOWN_GAPS else []
    return (
        f"no rows for {hours:.1f} of 24 hours ({', '.join(spans + more)}): they count as hours without sun. "
        "Give at least one row an hour."
    )


def _clock(day_s: float) -> str:
    return f"{int(day_s) // 3600}:{int(day_s) // 60 % 60:02}"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    header = next(lines, "")
    separator = ";" if ";" in header else ","
    places = _places(path, _cells(f"{path}: line 1", header, separator))
    last_s = -1.0
    for number, line in enumerate(lines, start=2):
        place = f"{path}: line {number}"
        cells = _cells(place, line, separator)
        if not any(cells):
            continue
        row = _row(place, cells, places)
        if row[0] <= last_s:
            raise DayFileError(f"{place}: seconds must rise from row to row")
        last_s = row[0]
        yield row


def _cells(place: str, line: str, separator: str) -> list[str]:
    """The cells of one line. Each line by itself: a quote that is never closed must not swallow the rest."""
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error as error:
        raise DayFileError(f"{place}: is not CSV ({error}). Leave out what are no numbers.") from error
    # Where the semicolon separates cells the comma is the decimal sign.
    return [cell.strip().replace(",", ".") if separator == ";" else cell.strip() for cell in cells]


def _places(path: Path, header: Sequence[str]) -> list[int]:
    """Where in a row the three columns stand."""
    names = [name.lower() for name in header]
    if any(names.count(column) != 1 for column in COLUMNS):
        found = _short(",".join(header))
        raise DayFileError(f"{path}: line 1: expected the columns {','.join(COLUMNS)}, each once, found {found!r}")
    return [names.index(column) for column in COLUMNS]


def _row(place: str, cells: Sequence[str], places: Sequence[int]) -> Row:
    try:
        second, pv_w, load_w = (float(cells[index]) for index in places)
    except (ValueError, IndexError):
        raise DayFileError(f"{place}: expected three numbers, found {_short(','.join(cells))!r}") from None
    if not 0 <= second < _SECONDS:
        raise DayFileError(f"{place}: seconds must lie between 0 and 86399: they count from midnight")
    for column, watts in ((COLUMNS[1], pv_w), (COLUMNS[2], load_w)):
        if not LEAST_W <= watts <= MOST_W:
            raise DayFileError(
                f"{place}: {column} must lie between {LEAST_W:g} and {MOST_W:.0f}, found {watts:g}: generation and "
                "what the house takes are both positive"
            )
    return second, pv_w, load_w


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_SIGNS else f"{text[: _SHOWN_SIGNS - 1]}…"


# ── every second of the day ──────────────────────────────────────────────────────────────────────────────────────────


def _gaps(seconds: Sequence[float]) -> Iterator[Gap]:
    for before_s, after_s in pairwise((0.0, *seconds, DAY_S)):
        if after_s - before_s > LONGEST_GAP_S:
            yield before_s, after_s


def _resampled(rows: Sequence[Row], column: int) -> array[float]:
    watts = array("f", [rows[0][column]]) * _SECONDS
    for before, after in pairwise(rows):
        slope = (after[column] - before[column]) / (after[0] - before[0])
        for second in range(math.ceil(before[0]), math.ceil(after[0])):
            watts[second] = before[column] + slope * (second - before[0])
    for second in range(math.ceil(rows[-1][0]), _SECONDS):
        watts[second] = rows[-1][column]
    return watts


def _without(gaps: Sequence[Gap], watts: array[float]) -> array[float]:
    for start_s, end_s in gaps:
        for second in range(math.ceil(start_s), math.ceil(end_s)):
            watts[second] = 0.0
    return watts
