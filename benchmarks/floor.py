"""What waking up costs on this machine, whatever a program then does: the ground on which CPU figures stand.

python -m benchmarks.floor          seconds of CPU a minute

Small programs pay for waking, not for working: caches are cold by then, on virtual machines more than on others.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import subprocess
import sys
import termios
import time
from collections.abc import Callable

SECONDS = 20.0
#: About what the daemon wakes for with three connectors: a timer and an answer for each heartbeat, and questions.
WAKES_PER_S = 8.0
#: The classic way to wait for a serial port: look, sleep 25 ms, look again.
POLLS_PER_S = 40.0


def empty_loop() -> float:
    """An asyncio loop that wakes as often as the daemon and does nothing."""

    async def live() -> float:
        loop = asyncio.get_running_loop()

        def again() -> None:
            loop.call_later(1 / WAKES_PER_S, again)

        again()
        begin = time.process_time()
        await asyncio.sleep(SECONDS)
        return time.process_time() - begin

    return asyncio.run(live())


def polling() -> float:
    """A program that looks for bytes, finds none, and sleeps."""
    near, far = pty.openpty()
    begin, ends_at = time.process_time(), time.monotonic() + SECONDS
    while time.monotonic() < ends_at:
        fcntl.ioctl(far, termios.FIONREAD, bytes(4))
        time.sleep(1 / POLLS_PER_S)
    spent = time.process_time() - begin
    os.close(near)
    os.close(far)
    return spent


MEASURES: dict[str, Callable[[], float]] = {"empty_loop": empty_loop, "polling": polling}


def apart(name: str) -> float:
    """One of them in a small process of its own: seconds of CPU a minute."""
    call = f"from benchmarks import floor; print(floor.MEASURES[{name!r}]() / floor.SECONDS * 60)"
    return float(subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True).stdout)


def lines() -> dict[str, str]:
    """What to print beside a figure of CPU."""
    return {
        f"an empty asyncio loop, {WAKES_PER_S:g} wake-ups/s": f"{apart('empty_loop'):.3f} s/min",
        f"nothing but {POLLS_PER_S:g} polls of a port/s": f"{apart('polling'):.3f} s/min",
    }


def main() -> None:
    """Measure and print."""
    for label, value in lines().items():
        print(f"{label:40} {value}")


if __name__ == "__main__":
    main()
