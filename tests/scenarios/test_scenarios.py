"""Every scenario file comes true on the production graph, and a bad one is told by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.script import ScriptError, read
from tests.scenarios.stage import CHECKS, EVENTS, play

FILES = sorted(Path(__file__).parent.glob("*.toml"))


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 12


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_story_comes_true(path: Path) -> None:
    assert play(read(path, EVENTS, CHECKS)) == []


GOOD = """\
title = "A car charges"
start = 2026-06-21T08:00:00
story = '''
time     | what happens | what must be true
08:00    | left arrives |
08:01    |              | left 20 A; throughout no alarm
'''
[connectors]
left = { protocol = 1 }
[config.control]
mode = "fixed"
amps = 20
"""


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "story.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_story_that_comes_true_has_no_complaints(tmp_path: Path) -> None:
    assert play(read(script(tmp_path, GOOD), EVENTS, CHECKS)) == []


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("left 20 A", "left 19 A", "story.toml:6: left 19 A: at 08:01:00 left is offered 20 A"),
        ("throughout no alarm", "throughout left charges", "story.toml:6: throughout left charges: at 08:00:01 left"),
        ("left 20 A", 'left says "sun"', "story.toml:6: left says"),
        ("left 20 A", "left does not charge", "story.toml:6: left does not charge"),
        ("left 20 A", "left has closed 2 times", "its contactor has closed 1 times"),
        ("left 20 A", "import at most 1000 W", "it is 46"),
        ("left 20 A", 'alarm "fuse"', "the alarms are: none"),
        ("left 20 A", 'people were told "good morning"', "people were told: "),
        ("left 20 A", "the clock shows 08:02", "it is 08:01"),
    ],
)
def test_a_story_that_does_not_come_true_says_where_and_what_was(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in GOOD
    (found,) = play(read(script(tmp_path, GOOD.replace(old, new)), EVENTS, CHECKS))
    assert complaint in found


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("title =", "titel =", "titel is none of"),
        ('title = "A car charges"', "", "title is missing"),
        ("start = 2026-06-21T08:00:00", "start = 8", "start must be a date and time"),
        ("time     |", "when     |", "must begin with time | what happens"),
        ("left arrives |", "left arrives | | ", r"story.toml:5: 4 cells instead of 3"),
        ("left arrives", "left departs", r"story.toml:5: 'left departs' is not understood"),
        ("left arrives", "right arrives", "there is no connector right"),
        ("left 20 A", "right 20 A", "there is no connector right"),
        ("left 20 A", "left twenty", r"story.toml:6: 'left twenty' is not understood"),
        ("left 20 A; throughout no alarm", "", "nothing must be true"),
        ("08:01 ", "8 Uhr ", "no time like"),
        ("08:01 ", "07:59 ", "07:59 is before the start"),
        ("08:01 ", "08:00 ", r"story.toml:6: its time is not after"),
        ("protocol = 1", "protokoll = 1", "protokoll is none of"),
        ('mode = "fixed"', 'mode = "sunny"', "control.mode"),
        ("[connectors]", "[connectors", "story.toml: "),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(ScriptError, match=complaint.replace("|", r"\|")):
        read(script(tmp_path, GOOD.replace(old, new, 1)), EVENTS, CHECKS)


def test_a_story_must_end_with_something_that_must_be_true(tmp_path: Path) -> None:
    longer = GOOD.replace("'''\n[connectors]", "08:02    | left leaves |\n'''\n[connectors]")
    with pytest.raises(ScriptError, match=r"story.toml:7: what happens last must show"):
        read(script(tmp_path, longer), EVENTS, CHECKS)


@pytest.mark.parametrize(
    "command", ["mode sunny", 'charge-now --amps 900 --connector "left"', "charge-now --until 25:99"]
)
def test_a_command_that_is_refused_ends_the_story(tmp_path: Path, command: str) -> None:
    refused = GOOD.replace("left arrives", f"twcmaster set {command}")
    with pytest.raises(Exception, match=r"sunny|900 A|25:99"):
        play(read(script(tmp_path, refused), EVENTS, CHECKS))
