"""`import`: the report, the commands that follow from it, and where they go."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.test_wishes_commands import Served
from twcmaster.model.settings import SITE, Mode, Settings, StandingMode
from twcmaster.store.settings_store import SettingsStore

OLD = """\
nonScheduledAmpsMax=12
scheduledAmpsMax=16
scheduledAmpsStartHour=22.5
scheduledAmpsEndHour=6.0
scheduledAmpsDaysBitmap=127
carApiBearerToken=hush
"""
CONFIG = """
[[circuit]]
name = "garage"
limit_a = 32
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
[service]
state_dir = "{folder}/state"
socket = "{folder}/t.sock"
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "TWCManagerSettings.txt"
    path.write_text(OLD)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return path


def kept(folder: Path) -> tuple[Settings | None, int]:
    """The settings in the state folder, and how many changes led to them."""

    async def read() -> tuple[Settings | None, int]:
        store = SettingsStore(folder / "state" / "settings.db", lambda: datetime.now(UTC), lambda level, text: None)  # noqa: TID251
        settings = await store.load(), len(await store.changes(10))
        await store.close()
        return settings

    return asyncio.run(read())


def test_the_report_has_every_entry_and_no_secret(twcmaster: Invoke, old: Path) -> None:
    result = twcmaster("import", old, "--dry-run")
    assert result.exit_code == 0
    assert "TWCManagerSettings.txt: 6 entries" in result.output
    assert "    scheduledAmpsMax = 16\n        A window: daily 22:30-6:00 16 A.\n" in result.output
    assert "  secret, left out:\n    carApiBearerToken\n" in result.output
    assert "hush" not in result.output
    assert result.output.endswith(
        "What people had asked for:\n  12 A for the site\n  schedule for the site: 1 window\n"
    )


def test_lines_for_the_config_file_are_shown(twcmaster: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"config": {"wiringMaxAmpsAllTWCs": 24}, # mine\n}')
    result = twcmaster("import", path)
    assert result.exit_code == 0
    assert (
        "Nothing that people had asked for.\n\nLines for the config file, to be checked and completed:\n"
        in result.output
    )
    assert '[[circuit]]\nname = "garage"\nlimit_a = 24\n' in result.output


def test_before_the_first_start_it_goes_to_the_state_folder(
    twcmaster: Invoke, old: Path, config: Path, tmp_path: Path
) -> None:
    result = twcmaster("import", old, "--config", config)
    assert result.exit_code == 0
    assert "Taken over: 12 A for the site.\nTaken over: schedule for the site: 1 window.\n" in result.output
    settings, changes = kept(tmp_path)
    assert settings is not None
    assert settings.of(SITE).standing == StandingMode(Mode.FIXED, 12)
    assert [window.amps for window in settings.of(SITE).windows] == [16]
    assert changes == 2


def test_with_a_daemon_it_goes_there(twcmaster: Invoke, old: Path, tmp_path: Path) -> None:
    with Served(tmp_path / "run" / "t.sock") as served:
        result = twcmaster("import", old, "--socket", served.path)
        assert result.exit_code == 0, result.output
        assert served.settings.of(SITE).standing == StandingMode(Mode.FIXED, 12)


def test_what_the_installation_does_not_allow_is_refused_and_the_rest_taken(
    twcmaster: Invoke, old: Path, config: Path, tmp_path: Path
) -> None:
    old.write_text(OLD.replace("scheduledAmpsMax=16", "scheduledAmpsMax=40"))
    result = twcmaster("import", old, "--config", config)
    assert result.exit_code == 1
    assert "Taken over: 12 A for the site." in result.output
    assert "Not taken over: schedule for the site: 1 window. The site cannot have 40 A" in result.output
    settings, changes = kept(tmp_path)
    assert settings is not None
    assert (settings.of(SITE).windows, changes) == ((), 1)


def test_without_a_daemon_and_a_config_nothing_is_taken(twcmaster: Invoke, old: Path, tmp_path: Path) -> None:
    result = twcmaster("import", old, "--socket", tmp_path / "none.sock")
    assert result.exit_code == 1
    assert "no daemon runs here. Start it, or say --config FILE" in result.output


def test_a_file_of_another_kind_is_refused(twcmaster: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("Dear diary,")
    result = twcmaster("import", path)
    assert result.exit_code == 1
    assert "Expected TWCManagerSettings.txt" in result.output


def test_two_files_of_one_kind_are_refused(twcmaster: Invoke, tmp_path: Path) -> None:
    files = [tmp_path / folder / "settings.json" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text('{"nonScheduledAmpsMax": 12}')
    result = twcmaster("import", *files, "--dry-run")
    assert result.exit_code == 1
    expected = f"{files[0]} and {files[1]} are both settings.json of the fork. Give the one that was in use.\n"
    assert result.stderr == expected
    assert result.stdout == ""


def test_files_of_two_kinds_may_have_one_name(twcmaster: Invoke, tmp_path: Path) -> None:
    texts = {"a": '{"nonScheduledAmpsMax": 12}', "b": '{"config": {"wiringMaxAmpsAllTWCs": 24}}'}
    files = [tmp_path / folder / "settings.json" for folder in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.parent.mkdir()
        file.write_text(text)
    result = twcmaster("import", *files, "--dry-run")
    assert result.exit_code == 0
    assert all(f"{file}: 1 entries" in result.stdout for file in files)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_editors_save_settings_in_several_encodings(twcmaster: Invoke, old: Path, encoding: str) -> None:
    old.write_bytes(OLD.replace("\n", "\r\n").encode(encoding))
    result = twcmaster("import", old, "--dry-run")
    assert result.exit_code == 0
    assert "    scheduledAmpsMax = 16\n        A window: daily 22:30-6:00 16 A.\n" in result.output


@pytest.mark.parametrize("text", ["{}", '{"name": "package", "version": "1.0"}'])
def test_json_of_something_else_changes_nothing(twcmaster: Invoke, config: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "package.json"
    path.write_text(text)
    result = twcmaster("import", path, "--config", config)
    assert result.exit_code == 1
    assert f"{path} is JSON, but has no setting that the fork knows" in result.stderr
    assert not (tmp_path / "state").exists()
