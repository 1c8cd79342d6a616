"""`twcmaster simulate`: the production program over recorded days, in virtual time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from twcmaster import app
from twcmaster.cli import simulation
from twcmaster.cli.failure import Failure
from twcmaster.cli.loading import config_option, load_config
from twcmaster.cli.numbers import FiniteRange
from twcmaster.cli.simulation import SETTLE_S, Trial
from twcmaster.cli.virtual_site import Guests, conductors, ideal_car, plan_of
from twcmaster.config.schema import BusRole, Config
from twcmaster.sim.day_file import DayFileError, gaps_in_words, read_day
from twcmaster.sim.daytime import DAY_S
from twcmaster.sim.optimum import best
from twcmaster.sim.outcome import Outcome, Prices, cost_of, overload_a
from twcmaster.sim.report import HEADINGS, LABELS, cells, page
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.sun import Day

#: Any summer day: the sun comes from the file, the date only serves the clock.
A_DAY = datetime(2026, 6, 21, tzinfo=UTC)
HIGHEST_PRICE = 1_000_000.0
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class _Task:
    """One day under one config, and the names that tell them from the others."""

    config_name: str
    config: Config
    day_name: str
    day: Day


@click.command(epilog="Example: twcmaster simulate --config home.toml --day june.csv --compare other.toml")
@config_option
@click.option(
    "--day",
    "--days",
    "day_files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="A day: CSV with the columns seconds,pv_w,load_w. Give it again, or list more files, for more days.",
)
@click.argument("more_files", nargs=-1, metavar="[CSV]...", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--compare",
    "other_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A second config, to be shown beside the first.",
)
@click.option(
    "--speed",
    type=FiniteRange(1, 60),
    default=1.0,
    show_default=True,
    help="Quicker but coarser: sun and cars pass this much faster than the program can react. 1 is exact.",
)
@click.option(
    "--connectors",
    type=click.IntRange(1, 3),
    default=1,
    show_default=True,
    help="Wall connectors on a bus whose config names none.",
)
@click.option(
    "--protocol",
    type=click.Choice(["1", "2"]),
    help="Of all connectors. Default: 2 where relay commands are allowed, else 1.",
)
@click.option(
    "--prices",
    nargs=2,
    type=FiniteRange(-HIGHEST_PRICE, HIGHEST_PRICE),
    default=(0.30, 0.08),
    show_default=True,
    metavar="GRID FEED_IN",
    help="Money for a kWh from the grid, and for one into it. Either may be negative, as on a market.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("simulation.html"),
    show_default=True,
    help="Where to write the report.",
)
def simulate(  # noqa: PLR0913, PLR0917 - one for each option
    config_file: Path,
    day_files: tuple[Path, ...],
    more_files: tuple[Path, ...],
    other_file: Path | None,
    speed: float,
    connectors: int,
    protocol: str | None,
    prices: tuple[float, float],
    report: Path,
) -> None:
    """Try a config on recorded days, without any hardware.

    The program itself runs, in virtual time, against virtual connectors with a car at each that is at home all day and
    never full. It tells what came from the sun and what from the grid, and how far that is from the best possible.
    """
    files = [config_file] if other_file is None else [config_file, other_file]
    configs, days = _configs(files), _days((*day_files, *more_files))
    _check_writable(report)
    tasks = [_Task(c, config, d, day) for d, day in days for c, config in configs]
    guests = Guests(connectors, None if protocol is None else int(protocol))
    outcomes = [_run(task, guests, Prices(*prices), speed) for task in tasks]
    click.echo(_table(outcomes))
    try:
        report.write_text(page(outcomes), encoding="utf-8")
    except OSError as error:
        raise Failure(
            f"{report}: the report cannot be written: {error.strerror}. Name another with --report."
        ) from error
    if speed > 1:
        click.echo(f"Coarse, because of --speed {speed:g}: the program reacts that much later than it would.")
    click.echo(f"Report: {report}")


def _check_writable(report: Path) -> None:
    """Before all the work, not after it."""
    if not os.access(report if report.exists() else report.parent, os.W_OK):
        raise Failure(f"{report}: the report cannot be written there. Name another place with --report.")


def _configs(files: Sequence[Path]) -> list[tuple[str, Config]]:
    found = []
    for file, name in zip(files, _names(files), strict=True):
        config = load_config(file)
        if not any(bus.role is BusRole.MASTER for bus in config.bus):
            raise Failure(f'{file}: no [[bus]] has role = "master": there is nothing to simulate.')
        found.append((name, config))
    return found


def _days(files: Sequence[Path]) -> list[tuple[str, Day]]:
    try:
        days = [read_day(file) for file in files]
    except DayFileError as error:
        raise Failure(str(error)) from error
    for file, day in zip(files, days, strict=True):
        if day.gaps:
            click.echo(f"{file}: {gaps_in_words(day.gaps)}", err=True)
    return list(zip(_names(files), days, strict=True))


def _names(files: Sequence[Path]) -> list[str]:
    """What the files are called in the report: with their folders where the names alone are equal."""
    stems = [file.stem for file in files]
    return [stem if stems.count(stem) == 1 else str(file) for file, stem in zip(files, stems, strict=True)]


def _run(task: _Task, guests: Guests, prices: Prices, speed: float) -> Outcome:
    plan = plan_of(task.config, task.day, guests, start_s=0.0, speed=speed)
    trial = Trial(task.config, plan, DAY_S / speed - SETTLE_S, A_DAY, prepare=_plug_in)
    with click.progressbar(length=_PERCENT, label=f"{task.day_name}, {task.config_name}") as bar:
        recording = simulation.simulate(trial, lambda share: bar.update(int(share * _PERCENT) - bar.pos))
    score = recording.score()
    car = ideal_car(task.config, plan)
    optimum = best(recording.net_w(), car, recording.step_s, present=[bool(there) for there in recording.present])
    over = overload_a(recording, conductors(task.config, plan))
    if task.config.fuse is not None:
        over["main fuse"] = max(recording.worst_phase_a) - task.config.fuse.fuse_a
    return Outcome(
        name=task.day_name,
        config=task.config_name,
        recording=recording,
        score=score,
        optimum=optimum,
        overload_a=over,
        cost=cost_of(score, prices),
        watts_per_amp=car.watts_per_amp,
    )


def _plug_in(site: VirtualSite, graph: app.Graph) -> None:  # noqa: ARG001 - the shape that a trial asks for
    for car in site.cars.values():
        car.plug_in(0.0)


def _table(outcomes: Sequence[Outcome]) -> str:
    rows = [cells(outcome) for outcome in outcomes]
    widths = [max(len(row[column]) for row in [HEADINGS, *rows]) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < LABELS else cell.rjust(width) for index, (cell, width) in enumerate(line)
        )
        for line in (list(zip(row, widths, strict=True)) for row in [HEADINGS, *rows])
    )
