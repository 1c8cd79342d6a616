"""The report of a simulation: one HTML file with everything in it, no script, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from twcmaster.sim.outcome import Outcome
from twcmaster.sim.plot import Curve, Lane, Span, lanes, plot

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
#: A draw from here on shows a closed contactor; below lie offsets of ammeters.
DRAWING_A = 1.0
#: Colours of connectors, in the order of the config; more than these repeat.
_CONNECTORS = ("one", "two", "three")
_MOST_NOTICES = 40
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b646c; --paper: #fff; --faint: #0000001c;
  --sun: #d99a00; --house: #3f72b5; --cars: #138a4c; --best: #a34cb6; --three: #c2571a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8eb; --soft: #a3adb5; --paper: #14181b; --faint: #ffffff24;
  --sun: #f0b93a; --house: #86b1e8; --cars: #5fce8d; --best: #d490e2; --three: #f0a06a; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .2rem; }
h3 { font-size: 1.05rem; margin: .8rem 0 0; }
p { margin: .4rem 0; } .note { color: var(--soft); font-size: .92rem; max-width: 60rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--faint); white-space: nowrap; }
thead th { white-space: normal; vertical-align: bottom; line-height: 1.25; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
td:last-child { font-weight: 600; }
.wide { overflow-x: auto; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 33rem), 1fr)); gap: 0 2rem; }
figure { margin: .9rem 0 0; } figcaption { font-size: .9rem; } figcaption b { margin-right: .9rem; font-weight: 600; }
figcaption span { display: inline-block; margin-right: .9rem; color: var(--soft); }
figcaption i { display: inline-block; width: 1rem; height: .3rem; margin-right: .35rem; vertical-align: middle; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--faint); } .curve { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.area { fill-opacity: .28; }
.curve.sun { stroke: var(--sun); } .area.sun, rect.sun { fill: var(--sun); } i.sun { background: var(--sun); }
.curve.house { stroke: var(--house); } i.house { background: var(--house); }
.curve.cars, .curve.one { stroke: var(--cars); } rect.one { fill: var(--cars); }
i.cars, i.one { background: var(--cars); }
.curve.best { stroke: var(--best); stroke-dasharray: 3 2; } rect.best { fill: var(--best); }
i.best { background: var(--best); }
.curve.two { stroke: var(--house); } rect.two { fill: var(--house); } i.two { background: var(--house); }
.curve.three { stroke: var(--three); } rect.three { fill: var(--three); } i.three { background: var(--three); }
@media (max-width: 40rem) { svg text { font-size: 17px; } }
details { margin-top: .8rem; font-size: .92rem; } li { color: var(--soft); }
"""
_NOTE = (
    "<b>Of optimum</b> compares the value of what happened with the best that was possible. Value is surplus charged, "
    "less grid energy imported because of charging, less 10 Wh for each closing of a contactor. The optimum knew the "
    "whole day beforehand, follows at once and takes any whole number of amps: nobody can reach it entirely. "
    "<b>Of usable</b> compares the sun that went into cars with what the optimum took; above 100 % more sun was taken, "
    "and more import with it. <b>Overload</b> is the worst second of any phase above a circuit or the main fuse; 0: "
    "none. <b>Cost</b> is the import that charging caused and the feed-in that it used up, at the prices given."
)
_COARSE = (
    '<p class="note"><b>Coarse:</b> sun and cars passed {speed:g} times faster than the program could react. '
    "Simulate with speed 1 for figures to rely on.</p>"
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
    """The whole report; outcomes of one day that follow each other stand side by side."""
    speed = max((outcome.recording.step_s for outcome in outcomes), default=1.0)
    coarse = _COARSE.format(speed=speed) if speed > 1 else ""
    days = "".join(_day(name, list(group)) for name, group in groupby(outcomes, lambda outcome: outcome.name))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>twcmaster simulation</title><style>{_STYLE}</style></head><body><h1>Simulation</h1>"
        f'<div class="wide">{_table(outcomes)}</div><p class="note">{_NOTE}</p>{coarse}{days}</body></html>\n'
    )


def _table(outcomes: Sequence[Outcome]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells(o)) + "</tr>" for o in outcomes)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _day(name: str, outcomes: Sequence[Outcome]) -> str:
    sides = "".join(_side(outcome) for outcome in outcomes)
    return f'<section><h2>{escape(name)}</h2><div class="sides">{sides}</div></section>'


def _side(outcome: Outcome) -> str:
    """One config on one day."""
    recording = outcome.recording
    span = Span(recording.start_s, len(recording.pv_w) * recording.step_s)
    left_kw = [max(0.0, watts) / 1000 for watts in recording.net_w()]
    followed = (
        Curve("Sun left over by the house", "sun", left_kw, filled=True),
        Curve("Cars at best", "best", [watts / 1000 for watts in outcome.optimum_w]),
        Curve("Cars", "cars", [watts / 1000 for watts in recording.cars_w]),
    )
    site = (
        Curve("Sun", "sun", [watts / 1000 for watts in recording.pv_w]),
        Curve("House without cars", "house", [watts / 1000 for watts in recording.load_w]),
    )
    figures = (
        plot("Following the sun", "kW", followed, span)
        + _contactors(outcome, span)
        + plot("Amps drawn", "A", _amps(outcome), span)
        + plot("Sun and house", "kW", site, span)
    )
    return f"<div><h3>{escape(outcome.config)}</h3><p>{_in_words(outcome)}</p>{figures}{_notices(outcome)}</div>"


def _in_words(outcome: Outcome) -> str:
    score = outcome.score
    times = "once" if score.closings == 1 else f"{score.closings} times"
    return (
        f"{score.from_sun_wh / 1000:.1f} kWh of sun went into cars, of {score.surplus_wh / 1000:.1f} kWh left over; "
        f"{score.imported_wh / 1000:.2f} kWh came from the grid because of charging. Contactors closed {times}. "
        f"That is <b>{outcome.share_of_optimum:.1%}</b> of the best possible."
    )


def _contactors(outcome: Outcome, span: Span) -> str:
    rows = [
        Lane(key, _style(index), [amps >= DRAWING_A for amps in curve])
        for index, (key, curve) in enumerate(outcome.recording.draw_a.items())
    ]
    best = Lane("At best", "best", [amps > 0 for amps in outcome.optimum.amps])
    return lanes("Contactor closed", [*rows, best], span)


def _amps(outcome: Outcome) -> list[Curve]:
    return [Curve(key, _style(index), curve) for index, (key, curve) in enumerate(outcome.recording.draw_a.items())]


def _style(index: int) -> str:
    return _CONNECTORS[index % len(_CONNECTORS)]


def _notices(outcome: Outcome) -> str:
    """What the program said meanwhile, folded away."""
    notices = outcome.recording.notices
    if not notices:
        return ""
    items = "".join(f"<li>{escape(notice)}</li>" for notice in notices[:_MOST_NOTICES])
    more = f"<li>… and {len(notices) - _MOST_NOTICES} more</li>" if len(notices) > _MOST_NOTICES else ""
    return f"<details><summary>What the program said ({len(notices)})</summary><ul>{items}{more}</ul></details>"
