"""Reading the config for a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twcmaster.cli.failure import Failure
from twcmaster.config.problems import ConfigError

if TYPE_CHECKING:
    from twcmaster.config.schema import Config


def load_config(path: Path) -> Config:
    """The validated file. Raises Failure with every problem in it."""
    from twcmaster.config.load import load

    try:
        return load(path)
    except ConfigError as error:
        raise complaint(error) from error


def complaint(error: ConfigError) -> Failure:
    """How a command ends over a config that cannot be used."""
    return Failure(str(error))


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config FILE`, required."""
    return click.option(
        "--config",
        "config_file",
        required=True,
        envvar="TWCMASTER_CONFIG",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The installation's TOML file. Environment: TWCMASTER_CONFIG.",
    )(command)
