"""`twcmaster import`: settings of older programs, taken over once, with a report on every entry."""

from __future__ import annotations

import asyncio
import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from twcmaster.app import wall_clock
from twcmaster.cli.client import Daemon, find_socket
from twcmaster.cli.daemon import state_dir
from twcmaster.cli.failure import Failure, Unavailable
from twcmaster.cli.loading import load_config
from twcmaster.config.load import site_facts
from twcmaster.config.schema import Config
from twcmaster.control.command_words import say
from twcmaster.control.commands import apply, initial
from twcmaster.control.known import known_of
from twcmaster.model.commands import Change, Command, CommandRefused
from twcmaster.model.settings import Mode
from twcmaster.model.settings_json import encode_command
from twcmaster.store.old_settings import Imported, OldFile, OldSettingsError, bring_over, understand
from twcmaster.store.old_settings_words import Fate, Finding
from twcmaster.store.settings_store import SettingsStore

WHO = "import"
#: Puts one command into effect. Raises Failure when it is refused.
Taker = Callable[[Command], object]


@click.command(
    name="import",
    epilog="""\b
Examples:
  twcmaster import /etc/twcmanager/config.json /etc/twcmanager/settings.json --dry-run
  twcmaster import TWCManagerSettings.txt TWCManager.py --config garage.toml
""",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The config file of this installation.")
@click.option("--socket", "named", type=click.Path(path_type=Path), help="The running daemon's socket.")
@click.option("--dry-run", is_flag=True, help="Only report; change nothing.")
def import_(files: tuple[Path, ...], config: Path | None, named: Path | None, *, dry_run: bool) -> None:
    """Take over the settings of the original TWCManager or its fork.

    Reads TWCManagerSettings.txt (and the constants in TWCManager.py), settings.json and config.json. What people had
    asked for is set in the running daemon or, when none runs, in the state folder that --config names. Facts of the
    installation are printed as lines for a config file. Every entry is reported; passwords and tokens are left out.
    """
    loaded = None if config is None else load_config(config)
    clock = wall_clock(loaded.site.timezone if loaded else "")()
    imported = bring_over(_understood(files), clock)
    for line in report(imported, clock):
        click.echo(line)
    if not dry_run and imported.commands:
        _take_over(imported.commands, find_socket(named, config), loaded, clock)


def report(imported: Imported, clock: datetime) -> Iterator[str]:
    """Every entry with its fate, the commands, and lines for the config file."""
    for name, findings in imported.findings.items():
        yield f"{name}: {len(findings)} entries"
        for fate in Fate:
            yield from _group(fate, [finding for finding in findings if finding.fate is fate])
        yield ""
    yield "What people had asked for:" if imported.commands else "Nothing that people had asked for."
    yield from (f"  {say(command, clock)}" for command in imported.commands)
    if imported.toml:
        yield "\nLines for the config file, to be checked and completed:\n"
        yield imported.toml


def _group(fate: Fate, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"  {fate.value}:"
    for finding in findings:
        value = f" = {finding.value}" if finding.value else ""
        yield f"    {finding.key}{value}"
        yield f"        {finding.text}"


def _understood(paths: Sequence[Path]) -> dict[str, OldFile]:
    """The files by their paths. Two of one kind would overrule each other."""
    files: dict[str, OldFile] = {}
    for path in paths:
        file = _file(path)
        twin = next((name for name, other in files.items() if other.kind is file.kind), None)
        if twin is not None:
            raise Failure(f"{twin} and {path} are both {file.kind.value}. Give the one that was in use.")
        files[str(path)] = file
    return files


def _file(path: Path) -> OldFile:
    try:
        return understand(str(path), _text(path.read_bytes()))
    except (OldSettingsError, OSError) as error:
        raise Failure(str(error)) from error


def _text(content: bytes) -> str:
    """UTF-8, or UTF-16 as some editors save it; damaged letters must not stop the rest."""
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace").read()


def _take_over(commands: Sequence[Command], socket: Path, config: Config | None, clock: datetime) -> None:
    click.echo("")
    refused = 0
    with ExitStack() as stack:
        take = _taker(stack, socket, config, clock)
        for command in commands:
            try:
                take(command)
            except Failure as failure:
                refused += 1
                click.echo(f"Not taken over: {say(command, clock)}. {failure.message}", err=True)
            else:
                click.echo(f"Taken over: {say(command, clock)}.")
    if refused:
        raise Failure("Set what was refused by hand: `twcmaster set --help` says how.")


def _taker(stack: ExitStack, socket: Path, config: Config | None, clock: datetime) -> Taker:
    """Where commands go: to the running daemon, else straight into the state folder of the config."""
    try:
        daemon = stack.enter_context(Daemon(socket))
    except Unavailable:
        if config is not None:
            return lambda command: asyncio.run(_write(config, command, clock))
        raise Failure(
            "Nothing has been taken over: no daemon runs here. Start it, or say --config FILE to set it up before its "
            "first start; --dry-run only shows the report."
        ) from None
    return lambda command: daemon.ask("set", command=encode_command(command), who=WHO)


async def _write(config: Config, command: Command, clock: datetime) -> None:
    """One command into the state folder of a daemon that does not run."""
    notices: list[str] = []
    store = SettingsStore(state_dir(config) / "settings.db", lambda: clock, lambda _, text: notices.append(text))
    try:
        first = initial(Mode(config.control.mode), config.control.amps)
        settings = await store.load() or first
        changed = apply(settings, command, clock, known_of(site_facts(config), ()))
        what = json.dumps(encode_command(command), ensure_ascii=False)
        await store.save(changed, Change(clock.astimezone(UTC), WHO, what, changed.version))
    except (CommandRefused, OSError) as error:
        raise Failure(str(error)) from error
    finally:
        await store.close()
        for notice in notices:
            click.echo(notice, err=True)
