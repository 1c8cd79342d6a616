"""The clairvoyant optimum against trying everything, and the score that both are measured by."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twcmaster.sim.optimum import IdealCar, Score, best, score

#: Few amps, so that everything can be tried.
CAR = IdealCar(watts_per_amp=1000.0, minimum_a=2, maximum_a=4)
HOUR_S = 3600.0


def closings(amps: tuple[int, ...]) -> int:
    return sum(now > 0 and before == 0 for before, now in zip((0, *amps), amps, strict=False))


def best_by_trying(net_w: list[float], click_wh: float, present: list[bool], step_s: float) -> float:
    choices = [(0, *range(CAR.minimum_a, CAR.maximum_a + 1)) if there else (0,) for there in present]
    return max(
        score(net_w, [a * CAR.watts_per_amp for a in amps], closings(amps), step_s, click_wh).value_wh
        for amps in product(*choices)
    )


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.floats(-3000, 6000), st.booleans()), min_size=1, max_size=6),
    st.floats(0, 5000),
    st.sampled_from([1.0, 60.0, HOUR_S]),
)
def test_nothing_that_can_be_tried_is_better(steps: list[tuple[float, bool]], click_wh: float, step_s: float) -> None:
    net_w, present = [watts for watts, _ in steps], [there for _, there in steps]
    found = best(net_w, CAR, step_s, click_wh, present)
    assert found.score.value_wh == pytest.approx(best_by_trying(net_w, click_wh, present, step_s), abs=1e-6)
    assert found.score.closings == closings(found.amps)
    assert all(amps == 0 or (there and 2 <= amps <= 4) for amps, there in zip(found.amps, present, strict=True))


@pytest.mark.parametrize(
    "net_kw, click_wh, amps",
    [
        # An hour each. The nearest whole amp, not the one below.
        ([2.4, 2.6, 9.0], 0.0, (2, 3, 4)),
        # Less than half the minimum is not worth importing the rest ...
        ([0.9], 0.0, (0,)),
        ([1.1], 0.0, (2,)),
        # ... unless a click is saved by it.
        ([3.0, 0.5, 3.0], 900.0, (3, 0, 3)),
        ([3.0, 0.5, 3.0], 1100.0, (3, 2, 3)),
        # A click must pay at all.
        ([2.0], 1900.0, (2,)),
        ([2.0], 2100.0, (0,)),
        ([], 10.0, ()),
    ],
)
def test_what_it_chooses(net_kw: list[float], click_wh: float, amps: tuple[int, ...]) -> None:
    assert best([kw * 1000 for kw in net_kw], CAR, HOUR_S, click_wh).amps == amps


def test_surplus_that_nobody_is_there_for_is_lost() -> None:
    found = best([3000.0] * 4, CAR, HOUR_S, present=[False, True, True, False])
    assert found.amps == (0, 3, 3, 0)
    assert found.score == Score(12_000.0, 6000.0, 0.0, 1)


def test_the_score_counts_only_the_import_that_charging_caused() -> None:
    # The house imports 500 W by itself; then 1 kW of sun for 3 kW of car; then more sun than car.
    found = score([-500.0, 1000.0, 5000.0], [2000.0, 3000.0, 3000.0], closings=2, step_s=HOUR_S)
    assert found == Score(surplus_wh=6000.0, charged_wh=8000.0, imported_wh=4000.0, closings=2)
    assert found.from_sun_wh == 4000.0
    assert found.value_wh == 4000.0 - 4000.0 - 20.0


def test_a_step_may_be_of_any_length() -> None:
    one, many = score([2000.0], [2000.0], 1, HOUR_S), score([2000.0] * 3600, [2000.0] * 3600, 1)
    assert one.value_wh == pytest.approx(many.value_wh)
