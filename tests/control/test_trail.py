"""What cars drew in the last minutes: short lists that answer for any moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.control.trail import LONGEST, NOISE_A, ZERO, Span, Trail, around, at, extend, mean

KEEP_S = 100.0
RISE: Trail = ((0.0, 6.0), (10.0, 6.0), (11.0, 16.0), (20.0, 16.0))


def grown(*answers: tuple[float, float]) -> Trail:
    trail: Trail = ()
    for moment, amps in answers:
        trail = extend(trail, moment, amps, KEEP_S)
    return trail


@pytest.mark.parametrize(
    "answers, kept",
    [
        ([(0, 6)], [(0, 6)]),
        ([(0, 6), (1, 6)], [(0, 6), (1, 6)]),
        # A steady stretch keeps its two ends.
        ([(0, 6), (1, 6), (2, 6), (3, 6)], [(0, 6), (3, 6)]),
        ([(0, 6), (1, 6 + NOISE_A / 2), (2, 6), (3, 6)], [(0, 6), (3, 6)]),
        ([(0, 6), (1, 6), (2, 9), (3, 9), (4, 9)], [(0, 6), (1, 6), (2, 9), (4, 9)]),
        # The same answer again, or one from the past, is no news.
        ([(0, 6), (5, 9), (5, 12), (3, 20)], [(0, 6), (5, 9)]),
        # What is too old goes, but the moment before the oldest that counts stays known.
        ([(0, 1), (10, 2), (50, 3), (111, 4)], [(10, 2), (50, 3), (111, 4)]),
    ],
)
def test_a_trail_keeps_what_changed(answers: list[tuple[float, float]], kept: list[tuple[float, float]]) -> None:
    assert grown(*answers) == tuple(kept)


def test_a_trail_never_grows_without_bound() -> None:
    trail = grown(*((float(second) / 100, float(second % 7)) for second in range(3 * LONGEST)))
    assert len(trail) <= LONGEST + 2


@pytest.mark.parametrize(
    "moment, amps", [(-5, 6), (0, 6), (5, 6), (10, 6), (10.5, 11), (11, 16), (15, 16), (20, 16), (99, 16)]
)
def test_between_answers_lies_a_straight_line(moment: float, amps: float) -> None:
    assert at(RISE, moment) == pytest.approx(amps)


@pytest.mark.parametrize(
    "since, until, span",
    [
        (2, 4, Span(6, 6, 6)),
        (10.2, 10.8, Span(6, 11, 16)),
        (9, 10, Span(6, 6, 6)),
        (9, 10.1, Span(6, 6, 16)),
        (11, 12, Span(16, 16, 16)),
        (30, 31, Span(16, 16, 16)),
    ],
)
def test_between_two_answers_the_draw_is_open(since: float, until: float, span: Span) -> None:
    assert around(RISE, since, until) == span


def test_no_answer_is_no_draw() -> None:
    assert around((), 0.0, 1.0) == ZERO


def test_spans_add_up_and_give_way_no_further_than_they_must() -> None:
    span = Span(1, 2, 4).plus(Span(10, 10, 10)).times(2)
    assert span == Span(22, 24, 28)
    assert [span.nearest(value) for value in (0, 22, 25, 28, 99)] == [22, 22, 25, 28, 28]


@pytest.mark.parametrize("since, until, amps", [(0, 10, 6), (10, 11, 11), (11, 20, 16), (9, 12, 11), (20, 30, 16)])
def test_means(since: float, until: float, amps: float) -> None:
    assert mean(RISE, since, until) == pytest.approx(amps)


trails = st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 48)), min_size=1, max_size=30).map(
    lambda steps: tuple((sum(gap for gap, _ in steps[: index + 1]), amps) for index, (_, amps) in enumerate(steps))
)


@given(trails, st.floats(-10, 300), st.floats(0.1, 60))
def test_a_span_holds_whatever_the_line_passes(trail: Trail, since: float, length_s: float) -> None:
    span = around(trail, since, since + length_s)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert span.low - 1e-6 <= at(trail, since + share * length_s) <= span.high + 1e-6
    assert span.low <= span.likely <= span.high
    assert span.low - 1e-6 <= mean(trail, since, since + length_s) <= span.high + 1e-6


@given(trails)
def test_thinning_loses_no_more_than_noise(answers: Trail) -> None:
    kept: Trail = ()
    for moment, amps in answers:
        kept = extend(kept, moment, amps, 1e9)
    for moment, amps in answers:
        assert abs(at(kept, moment) - amps) <= 2 * NOISE_A
