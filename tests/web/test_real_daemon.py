"""The page against the real daemon and virtual wall connectors. In order: a house is set up once and lived in."""

from __future__ import annotations

import re
import zipfile
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.web.house import PASSWORD, House, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def log_in(page: Page, house: House, name: str = "owner", password: str = PASSWORD) -> None:
    house.settle()
    page.goto(house.url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def state(client: httpx2.Client) -> Any:
    return client.get("state").json()


def told_amps(client: httpx2.Client) -> list[float]:
    """What the units themselves say they were told."""
    return [connector["reported_limit_a"] or 0 for connector in state(client)["connectors"]]


def test_the_first_password_needs_the_code_from_the_log(page: Page, house: House) -> None:
    page.goto(house.url)
    page.get_by_label("Setup code").fill("AAAA-AAAA")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("This is not the setup code.")).to_be_visible()
    page.get_by_label("Setup code").fill(house.setup_code())
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Setup")).to_be_visible()


def test_a_login_shows_what_charges(page: Page, house: House) -> None:
    log_in(page, house)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("radio", name="32 A")).to_be_checked()


def test_off_reaches_the_wire_and_is_taken_back_with_one_tap(page: Page, house: House) -> None:
    with house.client() as client:
        log_in(page, house)
        wait_until(lambda: sum(told_amps(client)) > 0, 60, "the cars never charged")
        page.get_by_role("radio", name="Off", exact=True).first.click()
        expect(page.get_by_text("Mode: Off.")).to_be_visible()
        wait_until(lambda: state(client)["site"]["mode"] == "off", 5, "the mode did not change")
        wait_until(lambda: all(c["offered_a"] <= 6 for c in state(client)["connectors"]), 30, "the offers stayed")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Taken back.")).to_be_visible()
        site = state(client)["site"]
        assert (site["mode"], site["mode_amps"]) == ("fixed", 32)


def test_charge_now_says_what_it_will_do_and_does_it(page: Page, house: House) -> None:
    with house.client() as client:
        log_in(page, house)
        page.get_by_role("button", name="Charge now", exact=True).click()
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_text("kWh.")).to_be_visible()
        sheet.get_by_role("radio", name="4 h").click()
        sheet.get_by_role("button", name="Charge now").click()
        expect(page.get_by_role("button", name="End charge now").first).to_be_visible()
        scope = next(one for one in client.get("settings").json()["scopes"] if one["scope"] == "site")
        assert scope["charge_now"]["until"] is not None
        page.get_by_role("button", name="End charge now").first.click()
        expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_visible()
        wait_until(lambda: not state(client)["site"]["charge_now"], 5, "it did not end")


def test_a_window_is_drawn_edited_and_deleted(page: Page, house: House) -> None:
    with house.client() as client:
        log_in(page, house)
        page.get_by_role("link", name="Schedule").click()
        page.get_by_role("button", name="Add a window on Tuesday").click()
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("From").fill("22:15")
        sheet.get_by_label("Until").fill("05:30")
        sheet.get_by_role("button", name="Saturday").click()
        sheet.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Schedule saved.")).to_be_visible()
        window = client.get("schedule").json()["windows"][0]
        assert (window["start"], window["end"]) == ("22:15", "05:30")
        assert {1, 5} <= set(window["days"]) or {5} <= set(window["days"])
        page.get_by_role("button", name="22:15").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No windows yet.")).to_be_visible()
        assert client.get("schedule").json()["windows"] == []


def test_a_guest_steers_but_is_not_shown_the_installation(page: Page, house: House) -> None:
    with house.client() as client:
        client.post("auth/users", json={"name": "guest", "password": PASSWORD, "role": "guest"}).raise_for_status()
    log_in(page, house, "guest")
    expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_enabled()
    page.get_by_role("link", name="More").click()
    expect(page.get_by_role("link", name="Connectors and bus")).to_be_visible()
    expect(page.get_by_role("link", name="Setup")).to_have_count(0)
    page.goto(f"{house.url}/#/setup")
    expect(page.get_by_text("Only owners change the installation.")).to_be_visible()


@pytest.mark.parametrize(
    "name,heading",
    [("bus", "Connectors and bus"), ("history", "History"), ("log", "Log"), ("access", "People and programs")],
)
def test_every_page_opens(page: Page, house: House, name: str, heading: str) -> None:
    log_in(page, house)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.goto(f"{house.url}/#/{name}")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    if name == "bus":
        expect(page.get_by_text("heartbeat").first).to_be_visible()


