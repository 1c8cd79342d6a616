"""Curves and bars over the hours of a day as SVG: round numbers on the axes, colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import ceil, log10

from twcmaster.sim.daytime import DAY_S, clock_text

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 222, 44, 10, 24
#: A curve has at most this many points: more than one for each pixel shows nothing.
POINTS = 680
#: What a step of the value axis may be, times a power of ten; and of the time axis, in seconds.
_STEPS = (1.0, 2.0, 5.0, 10.0)
_TIME_STEPS_S = (60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_MOST_VALUES, _MOST_TIMES = 5, 9
_LANE, _BAR = 18, 10


@dataclass(frozen=True, slots=True)
class Curve:
    """One value per step. `style` is a class of the style sheet that gives the colour."""

    name: str
    style: str
    values: Sequence[float]
    #: Filled down to nothing instead of drawn.
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One flag per step: a bar wherever it is up."""

    name: str
    style: str
    flags: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is shown: from a second of the day on."""

    start_s: float
    length_s: float

    def x(self, day_s: float) -> float:
        """Where a moment lies."""
        return LEFT + (WIDTH - LEFT) * (day_s - self.start_s) / self.length_s


def plot(title: str, unit: str, curves: Sequence[Curve], span: Span) -> str:
    """A figure of curves."""
    highest = max((max(curve.values, default=0.0) for curve in curves), default=0.0)
    step = _value_step(highest) if highest > 0 else 1.0
    top = step * max(1, ceil(highest / step - 1e-9))
    axes = _value_axis(top, step) + _time_axis(span, HEIGHT - BOTTOM)
    drawn = axes + "".join(_curve(curve, top) for curve in curves)
    return _figure(f"{title}, {unit}", [(curve.name, curve.style) for curve in curves], drawn, HEIGHT)


def lanes(title: str, rows: Sequence[Lane], span: Span) -> str:
    """A figure of bars, a row for each name."""
    height = TOP + _LANE * len(rows) + BOTTOM
    bars = "".join(_bars(lane, TOP + _LANE * index, span) for index, lane in enumerate(rows))
    drawn = _time_axis(span, height - BOTTOM) + bars
    return _figure(title, [(lane.name, lane.style) for lane in rows], drawn, height)


def _figure(title: str, names: Sequence[tuple[str, str]], drawn: str, height: int) -> str:
    key = "".join(f'<span><i class="{style}"></i>{escape(name)}</span>' for name, style in names)
    told = escape(f"{title}: {', '.join(name for name, _ in names)}")
    return (
        f"<figure><figcaption><b>{escape(title)}</b>{key}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}">{drawn}</svg></figure>'
    )


# ── axes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _value_step(highest: float) -> float:
    """The finest round step of which few enough fit."""
    power = 10.0 ** (ceil(log10(highest)) - 1)
    return next(power * part for part in (0.1, 0.2, 0.5, *_STEPS) if highest <= _MOST_VALUES * power * part)


def _value_axis(top: float, step: float) -> str:
    parts = []
    for index in range(round(top / step) + 1):
        y = _y(index * step, top)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{index * step:g}</text>')
    return "".join(parts)


def _time_axis(span: Span, y: float) -> str:
    """Full hours, or what fits to a shorter span."""
    step_s = next(step for step in (*_TIME_STEPS_S, DAY_S) if span.length_s <= _MOST_TIMES * step)
    parts = []
    for index in range(ceil(span.start_s / step_s), int((span.start_s + span.length_s) // step_s) + 1):
        x = span.x(index * step_s)
        anchor = "start" if x < LEFT + 16 else "end" if x > WIDTH - 16 else "middle"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{y}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 17}" text-anchor="{anchor}">{_time_text(index * step_s)}</text>')
    return "".join(parts)


def _time_text(day_s: float) -> str:
    return "24:00" if day_s == DAY_S else clock_text(day_s)


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────


def _curve(curve: Curve, top: float) -> str:
    points = _points(curve.values, top)
    if not curve.filled:
        return f'<polyline class="curve {curve.style}" points="{points}"/>'
    ground = HEIGHT - BOTTOM
    return f'<polygon class="area {curve.style}" points="{LEFT},{ground} {points} {WIDTH},{ground}"/>'


def _points(values: Sequence[float], top: float) -> str:
    """Means over equal stretches, as coordinates."""
    count = min(POINTS, len(values))
    points = []
    for index in range(count):
        first, last = index * len(values) // count, (index + 1) * len(values) // count
        mean = sum(values[first:last]) / (last - first)
        points.append(f"{LEFT + (WIDTH - LEFT) * (index + 0.5) / count:.1f},{_y(mean, top):.1f}")
    return " ".join(points)


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1 - value / top)


def _bars(lane: Lane, y: float, span: Span) -> str:
    """Every single time that it was up, however short."""
    parts, at = [], 0
    step_s = span.length_s / max(1, len(lane.flags))
    for up, run in groupby(lane.flags):
        length = len(list(run))
        if up:
            x, width = span.x(span.start_s + at * step_s), (WIDTH - LEFT) * length * step_s / span.length_s
            parts.append(
                f'<rect class="{lane.style}" x="{x:.1f}" y="{y}" width="{max(0.7, width):.1f}" height="{_BAR}"/>'
            )
        at += length
    return "".join(parts)
