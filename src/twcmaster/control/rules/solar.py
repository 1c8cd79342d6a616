"""Solar and solar-plus-minimum: the claims of the connectors that follow the sun, all on one budget.

Who runs and on how much has been decided in `control/solar.py`; here it becomes claims with their reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twcmaster.control import phrases
from twcmaster.control.modes import ModeWish
from twcmaster.control.sun import Runner, Sun
from twcmaster.model.plan import Claim, Pool, Reason

POOL = "solar"


def claims(
    wishes: Mapping[str, ModeWish], runners: Sequence[Runner], sun: Sun, surplus_w: float | None, problem: str
) -> tuple[tuple[Claim, ...], tuple[Pool, ...]]:
    """One claim for each runner, and the budget. `problem` says why no surplus is known."""
    per_amp = min((runner.watts_per_amp for runner in runners), default=1.0)
    weights = {runner.key: runner.watts_per_amp / per_amp for runner in runners}
    pool = Pool(POOL, sun.budget_w / per_amp, _budget_reason(surplus_w), weights)
    found = tuple(_claim(wishes[runner.key], runner, sun, surplus_w, problem) for runner in runners)
    return found, (pool,)


def _budget_reason(surplus_w: float | None) -> Reason:
    if surplus_w is None:
        return Reason("solar", "No sun to go by")
    return Reason("solar", f"The sun has {phrases.kilowatts(max(0.0, surplus_w))} for cars")


def _claim(wish: ModeWish, runner: Runner, sun: Sun, surplus_w: float | None, problem: str) -> Claim:
    on_budget = runner.key in sun.running or runner.leftover
    if runner.key in sun.running:
        reason = _running_reason(runner, surplus_w, problem)
    else:
        reason = _waiting_reason(runner, sun, surplus_w, problem)
    return Claim(
        wish.key,
        "solar",
        wish.priority,
        reason,
        amps=None if on_budget else 0.0,
        pool=POOL if on_budget else None,
        tier=wish.tier,
    )


def _running_reason(runner: Runner, surplus_w: float | None, problem: str) -> Reason:
    if surplus_w is None:
        return Reason("solar_blind", f"Minimum only: {problem}")
    if not runner.shows:
        return Reason("solar", "Solar, when a car wants power")
    if runner.always and surplus_w < runner.minimum_w:
        return Reason("solar_min", "Minimum: too little sun for more")
    return Reason("solar", "Following the sun")


def _waiting_reason(runner: Runner, sun: Sun, surplus_w: float | None, problem: str) -> Reason:
    if surplus_w is None:
        return Reason("solar_blind", f"No solar charging: {problem}")
    if not runner.wants or not runner.shows:
        return Reason("solar", "Solar, when a car wants power")
    if sun.running and surplus_w >= runner.minimum_w:
        return Reason("solar_turn", "Waiting for its turn: the sun feeds one car less than want it")
    spare, needed = phrases.kilowatts(max(0.0, surplus_w)), phrases.kilowatts(runner.minimum_w)
    if surplus_w >= runner.minimum_w:
        return Reason("solar_soon", f"{spare} of sun to spare: it starts when that has lasted a moment")
    return Reason("solar_wait", f"Waiting for sun: {spare} to spare, {needed} needed")
