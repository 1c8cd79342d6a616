"""The report of a simulation: one HTML file with everything in it, no script, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from twcmaster.sim.daytime import clock_text
from twcmaster.sim.outcome import Outcome

#: The columns of the table; the first ones are names, the others numbers.
HEADINGS = (
    "Day",
    "Config",
    "Surplus kWh",
    "Charged kWh",
    "From sun kWh",
    "From grid kWh",
    "Of usable",
    "Closings",
    "Overload A",
    "Cost",
    "Of optimum",
)
LABELS = 2

WIDTH, HEIGHT, LEFT, BOTTOM = 960, 240, 56, 24
#: A curve has at most this many points: more than one for each pixel shows nothing.
POINTS = 900
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --paper: #fff; --faint: #8886; --sun: #e8a300; --house: #4a7dbd;
  --cars: #1a9850; --best: #b25ac4; --limit: #c33; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8eb; --paper: #14181b; --house: #86b1e8; --cars: #5fce8d; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--faint); }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
.wide { overflow-x: auto; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.grid { stroke: var(--faint); stroke-width: 1; }
.curve { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.key span { display: inline-block; margin-right: 1.2rem; }
.key i { display: inline-block; width: 1.2rem; height: .25rem; margin-right: .4rem; vertical-align: middle; }
"""
_NOTE = (
    "Value is surplus charged, less grid energy imported because of charging, less 10 Wh for each closing of a "
    "contactor. The optimum knew the whole day beforehand, follows at once, and takes any whole number of amps: "
    "nobody can reach it entirely. Usable surplus is what it put into cars."
)


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row of the table."""
    score = outcome.score
    return (
        outcome.name,
        outcome.config,
        f"{score.surplus_wh / 1000:.1f}",
        f"{score.charged_wh / 1000:.1f}",
        f"{score.from_sun_wh / 1000:.1f}",
        f"{score.imported_wh / 1000:.2f}",
        f"{outcome.share_of_surplus:.1%}",
        f"{score.closings}",
        f"{outcome.worst_overload_a:.1f}",
        f"{outcome.cost:.2f}",
        f"{outcome.share_of_optimum:.1%}",
    )


def page(outcomes: Sequence[Outcome]) -> str:
    """The whole report."""
    body = "".join(_section(outcome) for outcome in outcomes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Simulation</title><style>{_STYLE}</style></head><body><h1>Simulation</h1>"
        f'<div class="wide">{_table(outcomes)}</div><p>{_NOTE}</p>{body}</body></html>\n'
    )


def _table(outcomes: Sequence[Outcome]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells(o)) + "</tr>" for o in outcomes)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _section(outcome: Outcome) -> str:
    recording = outcome.recording
    hours = (recording.start_s, recording.start_s + len(recording.pv_w) * recording.step_s)
    ideal_w = outcome.optimum_w
    powers = (
        ("Sun", "--sun", [w / 1000 for w in recording.pv_w]),
        ("House", "--house", [w / 1000 for w in recording.load_w]),
        ("Cars", "--cars", [w / 1000 for w in recording.cars_w]),
        ("Cars at best", "--best", [w / 1000 for w in ideal_w]),
    )
    amps = [(name, colour, list(curve)) for name, colour, curve in _amps(outcome)]
    title = escape(f"{outcome.name}, {outcome.config}")
    return f"<h2>{title}</h2>{_plot(powers, hours, 'kW')}{_plot(amps, hours, 'A')}"


def _amps(outcome: Outcome) -> Iterator[tuple[str, str, Iterable[float]]]:
    colours = ("--cars", "--sun", "--house", "--best")
    for index, (key, curve) in enumerate(outcome.recording.draw_a.items()):
        yield key, colours[index % len(colours)], curve


def _plot(curves: Sequence[tuple[str, str, list[float]]], hours: tuple[float, float], unit: str) -> str:
    top = max((max(values, default=0.0) for _, _, values in curves), default=0.0) * 1.05 or 1.0
    lines = "".join(
        f'<polyline class="curve" style="stroke:var({colour})" points="{_points(values, top)}"/>'
        for _, colour, values in curves
    )
    key = "".join(f'<span><i style="background:var({colour})"></i>{escape(name)}</span>' for name, colour, _ in curves)
    names = ", ".join(name for name, _, _ in curves)
    return (
        f'<p class="key">{key}</p><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(names)} over the day in {unit}">{_axes(top, hours, unit)}{lines}</svg>'
    )


def _axes(top: float, hours: tuple[float, float], unit: str) -> str:
    parts = []
    for step in range(5):
        y = _y(top * step / 4, top)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        label = f"{top * step / 4:.1f}" + (f" {unit}" if step == 4 else "")
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for step in range(9):
        x = LEFT + (WIDTH - LEFT) * step / 8
        at = clock_text(hours[0] + (hours[1] - hours[0]) * step / 8)
        anchor = "end" if step == 8 else "middle" if step else "start"
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 4}" text-anchor="{anchor}">{at}</text>')
    return "".join(parts)


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
    return (HEIGHT - BOTTOM) * (1 - value / top) + 6
