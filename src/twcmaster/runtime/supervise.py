"""Running tasks: vital ones end the program when they fail, optional ones start again with back-off.

The only place with a broad `except`: everything else lets unknown errors come here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

FIRST_BACK_OFF_S = 1.0
LAST_BACK_OFF_S = 60.0
#: A task that ran this long before failing starts over with the shortest back-off.
STEADY_S = 300.0


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
    """Make an error in a timer or reader callback (the bus runs in those) as fatal as one in a vital task."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not failed.done():
            failed.set_exception(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
