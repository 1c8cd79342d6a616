"""Secrets from the environment and from private files, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from twcmaster.config.full import FullConfig
from twcmaster.config.load import load
from twcmaster.config.problems import ConfigError
from twcmaster.config.secrets import others_can_read, secrets_in, without_secrets

SITE = """
[[circuit]]
name = "garage"
limit_a = 32
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://10.0.0.9/"
power_w = "power"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config's folder, seen from somewhere else, with one secret in a file and one in the environment."""
    home = tmp_path / "home"
    (home / "secrets").mkdir(parents=True)
    private(home / "secrets" / "grid", b"from the file\n")
    monkeypatch.setenv("GRID_SECRET", "from outside")
    monkeypatch.chdir(tmp_path)
    return home


def private(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def secret_of(folder: Path, line: str, key: str) -> str:
    """What the meter's key holds after loading a config with this line."""
    (folder / "site.toml").write_text(SITE + line)
    meter = load(folder / "site.toml").meter[0]
    value = meter.headers["X-Key"] if key == "headers" else meter.query["k"] if key == "query" else getattr(meter, key)
    return str(value.get_secret_value())


@pytest.mark.parametrize("key", ["password", "token", "body"])
@pytest.mark.parametrize(
    "place, expected",
    [
        ('{ env = "GRID_SECRET" }', "from outside"),
        ('{ file = "secrets/grid" }', "from the file"),
        ('"in the config"', "in the config"),
    ],
)
def test_a_secret_is_found_where_it_is_said_to_be(folder: Path, key: str, place: str, expected: str) -> None:
    assert secret_of(folder, f"{key} = {place}", key) == expected


def test_each_header_and_parameter_may_come_from_elsewhere(folder: Path) -> None:
    assert secret_of(folder, '[meter.headers]\nX-Key = { env = "GRID_SECRET" }', "headers") == "from outside"
    assert secret_of(folder, 'query = { k = { file = "secrets/grid" } }', "query") == "from the file"


def test_a_file_may_be_named_in_full_and_from_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert secret_of(folder, f'token = {{ file = "{folder}/secrets/grid" }}', "token") == "from the file"
    assert secret_of(folder, 'token = { file = "~/secrets/grid" }', "token") == "from the file"


@pytest.mark.parametrize("content, expected", [(b"a b \r\n", "a b "), (b"two\nlines\n", "two\nlines"), (b" x", " x")])
def test_only_the_end_of_the_last_line_is_no_part_of_it(folder: Path, content: bytes, expected: str) -> None:
    private(folder / "secrets" / "grid", content)
    assert secret_of(folder, 'token = { file = "secrets/grid" }', "token") == expected


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_open_is_refused(folder: Path, mode: int) -> None:
    (folder / "secrets" / "grid").chmod(mode)
    with pytest.raises(ConfigError, match=r"which others can read: `chmod 600 .*/secrets/grid`") as problem:
        secret_of(folder, 'password = { file = "secrets/grid" }', "password")
    assert "from the file" not in str(problem.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_fine(folder: Path, mode: int) -> None:
    (folder / "secrets" / "grid").chmod(mode)
    assert secret_of(folder, 'password = { file = "secrets/grid" }', "password") == "from the file"


@pytest.mark.parametrize(
    "place, words",
    [
        ('{ env = "NOT_THERE" }', "environment variable NOT_THERE, which is not set: set it where twcmaster starts"),
        ('{ env = "EMPTY" }', "EMPTY, which is not set"),
        ('{ file = "gone" }', "/home/gone, which cannot be read: No such file"),
        ('{ file = "secrets" }', "/secrets, which is no file"),
        ('{ file = "pipe" }', "/pipe, which is no file"),
        ('{ file = "empty" }', "/empty, which is empty"),
        ('{ file = "binary" }', "/binary, which is no text"),
        ('{ file = "a", env = "b" }', 'must be a text, { env = "NAME" } or { file = "path" }'),
        ("{ file = 3 }", "must be a text"),
        ('{ command = "cat" }', "must be a text"),
        ("{ }", "must be a text"),
        ("12345", "must be a text in quotes"),
    ],
)
def test_a_secret_that_cannot_be_had_is_explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    monkeypatch.setenv("EMPTY", "")
    os.mkfifo(folder / "pipe", 0o600)
    private(folder / "empty", b"\n")
    private(folder / "binary", b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as problem:
        secret_of(folder, f"password = {place}", "password")
    assert words in str(problem.value)
    assert "meter[0].http.password: " in str(problem.value)


@pytest.mark.parametrize(
    "line",
    [
        "password = 555777",
        'token = ["hush555777"]',
        "headers = { X-Key = 555777 }",
        'headers = { X-Key = ["hush555777"] }',
        'password = "hush555777"\nport = 3',
        'password = "hush555777"\nscale = 0',
        'password = { file = "secrets/grid", key = "hush555777" }',
        'body = ["hush555777"]',
        'query = { k = ["hush555777"] }',
    ],
)
def test_no_mistake_shows_a_secret(folder: Path, line: str) -> None:
    with pytest.raises(ConfigError) as problem:
        secret_of(folder, line, "password")
    assert "555777" not in str(problem.value)


@pytest.mark.parametrize("url", ["htp://me:hush555777@10.0.0.9/", "htp://10.0.0.9/x?token=hush555777&a=1"])
def test_a_wrong_url_is_shown_without_its_secrets(folder: Path, url: str) -> None:
    (folder / "site.toml").write_text(SITE.replace("http://10.0.0.9/", url).replace('power_w = "power"', ""))
    with pytest.raises(ConfigError) as problem:
        load(folder / "site.toml")
    assert "meter[0].http.url" in str(problem.value)
    assert "555777" not in str(problem.value)


def test_a_meter_that_measures_nothing_is_not_shown_whole(folder: Path) -> None:
    text = SITE.replace('power_w = "power"', "").replace("[[meter]]", '[[meter]]\npassword = "hush555777"')
    (folder / "site.toml").write_text(text)
    with pytest.raises(ConfigError, match="measures nothing") as problem:
        load(folder / "site.toml")
    assert "555777" not in str(problem.value)


@pytest.mark.parametrize(
    "url, public, secrets",
    [
        ("http://10.0.0.9/status?a=1", "http://10.0.0.9/status?a=1", {}),
        ("http://me:hush@10.0.0.9/", "http://…@10.0.0.9/", {"login": "me:hush"}),
        ("http://h/?API_KEY=k&site=7&sid=s#x", "http://h/?API_KEY=…&site=7&sid=…#x", {"?API_KEY=": "k", "&sid=": "s"}),
        ("http://h/mail@home?x=y", "http://h/mail@home?x=y", {}),
        ("http://h/?q=a@b", "http://h/?q=a@b", {}),
    ],
)
def test_what_is_secret_in_a_url(url: str, public: str, secrets: dict[str, str]) -> None:
    assert without_secrets(url) == public
    assert secrets_in(url) == secrets


@pytest.mark.parametrize("mode, others", [(0o600, False), (0o400, False), (0o640, True), (0o644, True), (0o666, True)])
def test_who_can_read_a_file(tmp_path: Path, mode: int, others: bool) -> None:
    private(tmp_path / "x", b"", mode)
    assert others_can_read(tmp_path / "x") is others


def test_the_schema_offers_both_ways() -> None:
    text = str(TypeAdapter(FullConfig).json_schema())
    assert "SecretPlace" in text
    assert "'env'" in text
