"""Scenario files: a TOML document with a story that reads like a table, or every reason why it cannot be understood.

    title = "..."
    start = 2026-06-21T07:30:00            # in the zone of [config.site]
    story = '''
    time  | what happens         | what must be true
    07:30 | sun 500 W; house 300 W; left arrives |
    08:00 | sun 3000 W           | left does not charge
    08:05 |                      | left 11 A; left says "Following the sun"
    '''
    [connectors]
    left = { protocol = 1, takes_a = 16 }
    [config.control]                       # laid over a house with one circuit, one bus and a grid meter
    mode = "solar"

The time counts on from the start: 24:10 is ten past midnight on the next day. At each time what must be true is looked
at first (`throughout`: at every second since the row above), then things happen. `stage.py` knows the phrases.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import tomlkit

from twcmaster.config.load import parse
from twcmaster.config.problems import ConfigError
from twcmaster.config.schema import Config

HEADER = ["time", "what happens", "what must be true"]
BASE: Mapping[str, Any] = {
    "site": {"timezone": "Europe/Berlin"},
    "circuit": {"name": "garage", "limit_a": 40, "volts": 230},
    "bus": {"name": "garage", "link": "/dev/null", "circuit": "garage"},
    "meter": {"name": "grid", "role": "grid", "kind": "constant", "power_w": 0.0, "every_s": 2},
}
_LISTS = ("circuit", "bus", "meter")
_KEYS = {"title", "start", "story", "connectors", "config", "battery_percent"}
_CONNECTOR_KEYS = {"protocol", "takes_a", "battery_kwh"}
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?")


class ScriptError(Exception):
    """A scenario file that says something wrong. The text names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Phrase:
    """One thing that happens or must be true: what was written, and what it means to the stage."""

    text: str
    act: Callable[..., Any]
    words: Mapping[str, str]
    throughout: bool = False


@dataclass(frozen=True)
class Row:
    """One line of a story; `at_s` is seconds since the start."""

    where: str
    at_s: float
    happens: tuple[Phrase, ...]
    must: tuple[Phrase, ...]


@dataclass(frozen=True)
class Actor:
    """A wall connector and the car that comes to it."""

    name: str
    protocol: int = 1
    takes_a: float = 32.0
    battery_kwh: float = 75.0


@dataclass(frozen=True)
class Script:
    """A whole scenario."""

    title: str
    start: datetime
    config: Config
    actors: tuple[Actor, ...]
    rows: tuple[Row, ...]
    battery_percent: float | None = None


#: Phrases that the stage understands: a pattern with named groups, and what it does.
Vocabulary = Mapping[str, Callable[..., Any]]


def read(path: Path, events: Vocabulary, checks: Vocabulary) -> Script:
    """The scenario of a file. Raises ScriptError."""
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path.name}: {error}") from error
    _only(path.name, document, _KEYS)
    for key in ("title", "start", "story", "connectors"):
        if key not in document:
            raise ScriptError(f"{path.name}: {key} is missing")
    start = document["start"]
    if not isinstance(start, datetime) or start.tzinfo is not None:
        raise ScriptError(f"{path.name}: start must be a date and time without a zone")
    actors = tuple(_actor(path.name, name, facts) for name, facts in document["connectors"].items())
    first_line = text[: text.index("'''")].count("\n") + 2  # TOML drops the line break after the quotes
    reader = _Reader(path.name, first_line, start, {actor.name for actor in actors}, events, checks)
    rows = reader.rows(document["story"])
    config = _config(path.name, document.get("config", {}), actors)
    return Script(document["title"], start, config, actors, rows, document.get("battery_percent"))


def _only(where: str, found: Mapping[str, Any], known: set[str]) -> None:
    unknown = found.keys() - known
    if unknown:
        raise ScriptError(f"{where}: {', '.join(sorted(unknown))} is none of {', '.join(sorted(known))}")


def _actor(where: str, name: str, facts: Mapping[str, Any]) -> Actor:
    _only(f"{where}: connector {name}", facts, _CONNECTOR_KEYS)
    return Actor(name, **facts)