def open_page(page: Page, house: House, name: str) -> None:
    log_in(page, house)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.goto(f"{house.url}/#/{name}")


def test_the_bus_shows_its_messages_filtered_paused_and_in_a_file(page: Page, house: House) -> None:
    open_page(page, house, "bus")
    expect(page.get_by_text("The line is clean and every connector answers")).to_be_visible()
    frames = page.get_by_role("region", name="Messages on the wire").get_by_role("listitem")
    page.get_by_role("searchbox", name="Filter").fill("FD E0")
    expect(frames.first).to_contain_text("FD E0")
    page.get_by_role("button", name="Pause").click()
    newest = frames.first.inner_text()
    page.wait_for_timeout(2500)
    assert frames.first.inner_text() == newest
    page.get_by_role("button", name="Go on").click()
    expect(frames.first).not_to_have_text(newest)
    record = page.get_by_role("link", name="Record 30 s to a file")
    expect(record).to_have_attribute("href", re.compile("seconds=30"))
    record.evaluate("link => { link.href = link.href.replace('seconds=30', 'seconds=2') }")
    with page.expect_download() as recording:
        record.click()
    assert b"E0" in recording.value.path().read_bytes().upper()


def test_messages_by_hand_are_answered_and_harmful_ones_never_sent(page: Page, house: House) -> None:
    with house.client() as client:
        unit = state(client)["connectors"][0]["id"]
    open_page(page, house, "bus")
    page.get_by_text("Send a message by hand").click()
    page.get_by_label("Bytes").fill(f"FB EB 77 77 {unit[:2]} {unit[2:]}")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Answer: ")).to_be_visible()
    page.get_by_label("Bytes").fill("FC 19 77 77")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Not sent")


def test_later_changes_of_the_installation_want_the_password_again(page: Page, house: House) -> None:
    open_page(page, house, "setup")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Breaker (A)").fill("36")
    for _ in range(3):
        page.get_by_role("button", name="Next").click()
    page.get_by_label("Amps for all cars together").fill("20")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("A kWh from the grid costs").fill("0.3")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_contain_text("password")
    assert "limit_a = 40" in house.config.read_text(encoding="utf-8")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied.")).to_be_visible()
    text = house.config.read_text(encoding="utf-8")
    assert "limit_a = 36" in text
    assert "grid_per_kwh = 0.3" in text
    assert "# this comment must survive" in text
    assert list(house.folder.glob("site.toml.*.bak"))
    with house.client() as client:
        wait_until(lambda: [c["limit_a"] for c in state(client)["circuits"]] == [36], 30, "the limit did not change")


def test_diagnostics_and_a_backup_that_comes_back(page: Page, house: House) -> None:
    with house.client() as client:
        window = {"days": [0], "start": "01:00", "end": "02:00", "mode": "off", "amps": None, "enabled": True}
        version = client.get("schedule").json()["version"]
        tag = {"If-Match": f'"{version}"'}
        client.put("schedule", params={"scope": "site"}, json={"windows": [window]}, headers=tag).raise_for_status()
        open_page(page, house, "more")
        with page.expect_download() as diagnostics:
            page.get_by_role("link", name="Download diagnostics").click()
        assert "frames.json" in zipfile.ZipFile(diagnostics.value.path()).namelist()
        with page.expect_download() as backup:
            page.get_by_role("link", name="Download a backup").click()
        archive = house.folder / "backup.zip"
        backup.value.save_as(archive)

        version = client.get("schedule").json()["version"]
        client.put(
            "schedule", params={"scope": "site"}, json={"windows": []}, headers={"If-Match": f'"{version}"'}
        ).raise_for_status()
        page.get_by_label("Restore a backup").set_input_files(archive)
        page.get_by_role("dialog").get_by_role("button", name="Restore a backup").click()
        expect(page.get_by_text("Restored: ")).to_be_visible()
        assert [one["start"] for one in client.get("schedule").json()["windows"]] == ["01:00"]


def test_it_reconnects_by_itself_when_the_daemon_comes_back(page: Page, house: House) -> None:
    log_in(page, house)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    house.stop()
    expect(page.get_by_text("Charging goes on without this page.")).to_be_visible(timeout=25_000)
    expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_disabled()
    house.start()
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=25_000)
    expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_enabled()


def test_guessing_becomes_slow(page: Page, house: House) -> None:
    house.settle()
    page.goto(house.url)
    for _ in range(5):
        page.get_by_label("Name").fill("owner")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    expect(page.get_by_text("Too many wrong tries.")).to_be_visible()
