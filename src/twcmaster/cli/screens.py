"""Showing the state again and again: in place on a terminal, one line per change everywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, Self

import click

from twcmaster.cli import words
from twcmaster.cli.words import State


class Screen(Protocol):
    """Something that shows states, newest last, between `with` and its end."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...
    def show(self, status: State) -> None: ...


def choose_screen() -> Screen:
    """The screen that fits where the output goes."""
    if sys.stdout.isatty():
        from twcmaster.cli.live import LiveScreen

        return LiveScreen()
    return LineScreen()


class LineScreen:
    """One line for each change."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._notices: list[State] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._shown.clear()

    def show(self, status: State) -> None:
        """Print what is new."""
        for notice in status["notices"]:
            if notice not in self._notices:
                click.echo(words.notice_line(notice))
        self._notices = status["notices"]
        for key, line in _lines(status).items():
            if self._shown.get(key) != line:
                click.echo(f"{status['time'][11:19]}  {line}")
                self._shown[key] = line


def _lines(status: State) -> dict[str, str]:
    lines = {f"alarm {alarm['code']}": f"Attention: {alarm['text']}" for alarm in status["alarms"]}
    return lines | {connector["key"]: words.connector_line(connector) for connector in status["connectors"]}


def once(status: State) -> list[str]:
    """The whole state, line by line, without colour."""
    lines = [words.headline(status), words.summary(status)]
    lines += _lines(status).values()
    lines += [f"Circuit {words.circuit_line(circuit)}" for circuit in status["circuits"]]
    return lines + [f"Bus {words.bus_line(bus)}" for bus in status["buses"]]
