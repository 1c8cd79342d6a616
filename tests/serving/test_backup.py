"""Backup and restore on a running site: what travels, what does not, and that a bad one changes nothing."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from tests.serving.running import GARAGE, START, House, Kept, keeping, running
from twcmaster.api.ports import NotPossible
from twcmaster.model.accounts import Role, User
from twcmaster.model.commands import SetMode, SetPriority, SetSchedule
from twcmaster.model.history import ChargeSession
from twcmaster.model.settings import SITE, Mode, Window
from twcmaster.serving import backup
from twcmaster.sim.clock import run_virtual

SECRET = """
[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://me:hush@127.0.0.1:9/status"
password = "swordfish"
power_w = "total"
"""
#: When the old computer begins: its minutes are not those of the new one.
BEFORE = START - timedelta(hours=1)
NIGHTS = Window("w1", frozenset({0, 1, 2, 3, 4}), time(22), time(5, 30), Mode.FIXED, 16.0)


async def lived_in(house: House, kept: Kept) -> None:
    """A car has charged for a while, and people have said what they want."""
    await house.charging()
    for command in (SetSchedule((NIGHTS,), SITE), SetMode(Mode.FIXED, SITE, 18.0), SetPriority("garage/1839", 3)):
        await kept.facade.wishes.command(command, "owner")
    await house.until(lambda: house.drawn_a() < 18)
    await house.until(lambda: house.site.hub.newest.world.now > 1000, 1200)  # type: ignore[union-attr]
    house.virtual.units[0].car.unplug()  # type: ignore[union-attr]
    await house.until(lambda: not kept.facade.history.running(), 60)


async def sessions(house: House, kept: Kept) -> list[ChargeSession]:
    return await kept.facade.history.sessions(house.clock().replace(hour=0), house.clock().replace(hour=23), None, 100)


async def energy_kwh(kept: Kept) -> float | None:
    return (await kept.facade.history.energy([BEFORE, START]))[0].charged_kwh


@dataclass(frozen=True)
class Made:
    """A backup of a site that was lived in, and what it must bring back."""

    archive: bytes
    sessions: list[ChargeSession]
    charged_kwh: float | None

    def at(self, folder: Path) -> Path:
        path = folder / "backup.zip"
        path.write_bytes(self.archive)
        return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    async def main() -> Made:
        async with running(tmp_path_factory.mktemp("old"), start=BEFORE) as house, keeping(house) as kept:
            await lived_in(house, kept)
            path = await kept.facade.backup.save()
            content = path.read_bytes()
            path.unlink()
            return Made(content, await sessions(house, kept), await energy_kwh(kept))

    return run_virtual(main())


def test_a_new_computer_goes_on_where_the_old_one_stopped(tmp_path: Path, made: Made) -> None:
    async def main() -> None:
        archive = made.at(tmp_path)
        async with running(tmp_path) as house, keeping(house) as kept:
            await asyncio.sleep(60)
            await house.charging()
            told = await kept.facade.backup.restore(archive, "owner")
            wishes = kept.facade.wishes.settings
            assert wishes.of(SITE).windows == (NIGHTS,)
            assert wishes.of(SITE).standing.amps == 18.0  # type: ignore[union-attr]
            assert wishes.of("garage/1839").priority == 3
            await house.until(lambda: 17 < house.drawn_a() < 18.1)
            (session,) = made.sessions
            assert session in await sessions(house, kept)
            assert await energy_kwh(kept) == pytest.approx(made.charged_kwh, abs=0.01)
            assert told[0].endswith("1 sessions of history")
            again = await kept.facade.backup.restore(archive, "owner")
            assert again[0] == "0 intervals and 0 sessions of history"

    run_virtual(main())


@pytest.mark.parametrize("hours,mode", [(3, Mode.OFF), (0.5, Mode.FIXED)])
def test_a_mode_that_ends_comes_back_with_its_end(tmp_path: Path, hours: float, mode: Mode) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            until = house.clock() + timedelta(hours=hours)
            await kept.facade.wishes.command(SetMode(Mode.OFF, SITE, until=until), "owner")
            archive = await kept.facade.backup.save()
            await kept.facade.wishes.command(SetMode(Mode.FIXED, SITE, 9.0), "owner")
            await asyncio.sleep(3600)
            await kept.facade.backup.restore(archive, "owner")
            archive.unlink()
            standing = kept.facade.wishes.settings.of(SITE).standing
            assert standing is not None
            assert (standing.mode, standing.until) == (mode, until if mode is Mode.OFF else None)
            await asyncio.sleep(3 * 3600)
            assert house.drawn_a() > 19, "what was before comes after it"

    run_virtual(main())


def test_no_secret_and_no_account_is_in_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path, GARAGE + SECRET) as house, keeping(house) as kept:
            await kept.facade.accounts.put_user(User("owner", Role.OWNER, "scrypt$hush", house.clock()))
            await lived_in(house, kept)
            for made_by, names in (
                (kept.facade.backup.save, {"manifest.json", "settings.json", "config.toml", "history.db"}),
                (kept.facade.backup.diagnostics, {"state.json", "notices.json", "frames.json", "config.toml"}),
            ):
                path = await made_by()
                with zipfile.ZipFile(path) as archive:
                    assert set(archive.namelist()) == names
                    content = b"\n".join(archive.read(name) for name in sorted(names))
                path.unlink()
                assert b"Our house" in content
                for secret in (b"swordfish", b"hush", b"scrypt"):
                    assert secret not in content

    run_virtual(main())


def test_a_connector_that_is_not_here_is_left_out_and_said(tmp_path: Path, made: Made) -> None:
    async def main() -> None:
        archive = made.at(tmp_path)
        elsewhere = GARAGE.replace('name = "garage"\nlink', 'name = "carport"\nlink')
        async with running(tmp_path, elsewhere) as house, keeping(house) as kept:
            told = await kept.facade.backup.restore(archive, "owner")
            assert "left out garage/1839, which is not here" in told
            assert kept.facade.wishes.settings.of(SITE).windows == (NIGHTS,)

    run_virtual(main())


def repacked(archive: Path, *, how: int = zipfile.ZIP_DEFLATED, **entries: bytes | None) -> None:
    """Some entries replaced, or taken out."""
    with zipfile.ZipFile(archive) as old:
        content = {name: old.read(name) for name in old.namelist()}
    for name, data in entries.items():
        content.pop(name.replace("_", "."), None)
        if data is not None:
            content[name.replace("_", ".")] = data
    with zipfile.ZipFile(archive, "w", how) as new:
        for name, data in content.items():
            new.writestr(name, data)


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-200])


def flipped(archive: Path) -> None:
    """One byte of the compressed settings is another."""
    raw = bytearray(archive.read_bytes())
    at = raw.index(b"settings.json") + len("settings.json") + 5
    raw[at] ^= 0xFF
    archive.write_bytes(raw)


def packed_otherwise(archive: Path, how: int) -> None:
    """As another program would pack it, and then damaged."""
    repacked(archive, how=how)
    raw = bytearray(archive.read_bytes())
    at = raw.index(b"settings.json") + len("settings.json") + 20
    raw[at : at + 20] = bytes(20)
    archive.write_bytes(raw)


def placed_nowhere(archive: Path) -> None:
    """The list at the end stands too early, so that the first entry begins before the file does."""
    raw = bytearray(archive.read_bytes())
    at = raw.rindex(b"PK\x05\x06") + 16
    raw[at : at + 4] = (int.from_bytes(raw[at : at + 4], "little") + 50).to_bytes(4, "little")
    archive.write_bytes(raw)


@pytest.mark.parametrize(
    "harm,words",
    [
        (lambda archive: packed_otherwise(archive, zipfile.ZIP_BZIP2), "This is no backup"),
        (lambda archive: packed_otherwise(archive, zipfile.ZIP_LZMA), "This is no backup"),
        (placed_nowhere, "This is no backup"),
        (lambda archive: archive.write_bytes(b"PK nonsense"), "This is no backup"),
        (cut, "This is no backup"),
        (flipped, "This is no backup"),
        (lambda archive: repacked(archive, manifest_json=None), "This is no backup"),
        (lambda archive: repacked(archive, manifest_json=b'{"format": 2}'), "another version"),
        (lambda archive: repacked(archive, settings_json=b"{"), "This is no backup"),
        (lambda archive: repacked(archive, settings_json=b'{"format": 1, "scopes": 3}'), "This is no backup"),
        (lambda archive: repacked(archive, settings_json=b"[" * 100_000), "This is no backup"),
        (lambda archive: repacked(archive, settings_json=b" " * (backup.LARGEST_JSON_BYTES + 1)), "too large"),
        (lambda archive: repacked(archive, history_db=b"once upon a time " * 1000), "history in it cannot be read"),
        (lambda archive: repacked(archive, history_db=b"x" * 5000), "too large"),
    ],
)
def test_a_bad_backup_changes_nothing(
    tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], words: str
) -> None:
    async def main() -> None:
        archive = made.at(tmp_path)
        harm(archive)
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            before = kept.facade.wishes.settings
            if words == "too large":
                monkeypatch.setattr(backup, "LARGEST_HISTORY_BYTES", 4000)
            with pytest.raises(NotPossible, match=words) as refused:
                await kept.facade.backup.restore(archive, "owner")
            assert refused.value.hint
            assert kept.facade.wishes.settings == before
            assert len(await sessions(house, kept)) == 1, "only the one that is going on"
            assert house.drawn_a() > 19
            assert kept.facade.history.health.ok

    run_virtual(main())


def test_settings_that_make_no_sense_change_nothing(tmp_path: Path, made: Made) -> None:
    async def main() -> None:
        archive = made.at(tmp_path)
        small = GARAGE.replace("limit_a = 40", "limit_a = 10").replace("amps = 20", "amps = 10")
        async with running(tmp_path, small) as house, keeping(house) as kept:
            await house.until(lambda: house.site.hub.newest is not None)
            with zipfile.ZipFile(archive) as opened:
                document = json.loads(opened.read("settings.json"))
            document["scopes"][SITE]["standing"]["amps"] = -3
            repacked(archive, settings_json=json.dumps(document).encode())
            before = kept.facade.wishes.settings
            with pytest.raises(NotPossible):
                await kept.facade.backup.restore(archive, "owner")
            assert replace(kept.facade.wishes.settings) == before
            assert await sessions(house, kept) == []

    run_virtual(main())
