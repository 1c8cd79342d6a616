"""From nothing to a charging car: no config file, only the page."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.house import PASSWORD, House, Units, start_units, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
#: Without a config file nobody can have chosen another.
DEFAULT_PORT = 8080


@pytest.fixture(scope="module")
def units() -> Iterator[Units]:
    started = start_units(ROOT)
    yield started
    started.process.terminate()
    started.process.communicate(timeout=15)


@pytest.fixture
def empty_house(units: Units, tmp_path: Path) -> Iterator[House]:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0:
            pytest.skip(f"something listens on port {DEFAULT_PORT}, where a new installation has its page")
    made = House(tmp_path, units.link, DEFAULT_PORT)
    made.start()
    yield made
    made.stop()


def test_setup_without_a_file_ends_with_a_charging_car(page: Page, empty_house: House) -> None:
    page.goto(empty_house.url)
    page.get_by_label("Setup code").fill(empty_house.setup_code())
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()

    page.get_by_label("Another address").fill(empty_house.link)
    page.get_by_role("button", name="Listen there for 5 seconds").click()
    expect(page.get_by_text("Connectors:")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Breaker (A)").fill("50")
    page.get_by_role("radio", name="80 % rule").check()
    expect(page.get_by_text("at most 40 A per phase")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("radio", name="One phase").check()
    page.get_by_label("Volts").fill("240")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Currency").fill("nzd")
    page.get_by_label("A kWh from the grid costs").fill("0.315")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("No mistake found.")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_role("article")).to_have_count(2, timeout=30_000)
    with empty_house.client() as client:
        wait_until(
            lambda: any((c["drawn_a"] or 0) > 5 for c in client.get("state").json()["connectors"]),
            60,
            "no car ever charged",
        )
        toml = client.get("config").json()["toml"]
    assert "limit_a = 40" in toml
    assert '[prices]\ncurrency = "NZD"\ngrid_per_kwh = 0.315\n' in toml
