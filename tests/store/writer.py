"""A process to be killed: keeps one document after another and says on its output which are confirmed.

Imports once, then forks a writer for every line of its input, so that many can be killed in little time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from twcmaster.model.commands import Change
from twcmaster.model.settings import SITE, Mode, ScopeWishes, Settings, StandingMode, Window
from twcmaster.store.settings_store import SettingsStore

AT = datetime(2026, 6, 21, 12, tzinfo=UTC)


def document(version: int) -> Settings:
    """A document of some size in which everything tells its version."""
    windows = tuple(
        Window(str(number), frozenset({number % 7}), AT.time(), AT.time(), Mode.FIXED, float(version))
        for number in range(version % 40)
    )
    return Settings(version, {SITE: ScopeWishes(StandingMode(Mode.FIXED, float(version)), windows=windows)})


async def write(path: Path) -> None:
    store = SettingsStore(path, lambda: AT, lambda level, text: sys.exit(f"{level}: {text}"))
    newest = await store.load()
    version = 0 if newest is None else newest.version
    while True:
        version += 1
        await store.save(document(version), Change(AT, "writer", f"to {version}", version))
        os.write(1, f"{version}\n".encode())


def main() -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(write(Path(sys.argv[1])))
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
