import asyncio

import pytest

from twcmaster.sim.clock import Deadlock, VirtualLoop, run_virtual


async def sleep_and_tell(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


def test_sleeping_moves_the_clock_by_exactly_that_much() -> None:
    assert run_virtual(sleep_and_tell(86_400.0)) == 86_400.0
    assert run_virtual(sleep_and_tell(1.5), start_s=1000.0) == 1001.5


def test_a_day_of_one_second_steps_ends_on_the_second() -> None:
    async def day() -> float:
        for _ in range(86_400):
            await asyncio.sleep(1.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(day()) == pytest.approx(86_400.0, abs=1e-6)


def test_things_happen_in_the_order_of_their_times() -> None:
    async def main() -> list[str]:
        happened: list[str] = []

        async def note(after_s: float, word: str) -> None:
            await asyncio.sleep(after_s)
            happened.append(word)

        async with asyncio.TaskGroup() as tasks:
            for after_s, word in ((3.0, "third"), (1.0, "first"), (2.0, "second")):
                tasks.create_task(note(after_s, word))
        return happened

    assert run_virtual(main()) == ["first", "second", "third"]


def test_timeouts_run_on_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await asyncio.sleep(7200.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 3600.0


def test_a_deadlock_says_so_and_when() -> None:
    async def main() -> None:
        await asyncio.sleep(12.0)
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock, match=r"stopped at 12\.000 s"):
        run_virtual(main())


def test_work_for_threads_is_done_on_the_spot() -> None:
    async def main() -> tuple[int, float]:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(sum, (1, 2, 3)), asyncio.get_running_loop().time()

    assert run_virtual(main()) == (6, 0.0)


def test_what_is_left_over_is_cancelled() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append("cancelled")

    async def main() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(5.0)
        assert not task.done()

    run_virtual(main())
    assert ended == ["cancelled"]


def test_an_error_comes_out() -> None:
    async def main() -> None:
        await asyncio.sleep(1.0)
        raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        run_virtual(main())


def test_callbacks_see_the_time_they_asked_for() -> None:
    loop = VirtualLoop(10.0)
    seen: list[float] = []
    loop.call_at(17.25, lambda: seen.append(loop.time()))
    loop.call_later(20.0, loop.stop)
    loop.run_forever()
    loop.close()
    assert seen == [17.25]
