"""The config file as the setup page needs it: read, checked, edited, written; ports listed and listened on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from twcmaster.api.ports import ConfigProblem, ConfigView, Heard, MeterTried, NotPossible, PortView
from twcmaster.config.load import parse
from twcmaster.config.problems import ConfigError
from twcmaster.serving.trying import section_to_try, tells_of_a_file

#: Older backups of the config file go.
KEPT_BACKUPS = 10
#: Before everything restarts, whoever asked for it hears that it worked.
BEFORE_RESTART_S = 0.3


class SetupDesk:
    """The config file at `path` (None: it cannot be changed here). `restart()` is called when it has been replaced.

    What edits TOML is loaded when somebody first opens the setup page.
    """

    def __init__(self, path: Path | None, clock: Callable[[], datetime], restart: Callable[[], None]) -> None:
        self._path = path
        self._clock = clock
        self._restart = restart

    async def read(self) -> ConfigView:
        """The file, secrets hidden. Raises NotPossible."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> ConfigView:
        from twcmaster.config import edit

        text = self._text()
        try:
            shown = edit.redacted(text)
        except edit.EditError as error:
            raise NotPossible(f"{self._path}: {error}", "Mend the file with an editor.") from error
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return ConfigView(self._path, shown, edit.values(shown), digest, self._writable())

    def _text(self) -> str:
        """Empty while there is no file."""
        try:
            return "" if self._path is None else self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise NotPossible(f"{self._path} cannot be read: {error}.", "Check its permissions.") from error

    def _folder(self) -> Path | None:
        return None if self._path is None else self._path.absolute().parent

    def _writable(self) -> bool:
        return self._path is not None and os.access(self._path.parent, os.W_OK)

    def schema(self) -> Mapping[str, Any]:
        """JSON schema of the whole file."""
        from pydantic import TypeAdapter

        from twcmaster.config.full import FullConfig

        return TypeAdapter(FullConfig).json_schema()

    async def check(self, toml: str) -> Sequence[ConfigProblem]:
        """Every mistake in it."""
        return await asyncio.to_thread(self._check, toml)

    def _check(self, toml: str) -> list[ConfigProblem]:
        from twcmaster.config import edit

        try:
            parse(edit.with_secrets(toml, self._text()), folder=self._folder())
        except edit.EditError as error:
            return [ConfigProblem("file", str(error))]
        except ConfigError as error:
            return [ConfigProblem(one.path, one.what, one.suggestion) for one in error.problems]
        return []

    async def draft(self, changes: Mapping[str, Any]) -> str:
        """The file with some sections replaced, secrets hidden. Raises NotPossible."""
        return await asyncio.to_thread(self._draft, changes)

    def _draft(self, changes: Mapping[str, Any]) -> str:
        from twcmaster.config import edit

        try:
            toml = edit.merged(edit.redacted(self._text()), changes)
            # What has no form in UTF-8 can be neither shown nor written.
            toml.encode()
        except (edit.EditError, ValueError, TypeError, RecursionError) as error:
            raise NotPossible(f"These changes do not fit into the file: {error}.", "Check the sections.") from error
        return toml

    async def write(self, toml: str, digest: str, who: str) -> ConfigView:
        """Validate, back up, replace, restart what runs on it. Raises NotPossible."""
        view = await asyncio.to_thread(self._write, toml, digest)
        asyncio.get_running_loop().call_later(BEFORE_RESTART_S, self._restart)
        return view

    def _write(self, toml: str, digest: str) -> ConfigView:
        from twcmaster.config import edit

        if self._path is None:
            raise NotPossible("This program was started without a config file of its own.", "Start it with --config.")
        problems = self._check(toml)
        if problems:
            first = problems[0]
            raise NotPossible(f"{len(problems)} problem(s), the first at {first.path}: {first.text}", first.hint)
        if self._read().digest != digest:
            raise NotPossible(f"{self._path} has been changed meanwhile.", "Load it again and repeat your change.")
        text = edit.with_secrets(toml, self._text())
        try:
            _back_up(self._path, self._clock())
            _replace(self._path, text)
        except OSError as error:
            raise NotPossible(f"{self._path} cannot be written: {error.strerror}.", "Nothing has changed.") from error
        return self._read()

    # ── around it ──

    async def ports(self) -> Sequence[PortView]:
        """The serial ports of this machine, likeliest first."""
        from twcmaster.links.ports import list_ports

        found = await asyncio.to_thread(list_ports)
        return [
            PortView(
                port.device, port.best_name, port.kind.value, port.product, port.allowed, [*map(str, port.holders)]
            )
            for port in found
        ]

    async def listen(self, link: str, seconds: float) -> Heard:
        """What a link sounds like. Sends nothing."""
        from twcmaster.serving.listening import listen

        return await listen(link, seconds)

    async def try_meter(self, section: Mapping[str, Any]) -> MeterTried:
        """Ask a meter once. Raises NotPossible when the section makes no sense."""
        from twcmaster.serving.listening import try_meter

        text = await asyncio.to_thread(self._text)
        whole = await asyncio.to_thread(section_to_try, section, text)
        tried = await try_meter(whole, self._clock, self._folder())
        if tried.problem is not None and tells_of_a_file(whole, text):
            return replace(tried, problem="No reading was found in this file. Once the config names it, more is told.")
        return tried


def _back_up(path: Path, clock: datetime) -> None:
    if not path.exists():
        return
    copy = path.with_name(f"{path.name}.{clock:%Y%m%d-%H%M%S}.bak")
    _replace(copy, path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777)
    for old in sorted(path.parent.glob(f"{path.name}.*.bak"))[:-KEPT_BACKUPS]:
        old.unlink()


def _replace(path: Path, text: str, mode: int | None = None) -> None:
    """The whole new file or the whole old one, whenever the power fails."""
    if mode is None:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
