"""Asking a meter for ever: the pace, growing pauses, one message for each trouble, and never an old value as new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from twcmaster.model.energy import MeterFacts, ReadingView
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.runtime.poll import LONGEST_PAUSE_S, MeterPoll
from twcmaster.sim.clock import run_virtual

#: What the meter does when it is asked for the nth time, at this moment.
Answer = Callable[[int, float], Reading | str]


@dataclass
class Script:
    """A meter that answers as written, and what became of it."""

    answer: Answer
    takes_s: float = 0.0
    asked_at: list[float] = field(default_factory=list)
    closed: int = 0
    fresh_at: list[float] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)

    async def read(self) -> Reading:
        self.asked_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes_s)
        answer = self.answer(len(self.asked_at), asyncio.get_running_loop().time())
        if isinstance(answer, str):
            raise MeterError(answer)
        return answer

    async def close(self) -> None:
        self.closed += 1

    def fresh(self) -> None:
        self.fresh_at.append(asyncio.get_running_loop().time())


def played(
    script: Script,
    seconds: float,
    every_s: float = 2.0,
    while_running: Callable[[MeterPoll], Coroutine[None, None, None]] | None = None,
) -> ReadingView:
    """Poll the script for a while; what is known at the end."""

    async def main() -> ReadingView:
        facts = MeterFacts("grid", MeterRole.GRID, every_s)
        poll = MeterPoll(facts, script, script.fresh, lambda level, text: script.notices.append((level, text)))
        running = asyncio.ensure_future(poll.run())
        if while_running is not None:
            await while_running(poll)
        await asyncio.sleep(seconds - asyncio.get_running_loop().time())
        running.cancel()
        await asyncio.wait([running])
        return poll.view()

    return run_virtual(main())


def good(_: int, now: float) -> Reading:
    return Reading(now, 500.0)


@pytest.mark.parametrize(
    "takes_s, expected",
    [
        (0.0, [0.0, 2.0, 4.0, 6.0, 8.0]),
        (1.5, [0.0, 2.0, 4.0, 6.0, 8.0]),  # a slow answer makes the pause shorter, not the pace slower
        (3.0, [0.0, 3.0, 6.0, 9.0]),  # one slower than the pace is asked again at once, never twice at a time
    ],
)
def test_it_is_asked_in_step(takes_s: float, expected: list[float]) -> None:
    script = Script(good, takes_s)
    played(script, 9.5)
    assert script.asked_at == pytest.approx(expected)


def test_one_late_answer_is_not_made_up_for_by_a_burst() -> None:
    script = Script(good)

    async def hang_once(poll: MeterPoll) -> None:
        await asyncio.sleep(3.0)
        script.takes_s = 7.0
        await asyncio.sleep(2.0)
        script.takes_s = 0.0

    played(script, 16.5, while_running=hang_once)
    assert script.asked_at == pytest.approx([0.0, 2.0, 4.0, 11.0, 13.0, 15.0])


@pytest.mark.parametrize(
    "every_s, pauses",
    [
        (2.0, [2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]),
        (50.0, [50.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]),
        (900.0, [900.0, 900.0]),
    ],
)
def test_a_meter_that_fails_is_asked_less_and_less_often(every_s: float, pauses: list[float]) -> None:
    script = Script(lambda *_: "no answer")
    played(script, sum(pauses) + 1.0, every_s)
    assert [later - at for at, later in zip(script.asked_at, script.asked_at[1:], strict=False)] == pytest.approx(
        pauses
    )


def test_the_pace_is_back_with_the_first_answer() -> None:
    script = Script(lambda number, now: "no answer" if number <= 4 else Reading(now, 500.0))
    played(script, 20.0)
    assert script.asked_at == pytest.approx([0.0, 2.0, 6.0, 14.0, 30.0][:4])
    script = Script(lambda number, now: "no answer" if number <= 3 else Reading(now, 500.0))
    played(script, 19.0)
    assert script.asked_at == pytest.approx([0.0, 2.0, 6.0, 14.0, 16.0, 18.0])


def test_trouble_is_told_once_and_its_end_too() -> None:
    def answer(number: int, now: float) -> Reading | str:
        if number in (2, 3, 4):
            return f"no answer to question {number}"
        return "error 401" if number == 6 else Reading(now, 500.0)

    script = Script(answer)
    view = played(script, 60.0)
    assert script.notices == [
        ("warning", "no answer to question 2"),
        ("info", "answers again"),
        ("warning", "error 401"),
        ("info", "answers again"),
    ]
    assert view.problem is None


def test_while_it_fails_the_last_reading_stays_and_grows_old() -> None:
    script = Script(lambda number, now: Reading(now, 500.0) if number == 1 else f"trouble {number}")
    view = played(script, 40.0)
    assert view.reading == Reading(0.0, 500.0)
    assert view.problem == f"trouble {len(script.asked_at)}", "the newest"
    assert view.age_s(40.0) == 40.0
    assert script.fresh_at == [0.0]


def test_before_the_first_answer_nothing_is_known() -> None:
    view = played(Script(lambda *_: "no answer"), 10.0)
    assert (view.reading, view.problem, view.age_s(10.0)) == (None, "no answer", None)


def test_only_a_newer_measurement_is_news() -> None:
    """A cloud that tells the same measurement again, or an older one after it, wakes nobody and changes nothing."""
    taken = [0.0, 0.0, 10.0, 5.0, 10.0, 12.0]
    script = Script(lambda number, _: Reading(taken[min(number, 6) - 1], float(number)))
    view = played(script, 12.0)
    assert script.fresh_at == [0.0, 4.0, 10.0]
    assert view.reading == Reading(12.0, 6.0)


@pytest.mark.parametrize("takes_s", [0.0, 100.0])
def test_it_is_closed_at_the_end_whatever_it_was_doing(takes_s: float) -> None:
    script = Script(good, takes_s)
    played(script, 5.0)
    assert script.closed == 1


def test_an_unforeseen_error_is_not_hidden_and_the_meter_is_closed() -> None:
    def broken(_: int, __: float) -> Reading:
        raise ZeroDivisionError

    script = Script(broken)

    async def main() -> None:
        poll = MeterPoll(MeterFacts("grid", MeterRole.GRID), script, script.fresh, lambda *_: None)
        with pytest.raises(ZeroDivisionError):
            await poll.run()

    run_virtual(main())
    assert script.closed == 1
