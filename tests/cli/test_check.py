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


FULL = """
[[circuit]]
name = "g"
limit_a = 40
[[bus]]
name = "g"
link = "/dev/ttyNOWHERE"
circuit = "g"
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://me:hush@10.0.0.9/"
power_w = "power"
[[meter]]
name = "store"
role = "battery"
kind = "constant"
soc_percent = 50
[fuse]
meter = "grid"
fuse_a = 35
[peak]
meter = "grid"
limit_kw = 8
[battery]
meter = "store"
car_from_percent = 60
[prices]
currency = "EUR"
grid_per_kwh = 0.30
feed_in_per_kwh = 0.08
[control]
mode = "{mode}"
[web]
{web}
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


@pytest.mark.parametrize(
    "mode, told", [("off", "Off"), ("fixed", "fixed, 0 A shared"), ("solar", "Solar"), ("solar_min", "Solar+min")]
)
def test_the_mode_is_told_as_it_is(twcmaster: Invoke, tmp_path: Path, mode: str, told: str) -> None:
    (tmp_path / "c.toml").write_text(FULL.format(mode=mode, web=""))
    first = twcmaster("check", "--config", tmp_path / "c.toml").stdout.splitlines()[2]
    assert first.startswith(f'Site "Home", mode: {told}')


@pytest.mark.parametrize(
    "web, page",
    [
        ("", "Page:   http on every address of this computer, port 8080, with login"),
        ('host = "127.0.0.1"\nauth = "none"', "Page:   http on 127.0.0.1, port 8080, without login"),
        ("enabled = false", "Page:   none"),
    ],
)
def test_meters_and_what_they_are_for_get_a_line_each(twcmaster: Invoke, tmp_path: Path, web: str, page: str) -> None:
    (tmp_path / "c.toml").write_text(FULL.format(mode="solar", web=web))
    result = twcmaster("check", "--config", tmp_path / "c.toml")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    for line in (
        "meter grid: grid, every 5 s, http://…@10.0.0.9/",
        "meter store: battery, every 5 s, the config",
        "main fuse: 35 A on L1, watched by grid",
        "peak: at most 8 kW in each 15 min, by grid",
        "battery: comes first below 60 %, does not feed cars, by store",
        "prices: 0.3 EUR/kWh from the grid, 0.08 for feeding in",
        page,
    ):
        assert line in lines


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
