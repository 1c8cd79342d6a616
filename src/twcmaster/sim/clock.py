"""Virtual time: an asyncio event loop whose clock jumps to the next thing that is scheduled.

The loop's selector never waits: asked to wait for `timeout` seconds, it moves the clock by `timeout` and reports that
no file is ready. Everything that takes its time from the loop (sleeps, timeouts, `call_at`) then runs in the same
order as in real time, only without the waiting. When nothing is scheduled and nothing is ready, no coroutine can ever
go on; that raises `Deadlock` instead of hanging. Work for executor threads is done on the spot, so that runs repeat
exactly. Real sockets and pipes are never ready here: use the in-memory pipe of `twcmaster.sim.endpoints`.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(RuntimeError):
    """Every task waits for something that nothing scheduled can bring about."""


class _JumpingSelector(selectors.SelectSelector):
    """Registers files like any selector, but never waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock(
                f"virtual time stopped at {self.now_s:.3f} s: every task waits and no timer is set. Look for a future "
                "that nobody completes, or a real socket or pipe, which is never ready in virtual time."
            )
        if timeout > 0:
            self.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time that starts at `start_s`."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.now_s = start_s
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Do the work on this thread: no time passes, and the order never depends on the machine."""

        async def work() -> T:
            return func(*args)

        return self.create_task(work())


def run_virtual(main: Coroutine[Any, Any, T], start_s: float = 0.0) -> T:
    """Run `main` to its end in virtual time, which starts at `start_s` seconds; give its result.

    Raises Deadlock when nothing can go on. Tasks that are left over are cancelled.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start_s)) as runner:
        return runner.run(main)
