"""The live view on a terminal. rich is imported here and nowhere else."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from twcmaster.cli import words
from twcmaster.cli.words import State

BAR_CELLS = 24
SHOWN_NOTICES = 6
_NOTICE_STYLE = {"error": "red", "warning": "yellow"}


class LiveScreen:
    """Redraws the whole state in place."""

    def __init__(self, console: Console | None = None) -> None:
        self._live = Live(console=console or Console(), auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, status: State) -> None:
        """Draw it."""
        self._live.update(view(status), refresh=True)


def view(status: State) -> Group:
    """Everything, fit for 80 columns."""
    parts: list[RenderableType] = [Text(words.headline(status), style="bold"), Text(words.summary(status)), Text()]
    for connector in status["connectors"]:
        parts += [*_connector(connector), Text()]
    parts += [_line(f"Circuit {words.circuit_line(circuit)}") for circuit in status["circuits"]]
    parts += [_line(f"Bus {words.bus_line(bus)}") for bus in status["buses"]]
    parts += [Text(f"! {alarm['text']}", style="bold yellow") for alarm in status["alarms"]]
    recent = status["notices"][-SHOWN_NOTICES:]
    return Group(*parts, Text(), *(_line(words.notice_line(n), _NOTICE_STYLE.get(n["level"], "dim")) for n in recent))


def _connector(connector: State) -> list[RenderableType]:
    head = Table.grid(expand=True)
    head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    head.add_column(no_wrap=True, justify="right")
    name = Text.assemble((words.title(connector), "bold"), ("   " + words.lifetime(connector), "dim"))
    head.add_row(name, words.state_of(connector))
    drawn = f"{words.amps(connector['drawn_a'])} drawn, {words.offered(connector)}"
    bar = bar_text(connector["drawn_a"], connector["offered_a"], connector["limit_a"])
    amps = Text.assemble(bar, f"  {drawn}, {words.amps(connector['limit_a'])} at most", overflow="ellipsis")
    return [head, amps, Text(words.why(connector), style="dim")]


def bar_text(drawn_a: float | None, offered_a: float | None, limit_a: float) -> Text:
    """Drawn (full) within offered (shaded) within the limit (dots); nothing is drawn for what is not known."""
    full = _cells(drawn_a, limit_a)
    shaded = max(full, _cells(offered_a, limit_a))
    return Text.assemble(
        ("█" * full, "green"), ("▒" * (shaded - full), "green"), ("·" * (BAR_CELLS - shaded), "dim"), no_wrap=True
    )


def _cells(value_a: float | None, limit_a: float) -> int:
    if not value_a or not limit_a:
        return 0
    return min(BAR_CELLS, max(1, round(BAR_CELLS * value_a / limit_a)))


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
