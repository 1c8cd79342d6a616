"""A real Chromium, a real daemon, virtual wall connectors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.web.house import House, Units, start_units

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
STATIC = ROOT / "src/twcmaster/api/static"
#: For machines that do other things besides.
PATIENCE_MS = 15_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _needed(there: bool, what: str) -> None:
    """Skipped on a developer's machine that lacks something, never where everything is installed for testing."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file. Ended with it: until then its event loop runs, and no other may."""
    _needed(CHROMIUM.exists(), f"there is no {CHROMIUM}: sudo apt install chromium")
    _needed((STATIC / "index.html").exists(), "the page is not built: make page")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def units() -> Iterator[Units]:
    started = start_units(ROOT)
    yield started
    started.process.terminate()
    started.process.communicate(timeout=15)


@pytest.fixture(scope="module")
def house(units: Units, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"), units.link)
    made.write_config()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", service_workers="block")
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A fresh browser. Whatever goes wrong inside it fails the test."""
    opened = context.new_page()
    mistakes: list[str] = []
    opened.on("pageerror", lambda error: mistakes.append(str(error)))
    yield opened
    assert mistakes == []
