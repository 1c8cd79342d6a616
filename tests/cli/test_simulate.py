"""`simulate`: days in, a table and a report out. Sixty times faster than the sun, the whole day takes seconds."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.project.repository import ROOT
from twcmaster.sim.report import HEADINGS

CONFIG = """
[[circuit]]
name = "garage"
limit_a = 32
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
[control]
mode = "{mode}"
amps = 16
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://10.0.0.9/status"
power_w = "power"
every_s = 2
"""
FAST = ("--speed", "60")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is written where the command is called."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return config(tmp_path, "home", "solar")


def config(folder: Path, name: str, mode: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(CONFIG.format(mode=mode))
    return path


def day(folder: Path, name: str = "june", peak_w: float = 6000.0) -> Path:
    """A clear day from six to six, every five minutes."""
    rows = [
        f"{second},{max(0.0, peak_w * math.sin(math.pi * (second / 43_200 - 0.5))):.0f},400"
        for second in range(0, 86_400, 300)
    ]
    path = folder / f"{name}.csv"
    path.write_text("seconds,pv_w,load_w\n" + "\n".join(rows) + "\n")
    return path


def rows(output: str) -> list[dict[str, str]]:
    """The table that was printed."""
    lines = output.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith(HEADINGS[0]))
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines[head:]]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:] if len(row) == len(HEADINGS)]


def test_a_day_gives_a_table_and_a_report(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path), *FAST)
    assert result.exit_code == 0, result.output
    assert "june, home" in result.output
    assert "Report: simulation.html" in result.stdout
    assert "Coarse" in result.stdout
    (row,) = rows(result.stdout)
    assert (row["Day"], row["Config"], row["Overload A"]) == ("june", "home", "0.0")
    assert float(row["Surplus kWh"]) == pytest.approx(6.0 * 24 / math.pi - 0.4 * 11.5, abs=0.3)
    assert 0 < float(row["From sun kWh"]) <= float(row["Charged kWh"])
    charged = float(row["From sun kWh"]) + float(row["From grid kWh"])
    assert float(row["Charged kWh"]) == pytest.approx(charged, abs=0.11)
    assert float(row["Cost"]) == pytest.approx(
        0.30 * float(row["From grid kWh"]) + 0.08 * float(row["From sun kWh"]), abs=0.02
    )
    assert 70 < float(row["Of optimum"].rstrip("%")) <= 100
    report = (tmp_path / "simulation.html").read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>")
    assert all(f"<td>{cell}</td>" in report for cell in row.values())


def test_several_days_and_two_configs(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    other = config(tmp_path, "always", "fixed")
    june, july = day(tmp_path), day(tmp_path, "july", 4000.0)
    named = ("--report", tmp_path / "both.html", "--prices", "0.5", "0", "--protocol", "1")
    result = twcmaster("simulate", "--config", home, "--compare", other, "--days", june, july, *FAST, *named)
    assert result.exit_code == 0, result.output
    found = rows(result.stdout)
    days = ["june", "july"]
    assert [(row["Day"], row["Config"]) for row in found] == [(name, c) for name in days for c in ("home", "always")]
    for sunny, always in zip(found[::2], found[1::2], strict=True):
        assert float(sunny["From grid kWh"]) < 0.2 * float(always["From grid kWh"])
        # The first hour, in which everything finds itself, is not counted; cars stay a little below their limit.
        assert float(always["Charged kWh"]) == pytest.approx(16 * 0.24 * 23, rel=0.03)
        assert float(always["Cost"]) == pytest.approx(0.5 * float(always["From grid kWh"]), abs=0.01)
        assert float(always["Of optimum"].rstrip("%")) < 0 < float(sunny["Of optimum"].rstrip("%"))
    assert (tmp_path / "both.html").read_text().count("<h3>") == 4
    assert not (tmp_path / "simulation.html").exists()


def test_the_same_day_twice_is_the_same_to_the_last_letter(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    june = day(tmp_path)
    first = twcmaster("simulate", "--config", home, "--day", june, *FAST, "--connectors", "2", "--protocol", "2")
    report = (tmp_path / "simulation.html").read_bytes()
    second = twcmaster("simulate", "--config", home, "--day", june, *FAST, "--connectors", "2", "--protocol", "2")
    assert first.output == second.output
    assert (tmp_path / "simulation.html").read_bytes() == report


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("seconds,pv_w\n0,0\n", "line 1: expected the columns seconds,pv_w,load_w"),
        ("seconds,pv_w,load_w\n0,0,0\n60,sunny,0\n", "line 3: expected three numbers"),
        ('seconds,pv_w,load_w\n0,0,0\n"60,0,0\n' + "120,0,0\n" * 20_000, "line 3: expected three numbers"),
        ("seconds,pv_w,load_w\n0,0,1e39\n", "line 2: load_w must lie"),
        (None, "cannot be read"),
    ],
)
def test_a_day_file_that_cannot_be_used_is_told_before_anything_runs(
    twcmaster: Invoke, home: Path, tmp_path: Path, text: str | None, complaint: str
) -> None:
    bad = tmp_path / "bad.csv"
    if text is not None:
        bad.write_text(text)
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path), "--day", bad)
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert str(bad) in result.stderr
    assert result.stdout == ""


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(
    twcmaster: Invoke, home: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "none" / "r.html"
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path), "--report", nowhere)
    assert result.exit_code == 1
    assert f"{nowhere}: the report cannot be written" in result.stderr
    assert "--report" in result.stderr
    assert result.stdout == ""


def test_a_config_without_a_bus_to_master_has_nothing_to_simulate(
    twcmaster: Invoke, home: Path, tmp_path: Path
) -> None:
    text = home.read_text().replace('circuit = "garage"\n[control]', 'circuit = "garage"\nrole = "listen"\n[control]')
    home.write_text(text)
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path))
    assert result.exit_code == 1
    assert "nothing to simulate" in result.stderr


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ((), "--day"),
        (("--speed", "0"), "--speed"),
        (("--speed", "nan"), "nan is not a finite number"),
        (("--connectors", "4"), "--connectors"),
        (("--prices", "nan", "-5"), "nan is not a finite number"),
        (("--prices", "0.3", "inf"), "inf is not in the range"),
    ],
)
def test_wrong_usage_is_told(twcmaster: Invoke, home: Path, arguments: tuple[str, ...], complaint: str) -> None:
    days = ("--day", "june.csv") if arguments else ()
    result = twcmaster("simulate", "--config", home, *days, *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_the_help_names_everything_with_its_meaning(twcmaster: Invoke) -> None:
    text = " ".join(twcmaster("simulate", "--help").stdout.split())
    for word in ("--days", "--compare", "--speed", "--connectors", "--protocol", "--prices", "--report"):
        assert word in text
    assert "seconds,pv_w,load_w" in text
    assert "without any hardware" in text


def test_connectors_on_different_phases_do_not_overload_a_wire_together(
    twcmaster: Invoke, home: Path, tmp_path: Path
) -> None:
    three_phases = home.read_text().replace("limit_a = 32", "limit_a = 20\nvolts = 230\nphases = 3")
    units = "".join(
        f'[[connector]]\nbus = "garage"\nid = "{unit}"\nphases = ["{phase}"]\n'
        for unit, phase in (("1A2B", "L1"), ("3C4D", "L2"))
    )
    home.write_text(three_phases.replace('"solar"\namps = 16', '"fixed"\namps = 40') + units)
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path), *FAST)
    (row,) = rows(result.stdout)
    # More than one phase alone could carry, and still no wire above its limit.
    assert float(row["Charged kWh"]) > 20 * 0.23 * 24 * 1.2
    assert float(row["Overload A"]) == 0.0


def test_hours_without_rows_are_told_and_have_no_sun(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    short.write_text("seconds,pv_w,load_w\n" + "".join(f"{s},5000,400\n" for s in range(36_000, 43_201, 300)))
    result = twcmaster("simulate", "--config", home, "--day", short, *FAST)
    assert f"{short}: no rows for 22.0 of 24 hours (0:00-10:00, 12:00-24:00)" in result.stderr
    (row,) = rows(result.stdout)
    assert float(row["Surplus kWh"]) == pytest.approx(4.6 * 2, abs=0.2)


def test_files_of_the_same_name_are_told_apart(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = config(folder, "home", "fixed")
    result = twcmaster("simulate", "--config", home, "--compare", other, "--day", day(tmp_path), *FAST)
    assert [(row["Day"], row["Config"]) for row in rows(result.stdout)] == [("june", str(home)), ("june", str(other))]


def test_negative_prices_are_prices(twcmaster: Invoke, home: Path, tmp_path: Path) -> None:
    result = twcmaster("simulate", "--config", home, "--day", day(tmp_path), *FAST, "--prices", "0", "-1")
    (row,) = rows(result.stdout)
    assert float(row["Cost"]) == pytest.approx(-float(row["From sun kWh"]), abs=0.06)


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_can_be_simulated(twcmaster: Invoke, tmp_path: Path, example: Path) -> None:
    result = twcmaster("simulate", "--config", example, "--day", day(tmp_path), *FAST)
    assert result.exit_code == 0, result.output
    (row,) = rows(result.stdout)
    assert float(row["Overload A"]) == 0.0
