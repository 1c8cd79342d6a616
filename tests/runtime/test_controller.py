"""When decisions are made: on news, in bursts together, and every few seconds at least."""

from __future__ import annotations

import asyncio

from tests.runtime.site_under_test import SiteUnderTest, Step, play, unit
from twcmaster.model.commands import SetMode
from twcmaster.model.settings import SITE, Mode
from twcmaster.runtime.controller import QUIET_S, SOONEST_S

ONE = (unit(0x1839),)


class Diary:
    """When decisions were made."""

    def __init__(self, test: SiteUnderTest) -> None:
        self.at: list[float] = []
        controller = test.graph.controller
        decide = controller.tick

        def noted(now: float) -> None:
            self.at.append(now)
            decide(now)

        controller.tick = noted  # type: ignore[method-assign]

    def gaps(self) -> list[float]:
        return [later - sooner for sooner, later in zip(self.at, self.at[1:], strict=False)]


def diary_of(script_at: float, happening: Step, until: float) -> Diary:
    kept: list[Diary] = []
    play(ONE, {20: lambda test: kept.append(Diary(test)), script_at: happening, until: lambda test: None})
    return kept[0]


def test_a_quiet_bus_is_decided_on_every_few_seconds_only() -> None:
    diary = diary_of(30, lambda test: None, 320)
    assert max(diary.gaps()) <= QUIET_S + 0.01
    assert len(diary.at) <= 1.2 * 300 / QUIET_S


def test_a_car_that_comes_is_decided_on_at_once() -> None:
    diary = diary_of(30.5, lambda test: test.plug_in(0), 50)
    # The unit says so in its next answer, a second later at most.
    assert any(30.5 < at <= 31.7 for at in diary.at)


def test_a_wish_is_decided_on_at_once() -> None:
    async def off(test: SiteUnderTest) -> None:
        await test.graph.wishes.command(SetMode(Mode.OFF, SITE), "somebody")

    diary = diary_of(31.25, off, 40)
    assert any(31.25 <= at <= 31.25 + 2 * SOONEST_S for at in diary.at)


def test_a_burst_of_news_shares_a_decision() -> None:
    async def burst(test: SiteUnderTest) -> None:
        for _ in range(100):
            test.graph.controller.wake()
            await asyncio.sleep(0.001)

    diary = diary_of(30, burst, 35)
    assert sum(30 <= at <= 30.2 for at in diary.at) <= 3
    assert min(diary.gaps()) >= SOONEST_S - 0.001


def test_the_noise_of_an_ammeter_is_no_news() -> None:
    kept: list[Diary] = []
    script: dict[float, Step] = {
        5: lambda test: test.plug_in(0),
        60: lambda test: kept.append(Diary(test)),
        150: lambda test: None,
    }
    play(ONE, script)
    assert len(kept[0].at) <= 1.4 * 90 / QUIET_S
