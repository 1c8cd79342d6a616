"""Following the sun: who charges on it, and with how much in all.

Three questions, each with its own filter, all of them in energy, so that nothing needs tuning to a meter's pace:

*How much?* The budget is the surplus in whole amps. It follows a reading at once, with a dead band: an amp more only
when the sun fills most of it, an amp less when it is clearly missing. What cars leave unused of an offer is added.

*How many cars?* Charging with n cars takes at least their minimum, whatever the sun does. `_worth_w` is what n cars
make of the sun: what they take from it less what they import. Where one car more or less would be worth more, the
difference adds up over time (and melts when it turns round); at the price of a contactor's click the change is made.
So a small loss is borne for long and a large one briefly, and the more clicks there were within the hour, the dearer
the next. Between cars that could all be fed by one of them alone there is no gain in a second one, only fairness: it
joins when the sun has fed both for long, and leaves first.

*Who?* By tier, then those who got least energy today; `rotation.py` swaps them after a dwell time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import floor

from twcmaster.control.rotation import swap
from twcmaster.control.sun import HOUR_S, Runner, Sun, next_in, next_out

#: The price of a change, of the order of what a click of a contactor is worth: about ten watt-hours.
START_WH = 6.0
STOP_WH = 12.0
#: Every click within the last hour but the first makes the next change dearer by this factor.
DEARER = 1.5
FREE_CLICKS = 1
#: An amp more when the sun fills this share of it ...
ROUND_UP = 0.8
#: ... and this much further to either side before the budget moves.
CALM_A = 0.25
#: How soon the memory of the darkest moment fades: a second car joins only on sun that lasts.
LASTING_S = 1500.0
LASTING_SHARE = 1.1


def follow(sun: Sun, runners: Sequence[Runner], surplus_w: float | None, now: float, day: date) -> Sun:
    """The memory after this instant; `running` and `budget_w` are the decision. No surplus known: nobody runs on it."""
    elapsed_s = 0.0 if sun.at is None else now - sun.at
    clicks = tuple(click for click in sun.clicks if now - click < HOUR_S)
    sun = replace(_count(sun, runners, elapsed_s, day), at=now, clicks=clicks)
    known = {runner.key: runner for runner in runners}
    running = _still_there(sun.running, known)
    if surplus_w is None:
        forced = tuple(key for key in running if known[key].always)
        return replace(sun, running=forced, budget_w=_least_w(forced, known), gain_wh=0.0, loss_wh=0.0)
    since = {key: sun.since.get(key, now) for key in running}
    sun = _weigh(replace(sun, running=running, since=since), known, surplus_w, elapsed_s)
    sun = _change(sun, known, now)
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


def _weigh(sun: Sun, known: Mapping[str, Runner], surplus_w: float, elapsed_s: float) -> Sun:
    """Add up what one car more and one car less would have been worth since the last look."""
    hours = elapsed_s / 3600
    now_w = _worth_w([known[key] for key in sun.running], surplus_w)
    gain = loss = 0.0
    joining, leaving = next_in(sun, known), next_out(sun, known)
    if joining is not None:
        more_w = _worth_w([*(known[key] for key in sun.running), joining], surplus_w)
        gain = max(0.0, sun.gain_wh + (more_w - now_w) * hours)
    if leaving is not None:
        less_w = _worth_w([known[key] for key in sun.running if key != leaving.key], surplus_w)
        loss = max(0.0, sun.loss_wh + (less_w - now_w) * hours)
    fading = sun.lasting_w + (surplus_w - sun.lasting_w) * min(1.0, elapsed_s / LASTING_S)
    return replace(sun, gain_wh=gain, loss_wh=loss, lasting_w=min(surplus_w, fading))


def _worth_w(running: Sequence[Runner], surplus_w: float) -> float:
    """What these cars make of the surplus: what they take of it, less what they import."""
    if not running:
        return 0.0
    least, most = sum(r.minimum_w for r in running), sum(r.maximum_w for r in running)
    surplus_w = max(0.0, surplus_w)
    return 2 * surplus_w - least if surplus_w < least else min(surplus_w, most)


def _change(sun: Sun, known: Mapping[str, Runner], now: float) -> Sun:
    dearer = DEARER ** max(0, len(sun.clicks) - FREE_CLICKS)
    leaving = next_out(sun, known)
    if leaving is not None and not leaving.must_run and sun.loss_wh >= STOP_WH * dearer:
        return sun.without(leaving.key)
    joining = next_in(sun, known)
    if (
        joining is not None
        and not joining.must_rest
        and (sun.gain_wh >= START_WH * dearer or _lasts_for(sun, known, joining))
    ):
        return sun.with_one_more(joining.key, now)
    return swap(sun, known, now)


def _lasts_for(sun: Sun, known: Mapping[str, Runner], joining: Runner) -> bool:
    """Whether the sun has lately always fed one car more: then it may join its equals."""
    if not sun.running or any(known[key].tier < joining.tier for key in sun.running):
        return False
    needed_w = sum(known[key].minimum_w for key in sun.running) + joining.minimum_w
    return sun.lasting_w >= LASTING_SHARE * needed_w
