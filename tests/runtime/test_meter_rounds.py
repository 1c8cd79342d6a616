"""Asking all meters in rounds: in step with the clock, all at once, and stopped at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from twcmaster.control.meter_review import Round
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading
from twcmaster.runtime.meter_rounds import Pace, ask, rounds
from twcmaster.sim.clock import run_virtual


class Slow:
    """A meter that takes its time and then tells what was so at some earlier moment, or fails."""

    def __init__(self, takes_s: float = 0.0, old_s: float = 0.0, *, fails: bool = False) -> None:
        self.takes_s, self.old_s, self.fails = takes_s, old_s, fails
        self.asked_at: list[float] = []
        self.ended = 0

    async def read(self) -> Reading:
        loop = asyncio.get_running_loop()
        self.asked_at.append(loop.time())
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.ended += 1
        if self.fails:
            raise MeterError("no answer")
        return Reading(loop.time() - self.old_s, 500.0)

    async def close(self) -> None: ...


def hear(meters: dict[str, Slow], pace: Pace, stop_at: float | None = None) -> tuple[list[Round], float]:
    """The rounds, and how long they took."""

    async def main() -> tuple[list[Round], float]:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        begun = loop.time()
        if stop_at is not None:
            loop.call_later(stop_at, stop.set)
        heard = [answers async for answers in rounds(meters, pace, stop)]
        for meter in meters.values():
            meter.asked_at = [at - begun for at in meter.asked_at]
        return heard, loop.time() - begun

    return run_virtual(main())


def test_an_answer_has_its_time_and_age() -> None:
    answer = run_virtual(ask(Slow(0.5, old_s=3.0)))
    assert answer.reading is not None
    assert answer.error is None
    assert (answer.took_s, answer.age_s) == pytest.approx((0.5, 3.0))


def test_a_failure_has_its_words() -> None:
    answer = run_virtual(ask(Slow(5.0, fails=True)))
    assert (answer.reading, answer.error) == (None, "no answer")
    assert answer.took_s == pytest.approx(5.0)


def test_all_are_asked_at_once_and_in_step() -> None:
    quick, slow = Slow(0.1), Slow(1.5)
    heard, took_s = hear({"quick": quick, "slow": slow}, Pace(3, None, 2.0))
    assert [sorted(answers) for answers in heard] == [["quick", "slow"]] * 3
    assert quick.asked_at == slow.asked_at == pytest.approx([0.0, 2.0, 4.0])
    assert took_s == pytest.approx(5.5)


def test_a_meter_slower_than_the_pace_is_not_asked_twice_at_once() -> None:
    slow = Slow(3.0)
    hear({"slow": slow}, Pace(3, None, 2.0))
    assert slow.asked_at == pytest.approx([0.0, 3.0, 6.0])


@pytest.mark.parametrize("seconds, expected", [(0.1, 1), (1.9, 1), (2.1, 2), (7.0, 4)])
def test_no_round_begins_after_the_time(seconds: float, expected: int) -> None:
    assert len(hear({"a": Slow(0.5)}, Pace(100, seconds, 2.0))[0]) == expected


@pytest.mark.parametrize("stop_at, expected, until", [(0.2, 0, 0.2), (1.0, 1, 1.0), (2.3, 1, 2.3)])
def test_a_stop_ends_it_at_once(stop_at: float, expected: int, until: float) -> None:
    meter = Slow(0.5)
    heard, took_s = hear({"a": meter}, Pace(100, None, 2.0), stop_at)
    assert len(heard) == expected
    assert took_s == pytest.approx(until)
    assert meter.ended == len(meter.asked_at)


def test_who_looks_away_leaves_nothing_running() -> None:
    meter = Slow(0.5)

    async def main(until: Callable[[Round], bool]) -> None:
        async for answers in rounds({"a": meter}, Pace(100, None, 2.0), asyncio.Event()):
            if until(answers):
                break
        await asyncio.sleep(10)

    run_virtual(main(lambda answers: "a" in answers))
    assert meter.ended == 1
