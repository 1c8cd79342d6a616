"""People's wishes in a running daemon: the current settings, and the one way to change them.

Commands are handled one at a time, each as a whole: checked, written to disk, put into effect, confirmed. Who asked may
leave meanwhile; that undoes nothing. What ends by itself takes effect at once and is written as soon as may be.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from twcmaster.control.command_words import say
from twcmaster.control.commands import apply
from twcmaster.control.expiry import expire, note
from twcmaster.control.known import Known
from twcmaster.model.commands import Change, Command, CommandRefused
from twcmaster.model.settings import Settings
from twcmaster.model.settings_json import encode_command
from twcmaster.model.world import World

#: What charge-now has charged so far is worth a write this often.
PROGRESS_EVERY_S = 60.0
#: A disk that does not take the last write within this time does not hold up the end of the program.
LAST_WRITE_S = 1.0
#: More commands waiting than this mean that the disk hangs.
MOST_WAITING = 100
BY_ITSELF = "twcmaster"


class Keeper(Protocol):
    """Where settings are kept. `save` and `changes` raise OSError with a text for people; `load` never fails."""

    async def load(self) -> Settings | None: ...
    async def save(self, settings: Settings, change: Change | None) -> None: ...
    async def changes(self, most: int) -> tuple[Change, ...]: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Around:
    """What wishes need of the rest: a clock, what is known of the site, a way to tell people, and to wake decisions."""

    clock: Callable[[], datetime]
    known: Callable[[], Known]
    notice: Callable[[str, str], None]
    changed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    command: Command
    who: str
    version: int | None
    answer: asyncio.Future[Settings]


class Wishes:
    """The settings of one site."""

    def __init__(self, keeper: Keeper, first: Settings, around: Around) -> None:
        self.settings = first
        self._keeper = keeper
        self._around = around
        self._queue: asyncio.Queue[_Asked | None] = asyncio.Queue(MOST_WAITING)
        self._noted_at: float | None = None
        self._saving = False
        #: What is in effect but not on disk: sentences for the log, and whether anything is.
        self._ended: list[str] = []
        self._unsaved = False
        self._saved_at = 0.0

    async def load(self) -> None:
        """Take up the settings of the last run, if there are any."""
        kept = await self._keeper.load()
        if kept is not None:
            self.settings = kept

    async def command(self, command: Command, who: str, version: int | None = None) -> Settings:
        """The settings with the command in effect and on disk.

        With `version`, only if the settings still have it. Raises CommandRefused, and OSError when it cannot be kept;
        nothing has changed then.
        """
        asked = _Asked(command, who, version, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(asked)
        except asyncio.QueueFull:
            raise OSError(
                "The disk does not keep up with changes. Try again in a minute, and check the disk."
            ) from None
        return await asked.answer

    async def changes(self, most: int) -> tuple[Change, ...]:
        """The newest changes, newest first. Raises OSError."""
        return await self._keeper.changes(most)

    def follow(self, world: World) -> Settings:
        """The settings for this instant: progress noted, what is over taken out. `world` holds the present ones."""
        elapsed_s = 0.0 if self._noted_at is None else world.now - self._noted_at
        if self._saving:
            # The rules look at the clock themselves: nothing that is over is obeyed, it only stays on paper a little.
            return self.settings
        self._noted_at = world.now
        noted = note(world, elapsed_s)
        settings, ended = expire(world if noted is world.settings else replace(world, settings=noted))
        self._unsaved |= settings is not self.settings
        self.settings = settings
        for one in ended:
            self._ended.append(f"{one.text} ({one.scope})")
            self._around.notice("info", f"{one.text} ({one.scope})")
        if ended or (self._unsaved and world.now - self._saved_at >= PROGRESS_EVERY_S):
            self._saved_at = world.now
            if self._queue.empty():
                self._queue.put_nowait(None)
        return settings

    async def run(self) -> None:
        """Handle commands until cancelled."""
        while True:
            asked = await self._queue.get()
            if asked is None:
                await self._try_to_save_what_ended()
            elif not asked.answer.done():
                await self._handle(asked)

    async def close(self) -> None:
        """Write what is not on disk yet, and let go of the file. For after `run` has ended."""
        while not self._queue.empty():
            asked = self._queue.get_nowait()
            if asked is not None:
                asked.answer.cancel()
        try:
            async with asyncio.timeout(LAST_WRITE_S):
                await self._try_to_save_what_ended()
                await self._keeper.close()
        except TimeoutError:
            self._around.notice("warning", "The disk did not take the last changes in time: what ended may come again")

    async def _handle(self, asked: _Asked) -> None:
        try:
            settings = await self._changed(asked)
        except (CommandRefused, OSError) as error:
            if not asked.answer.done():
                asked.answer.set_exception(error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(settings)
        finally:
            # Only when the program ends in the middle.
            asked.answer.cancel()

    async def _changed(self, asked: _Asked) -> Settings:
        await self._save_what_ended()
        clock = self._around.clock()
        if asked.version is not None and asked.version != self.settings.version:
            raise CommandRefused("Somebody else has changed the settings meanwhile. Look at them again.")
        settings = apply(self.settings, asked.command, clock, self._around.known())
        if settings is self.settings:
            return settings
        what = json.dumps(encode_command(asked.command), ensure_ascii=False)
        await self._save(settings, Change(clock.astimezone(UTC), asked.who, what, settings.version))
        self._around.notice("info", f"{asked.who}: {say(asked.command, clock)}")
        self._around.changed()
        return settings

    async def _try_to_save_what_ended(self) -> None:
        try:
            await self._save_what_ended()
        except OSError as error:
            self._around.notice("warning", f"What has ended by itself is not on disk yet: {error}")

    async def _save_what_ended(self) -> None:
        if self._unsaved:
            at, what = self._around.clock().astimezone(UTC), "; ".join(self._ended)
            change = Change(at, BY_ITSELF, what, self.settings.version) if what else None
            await self._save(self.settings, change)

    async def _save(self, settings: Settings, change: Change | None) -> None:
        self._saving = True
        try:
            await self._keeper.save(settings, change)
        finally:
            self._saving = False
        self.settings, self._unsaved = settings, False
        self._ended.clear()
