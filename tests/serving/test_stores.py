"""History and accounts beside a site: whenever the program is stopped, their files are closed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from twcmaster.config.web import WebSection
from twcmaster.serving import web
from twcmaster.serving.site import Site
from twcmaster.serving.stores import Stores


def open_files(folder: Path) -> set[str]:
    """Names of the files in this folder that this process has open."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(number.readlink())
    return {path.name for path in found if path.is_relative_to(folder)}


@pytest.mark.parametrize("last_file", ["accounts.db", "history.db"])
async def test_a_stop_while_the_files_are_being_opened_closes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_file: str
) -> None:
    kept: list[Stores] = []

    def stores(site: Site) -> Stores:
        kept.append(Stores(site))
        return kept[-1]

    monkeypatch.setattr(web, "_stores", stores)
    site = Site(tmp_path, lambda: datetime(2026, 6, 21, tzinfo=UTC))
    site.unconfigured = True
    site.web = WebSection(enabled=False)
    async with web.page(site, None), asyncio.timeout(10):
        while last_file not in open_files(tmp_path):  # noqa: ASYNC110 - a thread opens it, which sets no event
            await asyncio.sleep(0)
    assert len(kept) == 1
    assert open_files(tmp_path) == set()
