"""Backup: settings and history, and the config without secrets, in a zip. Restore: settings and history.

Settings travel as JSON and come back as commands, each checked against the connectors and circuits of this site: all
of them, or none. The history adds what is missing here. Accounts and secrets are in no backup.
"""

from __future__ import annotations

import asyncio
import errno
import json
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from twcmaster.api.ports import NotPossible
from twcmaster.control.commands import apply
from twcmaster.control.known import Known
from twcmaster.model.commands import Command, CommandRefused, SetMode, SetPriority, SetSchedule
from twcmaster.model.settings import SITE, Settings, StandingMode
from twcmaster.model.settings_json import FormatError, decode, encode
from twcmaster.runtime.state_json import notices, plain
from twcmaster.serving.setup import SetupDesk
from twcmaster.serving.site import Site
from twcmaster.store.history import History
from twcmaster.store.history_checks import BadCopy

FORMAT = 1
SETTINGS, HISTORY, CONFIG, MANIFEST = "settings.json", "history.db", "config.toml", "manifest.json"
LARGEST_JSON_BYTES = 4 << 20
LARGEST_HISTORY_BYTES = 1 << 30
_CHUNK = 1 << 20


class BackupDesk:
    """Saves and restores one site."""

    def __init__(self, site: Site, history: History, setup: SetupDesk) -> None:
        self._site = site
        self._kept = history
        self._setup = setup

    async def save(self) -> Path:
        """The zip, in a temporary file that the caller removes. Raises NotPossible."""
        settings = None if self._site.graph is None else encode(self._site.graph.wishes.settings)
        manifest = {"format": FORMAT, "made_at": self._site.clock().isoformat(), "what": "twcmaster backup"}
        texts = {MANIFEST: manifest, SETTINGS: settings}
        config = (await self._setup.read()).toml
        with _folder() as folder:
            try:
                await self._kept.copy_to(folder / HISTORY)
            except OSError as error:
                raise NotPossible(f"The history cannot be copied: {error}", "Mend the disk, then try again.") from error
            return await asyncio.to_thread(_pack, texts, {CONFIG: config}, folder / HISTORY)

    async def diagnostics(self) -> Path:
        """The state, recent notices and frames, and the config, without secrets and VINs."""
        site = self._site
        newest = site.hub.newest
        frames = {
            url: [
                f"{'>' if frame.sent else '<'} {frame.body.hex(' ')}"
                for frame in log.frames
                if not _tells_vin(frame.body)
            ]
            for url, log in site.frames.items()
        }
        texts = {
            "state.json": None if newest is None else plain(newest),
            "notices.json": notices(site.hub, len(site.hub.notices)),
            "frames.json": frames,
        }
        config = (await self._setup.read()).toml
        return await asyncio.to_thread(_pack, texts, {CONFIG: config}, None)

    async def restore(self, archive: Path, who: str) -> Sequence[str]:
        """Put settings and history back. Raises NotPossible before anything has changed."""
        graph = self._site.graph
        if graph is None:
            raise NotPossible("Nothing is being driven just now.", "Finish the setup first.")
        with _folder() as folder:
            settings, history = await asyncio.to_thread(_unpack, archive, folder)
            commands, left_out = _commands(settings, graph.known(), self._site.clock())
            _rehearse(graph.wishes.settings, commands, self._site, graph.known())
            told = await self._history(history)
        try:
            for command in commands:
                await graph.wishes.command(command, who)
        except OSError as error:
            todo = "The history is back, not all settings are: mend the disk, then restore again."
            raise NotPossible(f"The settings cannot be kept: {error}", todo) from error
        return [*told, f"{len(commands)} settings", *left_out]

    async def _history(self, copy: Path | None) -> list[str]:
        if copy is None:
            return []
        try:
            return [await self._kept.take_from(copy)]
        except BadCopy as error:
            raise NotPossible(str(error), "Nothing has changed. Use another backup.") from error
        except OSError as error:
            raise NotPossible(f"The history cannot be written: {error}", "Nothing has changed.") from error


