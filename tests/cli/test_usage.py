"""What every command has in common: help, usage errors, exit codes, and no tracebacks."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.conftest import Invoke
from twcmaster.cli.main import COMMANDS, main
from twcmaster.cli.places import SOCKET_NAME

NEEDING_A_DAEMON = [
    ("status",),
    ("status", "--once"),
    ("status", "--json"),
    ("send", "FB", "EB"),
    ("override", "2433", "6"),
    ("dump",),
    ("log", "debug"),
]


def test_the_help_names_every_command(twcmaster: Invoke) -> None:
    result = twcmaster("--help")
    assert result.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(twcmaster: Invoke, command: str) -> None:
    result = twcmaster(command, "--help")
    assert result.exit_code == 0
    assert f"twcmaster {command}" in result.stdout
    assert "Example" in result.stdout or "Commands:" in result.stdout


def test_the_version_is_told(twcmaster: Invoke) -> None:
    assert twcmaster("--version").stdout.startswith("twcmaster, version 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("run",),
        ("check",),
        ("sniff",),
        ("connector",),
        ("decode",),
        ("send",),
        ("override", "2433"),
        ("override", "2433", "many"),
        ("override", "2433", "-3"),
        ("override", "2433", "6", "--for", "0"),
        ("log", "loud"),
        ("log",),
        ("demo", "--speed", "0"),
        ("connector", "--link", "/dev/null", "--id", "12345"),
        ("connector", "--link", "/dev/null", "--id", "xyz"),
        ("connector", "--link", "/dev/null", "--protocol", "3"),
        ("connector", "--link", "/dev/null", "--amps", "200"),
        ("sniff", "--link", "ftp://host"),
        ("connector", "--link", "socket://host"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(twcmaster: Invoke, arguments: tuple[str, ...]) -> None:
    result = twcmaster(*arguments)
    assert result.exit_code == 2
    assert result.stderr.strip()


@pytest.mark.parametrize("arguments", NEEDING_A_DAEMON)
def test_without_a_daemon_commands_end_with_3_and_say_how_to_start_one(
    twcmaster: Invoke, arguments: tuple[str, ...]
) -> None:
    result = twcmaster(*arguments)
    assert result.exit_code == 3
    assert "No daemon runs here" in result.stderr
    assert SOCKET_NAME in result.stderr
    assert "twcmaster run --config" in result.stderr


def test_what_is_no_socket_is_named(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = twcmaster("status", "--socket", tmp_path / "file")
    assert result.exit_code == 3
    assert str(tmp_path / "file") in result.stderr


def test_the_config_leads_to_the_socket(twcmaster: Invoke, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        '[[circuit]]\nname = "g"\nlimit_a = 40\n[[bus]]\nname = "g"\nlink = "/dev/null"\ncircuit = "g"\n'
        f'[service]\nsocket = "{tmp_path}/elsewhere.sock"\n'
    )
    result = twcmaster("status", "--config", config)
    assert result.exit_code == 3
    assert f"{tmp_path}/elsewhere.sock" in result.stderr


def test_the_debug_variable_shows_where_a_failure_arose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWCMASTER_DEBUG", "1")
    result = CliRunner().invoke(main, ["status"])
    assert "FileNotFoundError" in result.stderr
    assert "No daemon runs here" in result.stderr


def test_the_daemon_starts_without_what_only_views_need() -> None:
    """rich, the simulator and metadata of packages cost time and memory that `run` must not spend."""
    script = "import sys, twcmaster.cli.run; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    loaded = set(ast.literal_eval(modules))
    for heavy in ("rich", "serialx", "fastapi", "httpx2", "aiomqtt", "pymodbus", "tomlkit"):
        assert heavy not in loaded
    assert not [name for name in loaded if name.startswith("twcmaster.sim")]
