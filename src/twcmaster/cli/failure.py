"""How a command ends when it cannot do what was asked: a sentence for the person, an exit code for scripts.

0 is success, 1 a problem that was found, 2 wrong usage (click's own), 3 no daemon or port available.
"""

from __future__ import annotations

import os
import traceback
from typing import IO, Any

import click

#: Set to anything, it shows where in the program a failure arose.
DEBUG_VARIABLE = "TWCMASTER_DEBUG"


class Failure(click.ClickException):
    """Ends the command with code 1: the message goes to stderr without a traceback."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        if self.__cause__ is not None and os.environ.get(DEBUG_VARIABLE):
            traceback.print_exception(self.__cause__, file=file)
        click.echo(self.message, err=True, file=file)


class Unavailable(Failure):
    """Ends the command with code 3: there is no daemon to talk to, or no port to open."""

    exit_code = 3
