"""An end within two seconds, whatever still hangs in a thread."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import asyncio, sys, time
import click
from twcmaster.cli.failure import Unavailable
from twcmaster.cli.stopping import run_until_stopped

async def main(stop):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    print("ready", flush=True)
    await stop.wait()
    {ending}

run_until_stopped(main)
"""


async def stopped(ending: str, number: int = signal.SIGTERM) -> tuple[int | None, str]:
    script = SCRIPT.format(ending=ending)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(number)
    async with asyncio.timeout(10):
        _, err = await process.communicate()
    return process.returncode, err.decode()


@pytest.mark.smoke
@pytest.mark.parametrize(
    "ending, code, words",
    [
        ("pass", 0, ""),
        ("raise Unavailable('no port')", 3, "no port"),
        ("raise RuntimeError('a bug')", 1, "RuntimeError: a bug"),
        ("raise click.exceptions.Exit(1)", 1, ""),
    ],
)
async def test_a_thread_that_hangs_does_not_delay_the_end(ending: str, code: int, words: str) -> None:
    ended, err = await stopped(ending)
    assert ended == code
    assert words in err
    assert bool(err) == bool(words)


@pytest.mark.smoke
async def test_a_second_signal_ends_what_does_not_end() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT.format(ending="await asyncio.sleep(60)"), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await process.communicate()
    assert process.returncode == -signal.SIGTERM
