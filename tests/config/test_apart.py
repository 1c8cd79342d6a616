"""A file checked in another process comes out as if it had been checked in this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from twcmaster.config.apart import Loading
from twcmaster.config.load import load
from twcmaster.config.problems import ConfigError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_values_are_the_same(example: Path) -> None:
    assert Loading(example).result() == load(example)


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
    assert Loading(EXAMPLES[0]).result() == load(EXAMPLES[0])


def test_the_daemon_carries_none_of_what_checks_files() -> None:
    program = (
        "import sys; import twcmaster.cli.run, twcmaster.cli.daemon, twcmaster.cli.stopping\n"
        "heavy = {'pydantic', 'fastapi', 'uvicorn', 'httpx2', 'aiomqtt', 'pymodbus', 'rich'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