def _commands(settings: Settings, known: Known, now: datetime) -> tuple[list[Command], list[str]]:
    """What brings these settings about; and in words the connectors that are not here."""
    commands: list[Command] = []
    left_out = []
    for scope, wishes in settings.scopes.items():
        if known.range_of(scope) is None:
            left_out.append(f"left out {scope}, which is not here")
            continue
        commands += _modes(wishes.standing, scope, now)
        commands.append(SetSchedule(wishes.windows, scope))
        if scope != SITE:
            commands.append(SetPriority(scope, wishes.priority))
    return commands, left_out


def _modes(standing: StandingMode | None, scope: str, now: datetime) -> Iterator[SetMode]:
    """The mode that lasts, and the one that holds until later, if it still does."""
    lasting = standing.then if standing is not None and standing.until is not None else standing
    if lasting is not None:
        yield SetMode(lasting.mode, scope, lasting.amps)
    if standing is not None and standing.until is not None and standing.until > now:
        yield SetMode(standing.mode, scope, standing.amps, standing.until)


def _rehearse(settings: Settings, commands: Sequence[Command], site: Site, known: Known) -> None:
    try:
        for command in commands:
            settings = apply(settings, command, site.clock(), known)
    except CommandRefused as refused:
        text = f"The settings in it do not fit this site: {refused}"
        raise NotPossible(text, "Nothing has changed. Change the config first, or set the wishes by hand.") from refused


def _tells_vin(body: bytes) -> bool:
    """FDEE, FDEF and FDF1 carry the car's number."""
    return body[:2] in (b"\xfd\xee", b"\xfd\xef", b"\xfd\xf1")


#: What reading a file that is no backup of ours, or a damaged one, may raise.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    FormatError,
)
#: Damage that comes as a failure of the disk: bz2 gives it no number, and places that no file has are invalid.
_UNREADABLE_BY = (None, errno.EINVAL)


# ── zip ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="twcmaster-") as name:
        yield Path(name)


def _pack(documents: dict[str, Any], texts: dict[str, str], history: Path | None) -> Path:
    handle, name = tempfile.mkstemp(prefix="twcmaster-", suffix=".zip")
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, document in documents.items():
            archive.writestr(entry, json.dumps(document, ensure_ascii=False, indent=1))
        for entry, text in texts.items():
            archive.writestr(entry, text)
        if history is not None:
            archive.write(history, HISTORY)
    return Path(name)


def _unpack(archive: Path, folder: Path) -> tuple[Settings, Path | None]:
    """The settings, and the history as a file in `folder` if it is there. Looks only at what is expected."""
    try:
        with zipfile.ZipFile(archive) as opened:
            manifest = _document(opened, MANIFEST)
            if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
                raise NotPossible("This backup was made by another version.", "Use a backup of this version.")
            history = _extract(opened, folder / HISTORY) if HISTORY in opened.namelist() else None
            document = _document(opened, SETTINGS)
            return (Settings() if document is None else decode(document)), history
    except _UNREADABLE as error:
        raise NotPossible(f"This is no backup: {error}.", "Choose a file that Backup has made.") from error
    except OSError as error:
        if error.errno in _UNREADABLE_BY:
            raise NotPossible(f"This is no backup: {error}.", "Choose a file that Backup has made.") from error
        todo = "Free some space in the folder for temporary files, then try again."
        raise NotPossible(f"The backup cannot be unpacked: {error}.", todo) from error


def _document(archive: zipfile.ZipFile, name: str) -> Any:
    with archive.open(name) as file:
        text = file.read(LARGEST_JSON_BYTES + 1)
    if len(text) > LARGEST_JSON_BYTES:
        raise ValueError(f"{name} is too large")
    return json.loads(text)


def _extract(archive: zipfile.ZipFile, target: Path) -> Path:
    """Chunk by chunk: what a zip says of its sizes is not to be believed."""
    written = 0
    with archive.open(HISTORY) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > LARGEST_HISTORY_BYTES:
                raise ValueError(f"{HISTORY} is too large")
            file.write(chunk)
    return target
