"""`twcmaster run`: the daemon."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twcmaster.cli.imports import without_collecting
from twcmaster.cli.loading import complaint, config_option
from twcmaster.config.apart import Loading
from twcmaster.config.problems import ConfigError

if TYPE_CHECKING:
    from twcmaster.config.schema import Config

log = logging.getLogger(__name__)


@click.command(epilog="Example: twcmaster run --config /etc/twcmaster/garage.toml")
@config_option
@click.option("--setup", is_flag=True, help="There is no FILE yet: start with the page that makes it.")
def run(config_file: Path, *, setup: bool) -> None:
    """Drive the wall connectors of a site: the daemon.

    Runs until Ctrl-C or SIGTERM and logs to stderr. An adapter that is missing or vanishes is tried again for as long
    as it takes. `twcmaster status` shows what it does.
    """
    loading = None if setup and not config_file.exists() else Loading(config_file)
    # The heavy half of the program is imported while another process checks the file.
    with without_collecting():
        from twcmaster.cli.daemon import start_logging
        from twcmaster.cli.stopping import run_until_stopped
    config = None if loading is None else _outcome(loading)
    start_logging(config.service.log if config else "info")
    run_until_stopped(lambda stop: _run(config, config_file, stop))
    log.info("stopped; connectors hold their last limit for a few seconds, then stop by themselves")


def _outcome(loading: Loading) -> Config:
    try:
        return loading.result()
    except ConfigError as error:
        raise complaint(error) from error


async def _run(config: Config | None, config_file: Path, stop: asyncio.Event) -> None:
    from twcmaster.cli import places
    from twcmaster.cli.daemon import claim_console, serve

    console = claim_console((config.service.socket if config else None) or places.socket_path())
    try:
        await serve(config, config_file, console, stop)
    finally:
        if console is not None:
            console.close()
