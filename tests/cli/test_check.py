from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.project.repository import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))

BROKEN = """
[site]
nam = "Home"
[[circuit]]
name = "garage"
limit_a = -4
[[bus]]
name = "garage"
link = "ftp://x"
circuit = "garge"
[control]
mode = "warp"
"""


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_fine_and_explained(twcmaster: Invoke, example: Path) -> None:
    result = twcmaster("check", "--config", example)
    assert result.exit_code == 0, result.output
    assert "is fine" in result.stdout
    assert "circuit" in result.stdout
    assert example.read_text().count("#") > 8


def test_what_was_understood_is_shown_as_a_tree(twcmaster: Invoke) -> None:
    lines = twcmaster("check", "--config", ROOT / "examples" / "two-buses.toml").stdout.splitlines()
    main = next(line for line in lines if line.startswith("circuit main"))
    hall = next(line for line in lines if line.startswith("  circuit hall"))
    assert "160 A" in main
    assert "80 A" in hall
    assert lines.index(main) < lines.index(hall)
    assert any(line.startswith("    bus hall: master on") for line in lines)
    assert any('connector 2A02 "Old socket": 24 A, circuit old socket' in line for line in lines)


def test_every_mistake_is_told_at_once(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(BROKEN)
    result = twcmaster("check", "--config", tmp_path / "c.toml")
    assert result.exit_code == 1
    for path in ("site.nam", "circuit[0].limit_a", "control.mode"):
        assert path in result.stderr
    assert "Did you mean name?" in result.stderr


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "does not exist"),
        (b"[[circuit", "not valid TOML"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"", "circuit: is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(
    twcmaster: Invoke, tmp_path: Path, content: bytes | None, words: str
) -> None:
    config = tmp_path / "c.toml"
    if content is not None:
        config.write_bytes(content)
    for command in ("check", "run") if config.exists() else ("check",):
        result = twcmaster(command, "--config", config)
        assert result.exit_code == 1
        assert words in result.stderr
        assert str(config) in result.stderr


def test_a_folder_is_no_config(twcmaster: Invoke, tmp_path: Path) -> None:
    assert twcmaster("check", "--config", tmp_path).exit_code == 2


def test_what_may_surprise_is_noted(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        '[[circuit]]\nname = "g"\nlimit_a = 40\n[[bus]]\nname = "g"\nlink = "/dev/ttyNOWHERE"\ncircuit = "g"\n'
    )
    output = twcmaster("check", "--config", tmp_path / "c.toml").stdout
    assert "no car will charge" in output
    assert "/dev/ttyNOWHERE is not there now" in output


METER = """
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://10.0.0.9/"
power_w = "power"
"""


@pytest.mark.parametrize(
    "secret, mode, warned",
    [
        ('password = "hush"', 0o644, True),
        ('password = "hush"', 0o640, True),
        ('password = "hush"', 0o600, False),
        ('password = { env = "SECRET" }', 0o644, False),
        ('headers = { "X-Key" = "hush" }', 0o644, True),
        ("", 0o644, False),
    ],
)
def test_a_secret_that_others_can_read_is_warned_of(
    twcmaster: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, mode: int, warned: bool
) -> None:
    monkeypatch.setenv("SECRET", "hush")
    config = tmp_path / "c.toml"
    config.write_text((ROOT / "examples" / "north-american.toml").read_text() + METER + secret)
    config.chmod(mode)
    result = twcmaster("check", "--config", config)
    assert result.exit_code == 0
    assert (f"Warning: others can read {config}" in result.stdout) is warned
    assert ("`chmod 600" in result.stdout) is warned
    assert "hush" not in result.output
