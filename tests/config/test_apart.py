"""A file checked in another process comes out as if it had been checked in this one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from twcmaster.catalog import open_meter
from twcmaster.config.apart import Loading
from twcmaster.config.load import load, shown
from twcmaster.config.problems import ConfigError

METERED = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://10.0.0.9/status"
password = "swordfish"
power_w = "total"
every_s = 2
includes_charger = false
"""
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_values_are_the_same(example: Path) -> None:
    assert shown(Loading(example).result()) == shown(load(example))


def test_meters_stay_packed_until_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(METERED)
    (sealed,) = Loading(file).result().meter
    assert (sealed.name, sealed.every_s, sealed.includes_charger) == ("grid", 2.0, False)
    assert "swordfish" not in repr(sealed)
    assert [sealed.unpack()] == load(file).meter


async def test_a_packed_meter_reads_like_any(tmp_path: Path) -> None:
    answer = tmp_path / "grid.json"
    answer.write_text('{"w": 1200}')
    file = tmp_path / "site.toml"
    file.write_text(
        METERED.partition("[[meter]]")[0]
        + f"""
[[meter]]
name = "grid"
role = "grid"
kind = "file"
path = "{answer}"
power_w = "w"
"""
    )
    (sealed,) = Loading(file).result().meter
    meter = open_meter(sealed, lambda: datetime(2026, 6, 21, tzinfo=UTC))
    assert (await meter.read()).power_w == 1200
    await meter.close()


def test_every_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text("[[circuit]]\nlimit = 40\n[[bus]]\n")
    with pytest.raises(ConfigError) as here:
        load(file)
    with pytest.raises(ConfigError) as apart:
        Loading(file).result()
    assert str(apart.value) == str(here.value)
    assert "circuit[0].limit" in str(apart.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Loading(tmp_path / "none.toml").result()


@pytest.mark.parametrize("program", ["/bin/false", "/nonexistent/python"])
def test_without_the_other_process_the_file_is_checked_here(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert shown(Loading(EXAMPLES[0]).result()) == shown(load(EXAMPLES[0]))


def test_the_daemon_carries_none_of_what_checks_files() -> None:
    program = (
        "import sys; import twcmaster.cli.run, twcmaster.cli.daemon, twcmaster.cli.stopping\n"
        "heavy = {'pydantic', 'fastapi', 'uvicorn', 'httpx2', 'aiomqtt', 'pymodbus', 'rich'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
