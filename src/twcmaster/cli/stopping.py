"""Stopping when told to: Ctrl-C, a service manager's SIGTERM, a closed terminal. All mean a clean end, exit code 0."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Everything of ours has ended by then. What may still hang is a thread that waits for a name server.
LAST_WORDS_S = 1.0


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `main(stop)` to its end; `stop` is set by a signal, and a second signal ends the program at once.

    What `main` leaves in threads may keep this from returning: the program then ends here, so `main` says it all.
    """
    try:
        with asyncio.Runner() as runner:
            try:
                runner.run(_with_signals(main))
            finally:
                signal.signal(signal.SIGALRM, _leave)
                signal.setitimer(signal.ITIMER_REAL, LAST_WORDS_S)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


async def _with_signals(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    for number in _SIGNALS:
        loop.add_signal_handler(number, told)
    await main(stop)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End the process now, as it would have ended without what hangs."""
    error, code = sys.exception(), 0
    if isinstance(error, click.ClickException):
        error.show()
        code = error.exit_code
    elif isinstance(error, click.exceptions.Exit):
        code = error.exit_code
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def interrupt_on_signals() -> None:
    """For commands without an event loop: every stop signal becomes KeyboardInterrupt."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
