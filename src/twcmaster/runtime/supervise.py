"""Running tasks: vital ones end the program when they fail, optional ones start again with back-off.

The only place with a broad `except`: everything else lets unknown errors come here.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

FIRST_BACK_OFF_S = 1.0
LAST_BACK_OFF_S = 60.0
#: A task that ran this long before failing starts over with the shortest back-off.
STEADY_S = 300.0
#: Where every error in a callback is fatal, the link to the bus included, and the exceptions to that.
VITAL = ("twcmaster.", "serialx.")
OPTIONAL = ("twcmaster.api.", "twcmaster.meters.", "twcmaster.mqtt.", "twcmaster.vehicles.")


async def optional(name: str, run: Callable[[], Awaitable[None]], notice: Callable[[str, str], None]) -> None:
    """Keep an optional task going; `notice(level, text)` is told about each failure."""
    loop = asyncio.get_running_loop()
    back_off_s = FIRST_BACK_OFF_S
    while True:
        started = loop.time()
        try:
            await run()
        except Exception as error:
            log.debug("%s failed", name, exc_info=error)
            notice("error", f"{name} failed and starts again in {back_off_s:.0f} s: {error}")
        else:
            return
        if loop.time() - started >= STEADY_S:
            back_off_s = FIRST_BACK_OFF_S
        await asyncio.sleep(back_off_s)
        back_off_s = min(back_off_s * 2, LAST_BACK_OFF_S)


def end_on_callback_errors(loop: asyncio.AbstractEventLoop, failed: asyncio.Future[None]) -> None:
    """Make an error in a timer or reader callback (the bus runs in those) as fatal as one in a vital task.

    Not so what goes wrong inside a library that only optional parts use (a meter's protocol, the web server): a device
    that talks nonsense must not stop the cars, and such a part sees the loss of its connection by itself. It is logged
    as an error. Whatever cannot be told for certain to be of that kind is fatal.
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
        elif _is_optional(error, in_callback="handle" in context):
            log.debug("%s", context.get("message"), exc_info=error)
            log.error("%s; all else goes on. If it comes again, report it with the log at level debug", _place(error))
        elif not failed.done():
            failed.set_exception(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


def _is_optional(error: Exception, *, in_callback: bool) -> bool:
    """Whether only libraries and optional parts had a hand in it.

    Some pass through no module that would tell. In a callback that may be anybody's; else it is a connection's that
    asyncio then closes, or a future's that nobody waits for any more.
    """
    modules = _modules(error)
    return not any(_is_vital(f"{module}.") for module in modules) if modules else not in_callback


def _is_vital(module: str) -> bool:
    return module.startswith(VITAL) and not module.startswith(OPTIONAL)


def _modules(error: Exception) -> list[str]:
    """Where the error passed through, from the outside in, without the standard library."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    modules = (str(frame.f_globals.get("__name__", "")) for frame in frames)
    return [module for module in modules if module.partition(".")[0] not in sys.stdlib_module_names]


def _place(error: Exception) -> str:
    library = next((module.partition(".")[0] for module in reversed(_modules(error))), "a library")
    return f"{library} failed on what it received or sent ({type(error).__name__}: {error})"
