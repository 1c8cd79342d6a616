"""A running site whose config changes: it goes on with the new one, or with the old one if the new one is broken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.serving.running import GARAGE, House, Kept, keeping, running
from twcmaster.api.ports import NotPossible
from twcmaster.model.commands import SetMode
from twcmaster.model.settings import SITE, Mode
from twcmaster.sim.clock import run_virtual


async def write(kept: Kept, **replaced: str) -> None:
    """Through the setup page: what is there, with some words replaced."""
    view = await kept.facade.setup.read()
    toml = view.toml or GARAGE
    for old, new in replaced.items():
        toml = toml.replace(old.replace("__", " = "), new)
    await kept.facade.setup.write(toml, view.digest, "owner")


def test_charging_goes_on_under_the_new_config(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            await kept.facade.wishes.command(SetMode(Mode.FIXED, SITE, 30.0), "owner")
            await house.until(lambda: house.drawn_a() > 29)
            number, run_id = house.site.hub.newest.number, kept.facade.run_id  # type: ignore[union-attr]
            await write(kept, limit_a__40="limit_a = 12")
            await house.until(lambda: house.drawn_a() < 12.1, seconds=5)
            await asyncio.sleep(60)
            assert 11 < house.drawn_a() < 12.1
            assert house.closings() == 1, "the car did not notice more than fewer amps"
            assert (len(house.graphs), kept.facade.run_id) == (2, run_id)
            assert house.site.hub.newest.number > number  # type: ignore[union-attr]
            assert kept.facade.wishes.settings.of(SITE).standing.amps == 30.0  # type: ignore[union-attr]
            assert len(kept.facade.history.running()) == 1
        assert "# wires for 50" in house.config.read_text()
        assert [path.read_text() for path in tmp_path.glob("*.bak")] == [GARAGE]

    run_virtual(main())


def test_the_first_config_starts_what_it_describes(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path, None) as house, keeping(house) as kept:
            await asyncio.sleep(10)
            with pytest.raises(NotPossible, match="Nothing is being driven"):
                await kept.facade.wishes.command(SetMode(Mode.OFF), "owner")
            await write(kept)
            await house.until(lambda: house.site.graph is not None)
            await house.charging()

    run_virtual(main())


def broken(house: House, text: str) -> None:
    """Somebody edits the file by hand."""
    house.config.write_text(text, encoding="utf-8")
    house.site.restart.set()


@pytest.mark.parametrize(
    "text,words",
    [
        (GARAGE.replace("limit_a = 40", "limit_a = 0"), "circuit[0].limit_a"),
        ("[[circuit", "is not valid TOML"),
        (GARAGE.replace('circuit = "garage"', 'circuit = "shed"'), 'no [[circuit]] named "shed"'),
        (None, "does not exist"),
    ],
)
def test_a_broken_config_keeps_the_old_one_going_and_says_so(tmp_path: Path, text: str | None, words: str) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            if text is None:
                house.config.unlink()
                house.site.restart.set()
            else:
                broken(house, text)
            await house.until(lambda: house.told("error", "the old one stays") == 1)
            assert house.told("error", words) == 1
            await asyncio.sleep(60)
            assert house.drawn_a() > 19
            assert len(house.graphs) == 1, "nothing was even interrupted"
            broken(house, GARAGE.replace("amps = 20", "amps = 20\n# mended").replace("limit_a = 40", "limit_a = 10"))
            await house.until(lambda: house.drawn_a() < 10.1)
            assert kept.stores.history.health.ok

    run_virtual(main())


def test_what_changes_nothing_interrupts_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            await write(kept, **{"# Our house": "# Our old house"})
            await asyncio.sleep(5)
            assert "# Our old house" in house.config.read_text()
            broken(house, f"{GARAGE}[web]\nport = 8081\n")
            await house.until(lambda: house.site.web.port == 8081)
            await asyncio.sleep(5)
            assert len(house.graphs) == 1, "the web server is not the bus's business"
            broken(house, f"{GARAGE.replace('amps = 20', 'amps = 10')}[web]\nport = 8081\n")
            await house.until(lambda: len(house.graphs) == 2)
            assert house.site.web.port == 8081

    run_virtual(main())


def test_two_changes_at_once_end_with_the_last(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            await write(kept, limit_a__40="limit_a = 12")
            await write(kept, limit_a__12="limit_a = 9")
            await house.until(lambda: 8 < house.drawn_a() < 9.1)
            await write(kept, limit_a__9="limit_a = 32")
            house.stop.set()
        assert load_limit(house) == "limit_a = 32"

    run_virtual(main())


def load_limit(house: House) -> str:
    return next(line for line in house.config.read_text().splitlines() if line.startswith("limit_a")).partition("  ")[0]