def id_of(actors: Sequence[Actor], name: str) -> int:
    """The unit id of a connector."""
    return 0x1001 + [actor.name for actor in actors].index(name)


def _config(where: str, told: Mapping[str, Any], actors: Sequence[Actor]) -> Config:
    whole: dict[str, Any] = {}
    for section in {**BASE, **told}:
        base, over = BASE.get(section, {}), told.get(section, {})
        merged = over if isinstance(over, list) else {**base, **over}
        whole[section] = [merged] if section in _LISTS and isinstance(merged, dict) else merged
    whole["connector"] = [
        {"bus": "garage", "id": f"{id_of(actors, actor.name):04X}", "name": actor.name} for actor in actors
    ]
    try:
        return parse(tomlkit.dumps(whole), where)
    except ConfigError as error:
        raise ScriptError(f"{where}: {error}") from error


@dataclass(frozen=True)
class _Reader:
    """Reads the table of one file."""

    name: str
    first_line: int
    start: datetime
    actors: set[str]
    events: Vocabulary
    checks: Vocabulary

    def rows(self, story: str) -> tuple[Row, ...]:
        lines = [(number, line) for number, line in enumerate(story.splitlines(), self.first_line) if line.strip()]
        if not lines or self._cells(*lines[0]) != HEADER:
            raise ScriptError(f"{self.name}: the story must begin with {' | '.join(HEADER)}")
        rows = tuple(self._row(number, line) for number, line in lines[1:])
        self._make_sense(rows)
        return rows

    def _make_sense(self, rows: Sequence[Row]) -> None:
        if not any(row.must for row in rows):
            raise ScriptError(f"{self.name}: nothing must be true in this story")
        for before, after in pairwise(rows):
            if after.at_s <= before.at_s:
                raise ScriptError(f"{after.where}: its time is not after that of the row above")
        if not rows[-1].must:
            raise ScriptError(f"{rows[-1].where}: what happens last must show in something")

    def _cells(self, number: int, line: str) -> list[str]:
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(HEADER):
            raise ScriptError(f"{self.name}:{number}: {len(cells)} cells instead of {len(HEADER)}")
        return cells

    def _row(self, number: int, line: str) -> Row:
        where = f"{self.name}:{number}"
        time, happens, must = self._cells(number, line)
        matched = _TIME.fullmatch(time)
        if matched is None:
            raise ScriptError(f"{where}: {time!r} is no time like 07:30 or 07:30:15")
        hours, minutes, seconds = (int(part or 0) for part in matched.groups())
        begun_s = self.start.hour * 3600 + self.start.minute * 60 + self.start.second
        at_s = hours * 3600.0 + minutes * 60 + seconds - begun_s
        if at_s < 0:
            raise ScriptError(f"{where}: {time} is before the start")
        return Row(where, at_s, tuple(self._phrases(where, happens, self.events)), tuple(self._musts(where, must)))

    def _musts(self, where: str, cell: str) -> Iterator[Phrase]:
        for text in _split(cell):
            bare = text.removeprefix("throughout ")
            (phrase,) = self._phrases(where, bare, self.checks)
            yield Phrase(text, phrase.act, phrase.words, throughout=bare != text)

    def _phrases(self, where: str, cell: str, vocabulary: Vocabulary) -> Iterator[Phrase]:
        for text in _split(cell):
            found = ((act, re.fullmatch(pattern, text)) for pattern, act in vocabulary.items())
            act, matched = next(((act, matched) for act, matched in found if matched), (None, None))
            if act is None or matched is None:
                raise ScriptError(f"{where}: {text!r} is not understood; there is:\n  " + "\n  ".join(vocabulary))
            words = {key: word for key, word in matched.groupdict().items() if word is not None}
            if words.get("who", next(iter(self.actors))) not in self.actors:
                raise ScriptError(f"{where}: there is no connector {words['who']}")
            yield Phrase(text, act, words)


def _split(cell: str) -> list[str]:
    return [text.strip() for text in cell.split(";") if text.strip()]
