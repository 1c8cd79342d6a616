"""`twcmaster meter test`: what each meter says, and whether it all adds up. Works without a running daemon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twcmaster import app
from twcmaster.catalog import open_meter
from twcmaster.cli.failure import Failure
from twcmaster.cli.loading import config_option, load_config
from twcmaster.cli.meter_words import as_json, finding_lines, round_lines, verdict_lines
from twcmaster.cli.stopping import run_until_stopped
from twcmaster.config.load import site_facts
from twcmaster.config.schema import Config
from twcmaster.control.balance import Balance, observe
from twcmaster.control.meter_balance import judge
from twcmaster.control.meter_review import Level, Round, doubts
from twcmaster.control.phrases import watts
from twcmaster.model.energy import ReadingView
from twcmaster.model.world import World
from twcmaster.runtime.meter_rounds import Pace, rounds

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection

DEFAULT_ROUNDS = 3
#: Enough for any --seconds.
_ENDLESS = 1_000_000


@click.group()
def meter() -> None:
    """Try out the meters of a config."""


@meter.command(
    epilog="""\b
Examples:
  twcmaster meter test --config site.toml
  twcmaster meter test --config site.toml --seconds 60
  twcmaster meter test --config site.toml --rounds 1 --json
"""
)
@config_option
@click.option("--rounds", "most", type=click.IntRange(1), help=f"How often to ask.  [default: {DEFAULT_ROUNDS}]")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="For how long to ask.")
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object at the end, for programs.")
def test(config_file: Path, most: int | None, seconds: float | None, json_wanted: bool) -> None:
    """Ask every meter of the config and judge the answers.

    Shows for each one its values, their age, how long the answer took, where it came from, or what went wrong and
    what to do. Then: whether the numbers add up, and what is missing or contradicts. Ctrl-C ends it sooner.

    Exit codes: 0 all is well (there may be warnings), 1 a meter does not answer, or something contradicts.
    """
    config = load_config(config_file)
    if not config.meter:
        raise Failure(f"{config_file} has no [[meter]]. docs/howto/meters.md shows how to describe one.")
    most = most or (DEFAULT_ROUNDS if seconds is None else _ENDLESS)
    sections: Sequence[MeterSection] = config.meter
    heard: list[Round] = []

    def hear(answers: Round) -> None:
        heard.append(answers)
        if not json_wanted:
            click.echo("\n".join(round_lines(sections, answers, len(heard))))

    async def ask_and_judge(stop: asyncio.Event) -> None:
        await _ask(config, Pace(most, seconds, _pause_s(sections)), hear, stop)
        if not heard:
            raise Failure("Stopped before every meter could answer once.")
        _judge(config, heard, json_wanted=json_wanted)

    # All is said in there: a meter that hangs in a thread may end the program right behind it.
    run_until_stopped(ask_and_judge)


def _pause_s(sections: Sequence[MeterSection]) -> float:
    """The slowest meter sets the pace: some services block who asks more often."""
    return max(section.every_s for section in sections)


async def _ask(config: Config, pace: Pace, hear: Callable[[Round], None], stop: asyncio.Event) -> None:
    clock = app.wall_clock(config.site.timezone)
    meters = {section.name: open_meter(section, clock) for section in config.meter}
    try:
        async for answers in rounds(meters, pace, stop):
            hear(answers)
    finally:
        await asyncio.gather(*(one.close() for one in meters.values()))


def _judge(config: Config, heard: Sequence[Round], *, json_wanted: bool) -> None:
    """Say what comes of it; ends with code 1 when something is wrong."""
    energy = site_facts(config).energy
    waiting = {section.name for section in config.meter if section.kind == "mqtt"}
    verdict = judge(energy, heard)
    found = [*doubts(energy, heard, waiting), *verdict.findings]
    if json_wanted:
        click.echo(json.dumps(as_json(config.meter, heard, verdict, found), indent=2, ensure_ascii=False))
    else:
        left = _left_for_cars(config, heard[-1])
        click.echo("\n".join(("", *verdict_lines(verdict), *finding_lines(found), *left)))
    if any(one.level is Level.ERROR for one in found):
        raise click.exceptions.Exit(1)


def _left_for_cars(config: Config, answers: Round) -> list[str]:
    """What the decisions would make of it, in a line."""
    site, clock = site_facts(config), app.wall_clock(config.site.timezone)()
    views = {name: ReadingView(facts, answers[name].reading) for name, facts in site.energy.meters.items()}
    now = max((one.reading.taken_at + (one.age_s or 0.0) for one in answers.values() if one.reading), default=0.0)
    balance = observe(World(now, clock, site, (), readings=views), {}, Balance())
    if balance.surplus_w is None:
        return [f"Left for cars: unknown. {balance.problem}."]
    return [f"Left for cars: {watts(balance.surplus_w)}, besides what they draw at this moment."]
