"""Optional tasks start again with growing pauses; an error in a callback of a vital part ends the program."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from twcmaster.runtime.supervise import LAST_BACK_OFF_S, STEADY_S, end_on_callback_errors, optional
from twcmaster.sim.clock import run_virtual


class Task:
    """Runs for so long and then fails, for the nth time, until it is told to succeed."""

    def __init__(self, runs_s: Callable[[int], float], good_from: int | None = None) -> None:
        self.runs_s, self.good_from = runs_s, good_from
        self.started_at: list[float] = []
        self.notices: list[tuple[str, str]] = []

    async def run(self) -> None:
        self.started_at.append(asyncio.get_running_loop().time())
        number = len(self.started_at)
        await asyncio.sleep(self.runs_s(number))
        if self.good_from is None or number < self.good_from:
            raise RuntimeError(f"failure {number}")

    def notice(self, level: str, text: str) -> None:
        self.notices.append((level, text))

    def supervised(self, seconds: float) -> bool:
        """Whether it has come to an end by itself within this time."""

        async def main() -> bool:
            running = asyncio.ensure_future(optional("the meter", self.run, self.notice))
            done, _ = await asyncio.wait([running], timeout=seconds)
            running.cancel()
            await asyncio.wait([running])
            return bool(done)

        return run_virtual(main())


def test_it_starts_again_later_and_later() -> None:
    task = Task(lambda _: 0.0)
    assert not task.supervised(300.0)
    pauses = [later - at for at, later in zip(task.started_at, task.started_at[1:], strict=False)]
    assert pauses == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LAST_BACK_OFF_S, LAST_BACK_OFF_S, LAST_BACK_OFF_S])


def test_people_are_told_what_and_when() -> None:
    task = Task(lambda _: 0.0)
    task.supervised(1.5)
    assert task.notices == [
        ("error", "the meter failed and starts again in 1 s: failure 1"),
        ("error", "the meter failed and starts again in 2 s: failure 2"),
    ]


def test_after_a_steady_run_the_pauses_begin_anew() -> None:
    task = Task(lambda number: STEADY_S if number == 4 else 0.0)
    task.supervised(1 + 2 + 4 + STEADY_S + 4)
    assert task.started_at == pytest.approx([0.0, 1.0, 3.0, 7.0, 8.0 + STEADY_S, 10.0 + STEADY_S])


def test_a_run_that_was_not_quite_steady_changes_nothing() -> None:
    task = Task(lambda number: STEADY_S - 1 if number == 2 else 0.0)
    task.supervised(1 + STEADY_S + 2)
    assert task.started_at == pytest.approx([0.0, 1.0, 2.0 + STEADY_S])


def test_what_ends_by_itself_is_over() -> None:
    task = Task(lambda _: 0.0, good_from=3)
    assert task.supervised(100.0)
    assert len(task.started_at) == 3


def test_being_told_to_stop_is_no_failure() -> None:
    task = Task(lambda _: 1000.0)
    assert not task.supervised(10.0)
    assert (len(task.started_at), task.notices) == (1, [])


@pytest.mark.parametrize("errors", [1, 2])
def test_an_error_in_a_callback_is_fatal(errors: int) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        end_on_callback_errors(loop, failed)
        for number in range(errors):
            loop.call_later(number, int, "no number")
        await asyncio.sleep(5)
        with pytest.raises(ValueError, match="no number"):
            await failed
        loop.set_exception_handler(None)

    run_virtual(main())


def code_in(*modules: str) -> Callable[[], None]:
    """A function of the first module that calls one of the second and so on; the last one fails."""
    source = "def run():\n    inner()" if len(modules) > 1 else "def run():\n    raise ValueError('odd byte count')"
    names: dict[str, Any] = {"__name__": modules[0], "inner": code_in(*modules[1:]) if len(modules) > 1 else None}
    exec(source, names)  # code belongs to the module in which it was made
    made: Callable[[], None] = names["run"]
    return made


def ends_the_program(stir: Callable[[asyncio.AbstractEventLoop], object]) -> bool:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        end_on_callback_errors(loop, failed)
        stir(loop)
        await asyncio.sleep(1)
        gc.collect()
        loop.set_exception_handler(None)
        return failed.done() and failed.exception() is not None

    return run_virtual(main())


@pytest.mark.parametrize(
    "modules, fatal",
    [
        (["twcmaster.runtime.pump"], True),
        (["twcmaster.links.pipe", "twcmaster.protocol.master"], True),
        (["serialx.descriptor_transport"], True),
        (["serialx.descriptor_transport", "twcmaster.links.pipe"], True),
        (["pymodbus.transport", "twcmaster.runtime.controller"], True),
        (["pymodbus.transport", "pymodbus.framer"], False),
        (["pymodbus.transport", "twcmaster.meters.modbus"], False),
        (["twcmaster.api.connection", "uvicorn.protocols", "h11"], False),
        (["twcmasters.friend"], False),
    ],
)
def test_a_library_of_optional_parts_ends_nothing(
    modules: list[str], fatal: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert ends_the_program(lambda loop: loop.call_soon(code_in(*modules))) is fatal
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    if not fatal:
        library = modules[-1].partition(".")[0]
        assert logged[0].startswith(f"{library} failed on what it received or sent (ValueError: odd byte count); all")
        assert "report it" in logged[0]
    else:
        assert logged == []


def test_an_error_that_a_transport_found_in_its_protocol_is_told_apart_alike() -> None:
    def lost(*modules: str) -> Callable[[asyncio.AbstractEventLoop], None]:
        def stir(loop: asyncio.AbstractEventLoop) -> None:
            with pytest.raises(ValueError, match="odd byte count") as caught:
                code_in(*modules)()
            context = {"message": "data_received() call failed", "exception": caught.value, "transport": None}
            loop.call_exception_handler(context)

        return stir

    assert ends_the_program(lost("twcmaster.links.pipe"))
    assert not ends_the_program(lost("pymodbus.framer"))


def test_a_future_that_nobody_waits_for_any_more_ends_nothing() -> None:
    def stir(loop: asyncio.AbstractEventLoop) -> None:
        loop.create_future().set_exception(ValueError("the broker hung up"))

    assert not ends_the_program(stir)


def test_what_is_no_error_of_ours_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        end_on_callback_errors(loop, failed)
        loop.call_exception_handler({"message": "a transport has something to say"})
        await asyncio.sleep(1)
        loop.set_exception_handler(None)
        return failed.done()

    assert run_virtual(main()) is False
    assert "a transport has something to say" in caplog.text
