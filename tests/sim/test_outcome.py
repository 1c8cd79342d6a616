"""What a simulated day came to, from recordings of a few seconds."""

from __future__ import annotations

import pytest

from tests.sim.simulated import outcome, recording, sample, unit
from twcmaster.sim.optimum import Score
from twcmaster.sim.outcome import Prices, cost_of, overload_a

HOUR_S = 3600.0


def test_each_step_of_a_site_is_kept() -> None:
    first = sample(5000.0, 600.0, unit(0x1001, 10.0, 12.0), unit(0x1002, 0.0, 0.0, plugged=False))
    second = sample(4000.0, 700.0, unit(0x1001, 11.0, 12.0, plugged=False), unit(0x1002, 0.0, 0.0, plugged=False))
    made = recording([first, second])
    assert list(made.pv_w) == [5000.0, 4000.0]
    assert made.net_w() == [4400.0, 3300.0]
    assert list(made.cars_w) == [2400.0, 2640.0]
    assert list(made.draw_a["garage/1001"]) == [10.0, 11.0]
    assert list(made.limit_a["garage/1001"]) == [12.0, 12.0]
    assert list(made.draw_a["garage/1002"]) == [0.0, 0.0]
    assert list(made.present) == [True, False]
    assert list(made.worst_phase_a) == [0.0, 0.0]


def test_the_score_of_a_recording_knows_how_long_its_steps_are() -> None:
    made = recording([sample(3000.0, 600.0, unit(1, 12.0))] * 2, step_s=HOUR_S / 2, closings=3)
    assert made.score() == Score(2400.0, 2880.0, 480.0, 3)


def test_shares_are_of_what_was_possible() -> None:
    # 10 A of sun for half an hour, of which 5 A were used.
    found = outcome(recording([sample(2400.0, 0.0, unit(1, 5.0))] * 1800))
    assert found.share_of_surplus == pytest.approx(0.5)
    assert found.share_of_optimum == pytest.approx((600 - 10) / (1200 - 10))
    assert found.optimum_w == [2400.0] * 1800


@pytest.mark.parametrize("draw_a, share", [(0.0, 1.0), (6.0, 0.0)])
def test_where_nothing_was_possible_nothing_is_lost_by_doing_nothing(draw_a: float, share: float) -> None:
    found = outcome(recording([sample(0.0, 500.0, unit(1, draw_a))] * 60, closings=int(draw_a > 0)))
    assert found.share_of_optimum == share
    assert found.share_of_surplus == pytest.approx(1.0)


def test_money_is_what_the_grid_gave_and_what_it_did_not_get() -> None:
    score = Score(surplus_wh=9000.0, charged_wh=6000.0, imported_wh=1000.0, closings=1)
    assert cost_of(score, Prices(grid=0.40, feed_in=0.10)) == pytest.approx(1 * 0.40 + 5 * 0.10)


def test_the_worst_overload_is_the_worst_second_of_the_worst_circuit() -> None:
    draws = [(10.0, 10.0), (20.0, 15.0), (5.0, 0.0)]
    made = recording([sample(0.0, 0.0, unit(0xA, a), unit(0xB, b)) for a, b in draws])
    limits = {"main": (32.0, ("garage/000A", "garage/000B")), "wall": (16.0, ("garage/000B",)), "empty": (16.0, ())}
    over = overload_a(made, limits)
    assert over == {"main": 3.0, "wall": -1.0, "empty": -16.0}
    assert outcome(made, overload_a=over).worst_overload_a == 3.0
    assert outcome(made).worst_overload_a == 0.0
