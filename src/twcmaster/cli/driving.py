"""Driving one machine over one link for as long as a person watches: what `sniff` and `connector` have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import click

from twcmaster.cli.failure import Unavailable
from twcmaster.model.ports import Link
from twcmaster.runtime.pump import Hooks, Machine, Pump


async def drive(
    link: Link, machine: Machine, stop: asyncio.Event, after: Callable[[], None], *, replay: bool = False
) -> None:
    """Run until `stop` is set, or until the recording is at its end.

    A link that cannot be opened the first time ends in Failure; one that is lost later is opened again.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    opened = asyncio.Event()

    def disconnected() -> None:
        if replay and not ended.done():
            ended.set_result(None)

    def notice(level: str, text: str) -> None:
        if opened.is_set() or level != "error":
            tell(text)
        elif not ended.done():
            ended.set_exception(Unavailable(text))

    pump = Pump(link, machine, notice, Hooks(opened.set, disconnected, after))
    await _first_end(pump, stop, ended)


async def _first_end(pump: Pump, stop: asyncio.Event, ended: asyncio.Future[None]) -> None:
    running = asyncio.ensure_future(pump.run())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait((running, stopped, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        running.cancel()
        stopped.cancel()
        await asyncio.wait((running, stopped))
    for task in done:
        if not task.cancelled():
            task.result()


def tell(text: str) -> None:
    """A remark that is not part of the output, which programs may read."""
    click.echo(f"# {text}", err=True)
