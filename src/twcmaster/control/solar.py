"""Following the sun: who charges on it, and with how much in all.

Three questions, each with its own filter, all of them in energy, so that nothing needs tuning to a meter's pace:

*How much?* The budget is the surplus in whole amps. It follows a reading at once, with a dead band: an amp more only
when the sun fills most of it, an amp less when it is clearly missing. What cars leave unused of an offer is added.

*How many cars?* Charging with n cars takes at least their minimum, whatever the sun does, and closing a contactor has
a price. What one car more would bring, and what the last one still brings, now and with the chances of the weather seen
so far, is worked out in `prospect.py`: it joins when that is worth a click, and leaves when it is worth nothing any
more. The more clicks there were within the hour, the dearer the next. Between cars that could all be fed by one of
them alone a second one gains little, only fairness: so it joins on sun that lasts, and leaves first.

*Who?* By tier, then those who got least energy today; `rotation.py` swaps them after a dwell time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import floor

from twcmaster.control.prospect import OneMore, Range, foresee
from twcmaster.control.rotation import swap
from twcmaster.control.sun import HOUR_S, Runner, Sun, next_in, next_out
from twcmaster.control.weather import look

#: What closing a contactor costs: 10 Wh of wear, and the sun that is lost while the car starts and after it stopped.
CLICK_WH = 15.0
#: Every closing within the last hour but the first makes the next one dearer by this factor.
DEARER = 1.5
FREE_CLICKS = 1
#: What it is worth that one more of equal cars charges, where one of them alone could take all.
FAIRNESS_W = 100.0
#: A change must pay for this long: a reading that the next one contradicts moves no contactor.
STEADY_S = 3.0
#: An amp more when the sun fills this share of it ...
ROUND_UP = 0.8
#: ... and this much further to either side before the budget moves.
CALM_A = 0.25


def follow(sun: Sun, runners: Sequence[Runner], surplus_w: float | None, now: float, day: date) -> Sun:
    """The memory after this instant; `running` and `budget_w` are the decision. No surplus known: nobody runs on it."""
    elapsed_s = 0.0 if sun.at is None else now - sun.at
    clicks = tuple(click for click in sun.clicks if now - click < HOUR_S)
    sun = replace(_count(sun, runners, elapsed_s, day), at=now, clicks=clicks)
    known = {runner.key: runner for runner in runners}
    running = _still_there(sun.running, known)
    if surplus_w is None:
        forced = tuple(key for key in running if known[key].always)
        least_w = _least_w(forced, known)
        return replace(sun, running=forced, budget_w=least_w, pays_since=None, costs_since=None)
    since = {key: sun.since.get(key, now) for key in running}
    # Who charges without having been let in has closed a contactor too.
    clicks += (now,) * len(set(running) - set(sun.running))
    sun = replace(sun, running=running, since=since, clicks=clicks, weather=look(sun.weather, surplus_w, now))
    sun = _change(_weigh(sun, known, surplus_w, now), known, now)
    return replace(sun, budget_w=_budget_w(sun, known, surplus_w))


def _still_there(running: tuple[str, ...], known: Mapping[str, Runner]) -> tuple[str, ...]:
    """Those who run and still want to, and those who charge anyway."""
    kept = tuple(key for key in running if key in known and known[key].wants)
    return kept + tuple(key for key, r in known.items() if key not in kept and (r.charging or (r.always and r.wants)))


def _count(sun: Sun, runners: Sequence[Runner], elapsed_s: float, day: date) -> Sun:
    """Add up who gets how much today: the measure of fairness."""
    energy = dict(sun.energy_wh) if day == sun.day else {}
    for runner in runners:
        if runner.drawing_w > 0:
            energy[runner.key] = energy.get(runner.key, 0.0) + runner.drawing_w * elapsed_s / 3600
    return replace(sun, energy_wh=energy, day=day)


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _budget_w(sun: Sun, known: Mapping[str, Runner], surplus_w: float) -> float:
    """Whole amps of the smallest step there is, following the surplus with a dead band, never below the minimum."""
    step_w = min((runner.watts_per_amp for runner in known.values()), default=1.0)
    unused_w = sum(known[key].unused_w for key in sun.running)
    amps = (max(0.0, surplus_w) + unused_w) / step_w + 1 - ROUND_UP
    now = sun.budget_w / step_w
    if floor(amps - CALM_A) > now or floor(amps + CALM_A) < now:
        now = floor(amps)
    return max(now * step_w, _least_w(sun.running, known))


def _least_w(running: Sequence[str], known: Mapping[str, Runner]) -> float:
    return sum(known[key].minimum_w for key in running)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _weigh(sun: Sun, known: Mapping[str, Runner], surplus_w: float, now: float) -> Sun:
    """Work out what one car more and the last one are worth, and note since when it is time for a change."""
    click_wh = CLICK_WH * DEARER ** max(0, len(sun.clicks) - FREE_CLICKS)
    joining, leaving = next_in(sun, known), next_out(sun, known)
    more = less = None
    pays = costs = False
    if joining is not None:
        more = foresee(sun.weather, sun.joining, _question(sun.running, joining, known, click_wh))
        pays = more.worth_wh(surplus_w) > click_wh
    if leaving is not None:
        others = tuple(key for key in sun.running if key != leaving.key)
        less = foresee(sun.weather, sun.leaving, _question(others, leaving, known, click_wh))
        costs = less.worth_wh(surplus_w) < 0
    return replace(
        sun,
        joining=more,
        leaving=less,
        pays_since=_since(sun.pays_since, now, holds=pays),
        costs_since=_since(sun.costs_since, now, holds=costs),
    )


def _since(before: float | None, now: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now if before is None else before


def _question(others: Sequence[str], one: Runner, known: Mapping[str, Runner], click_wh: float) -> OneMore:
    """What it is worth that `one` charges besides the others. Equals are fair to each other."""
    before = [known[key] for key in others]
    equal = bool(before) and all(runner.tier >= one.tier for runner in before)
    return OneMore(_range(before), _range([*before, one]), FAIRNESS_W if equal else 0.0, click_wh)


def _range(cars: Sequence[Runner]) -> Range:
    return Range(sum(car.minimum_w for car in cars), sum(car.maximum_w for car in cars))


def _change(sun: Sun, known: Mapping[str, Runner], now: float) -> Sun:
    joining, leaving = next_in(sun, known), next_out(sun, known)
    if leaving is not None and not leaving.must_run and _is_steady(sun.costs_since, now):
        return sun.without(leaving.key)
    if joining is not None and not joining.must_rest and _is_steady(sun.pays_since, now):
        return sun.with_one_more(joining.key, now)
    return swap(sun, known, now)


def _is_steady(since: float | None, now: float) -> bool:
    return since is not None and now - since >= STEADY_S
