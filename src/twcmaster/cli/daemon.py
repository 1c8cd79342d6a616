"""A site that runs with console and page: what `run` and `demo` have in common."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twcmaster import app
from twcmaster.catalog import open_link
from twcmaster.cli import places
from twcmaster.cli.failure import Unavailable
from twcmaster.cli.wire_log import WireLog
from twcmaster.config.load import load, shown
from twcmaster.config.schema import Config
from twcmaster.links.guard import Checker, Refusal
from twcmaster.model.ports import Link
from twcmaster.runtime.console import AlreadyRunningError, Console, ConsoleError, Operations
from twcmaster.runtime.operations import ROOT_LOGGER, Parts, operations
from twcmaster.runtime.supervise import optional
from twcmaster.runtime.wishes_operations import wishes_operations
from twcmaster.serving.site import Site
from twcmaster.serving.web import page

log = logging.getLogger(__name__)

Companion = Callable[[], Coroutine[None, None, None]]


def start_logging(level: str, file: Path | None = None) -> None:
    """Log to a file, or to stderr; a service manager's journal has the time already."""
    stamp = "" if "JOURNAL_STREAM" in os.environ and file is None else "%(asctime)s "
    handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter(f"{stamp}%(levelname)-7s %(message)s"))
    root = logging.getLogger(ROOT_LOGGER)
    root.addHandler(handler)
    root.setLevel(level.upper())


def state_dir(config: Config | None) -> Path:
    """Where this daemon remembers things between runs."""
    return (config.service.state_dir if config else None) or places.state_dir()


def claim_console(path: Path) -> Console | None:
    """The socket, claimed; None where there can be none, which stops no car. Raises Failure when another serves it."""
    console = Console(path)
    try:
        console.open()
    except AlreadyRunningError as error:
        raise Unavailable(f"Not started: {error}") from error
    except ConsoleError as error:
        log.warning("twcmaster status, send and the like will not work: %s", error)
        return None
    return console


def console_of(graph: app.Graph, console: Console) -> Companion:
    """The task that answers at the console."""
    offered = operations_of(graph)
    return lambda: optional("the local socket", lambda: console.run(offered), graph.notice_for("console"))


def operations_of(graph: app.Graph) -> Operations:
    """What can be asked of this site."""
    base = operations(
        Parts(
            hub=graph.hub,
            notice=lambda level, where, text: graph.notice_for(where)(level, text),
            buses=graph.buses,
            listeners=graph.listeners,
            memory=lambda: graph.controller.memory,
            config=lambda: shown(graph.config),
        )
    )
    wishes = wishes_operations(graph.wishes, graph.hub, graph.clock, graph.known)
    return Operations({**base.answers, **wishes}, base.streams)


def _nobody(_graph: app.Graph) -> list[Companion]:
    """Nothing runs beside the site."""
    return []


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a site runs: its folder, its wall clock and how fast that goes, and what else runs beside the graph."""

    state_dir: Path
    clock: Callable[[], datetime]
    speed: float = 1.0
    beside: Callable[[app.Graph], list[Companion]] = _nobody


async def serve(
    config: Config | None, path: Path, console: Console | None, stop: asyncio.Event, stage: Stage | None = None
) -> None:
    """The daemon with its page, until `stop` is set. `path`: the config file, which the page may change.

    Without a config the page makes one, and the rest follows. Without a stage: the real world.
    """
    here = stage or Stage(state_dir(config), app.wall_clock(config.site.timezone if config else ""))
    site = Site(here.state_dir, here.clock, here.speed)
    if config is None:
        site.notice_for("config")("warning", f"there is no {path} yet: open the page to set everything up")

    def link_of(url: str, check: Checker, on_refused: Refusal) -> Link:
        return WireLog(site.tapped(url, open_link(url, check, on_refused)))

    def options(ending: asyncio.Event, take: Callable[[app.Graph], None]) -> app.Options:
        def companions(graph: app.Graph) -> list[Companion]:
            take(graph)
            return [*here.beside(graph), *([] if console is None else [console_of(graph, console)])]

        return app.Options(
            state_dir=site.state_dir,
            link_of=link_of,
            clock=None if stage is None else stage.clock,
            companions=companions,
            stop=ending,
            hub=site.hub,
        )

    async with page(site, path):
        await site.run(config, options, stop, lambda: load(path))
