"""The command line. Commands are imported when they are called for, so that `run` speaks on the bus soon."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import click

from twcmaster.cli.imports import without_collecting

COMMANDS = {
    "run": "run",
    "demo": "demo",
    "simulate": "simulate",
    "check": "check",
    "meter": "meter",
    "ports": "ports",
    "sniff": "sniff",
    "decode": "decode",
    "connector": "connector",
    "status": "status",
    "send": "by_hand",
    "override": "by_hand",
    "dump": "dump",
    "log": "by_hand",
    "set": "wishes:set_",
    "explain": "explain",
    "changes": "wishes",
    "import": "importing:import_",
}
_GROUPS = {
    "Charging": ("run", "demo", "simulate", "check", "meter"),
    "Wishes": ("set", "explain", "changes", "import"),
    "A running daemon": ("status", "send", "override", "log", "dump"),
    "The wire": ("ports", "sniff", "decode", "connector"),
}


def _imported(module: str) -> ModuleType:
    with without_collecting():
        return import_module(module)


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package, functions named like the command unless said."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(_imported(f"twcmaster.cli.{module}"), name or cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in _GROUPS.items():
            with formatter.section(title):
                commands = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl([(name, command.get_short_help_str(120)) for name, command in commands if command])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First steps: `twcmaster demo` shows it without hardware, `twcmaster ports` finds your adapter.",
)
@click.version_option(package_name="twcmaster", prog_name="twcmaster")
def main() -> None:
    """Master for Tesla Gen 2 Wall Connectors on RS-485.

    Exit codes: 0 fine, 1 a problem was found, 2 wrong usage, 3 no daemon or port available.
    """
