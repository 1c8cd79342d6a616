"""States that are hard to bring about, from recorded answers: told in words, no serious barriers, within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, WebSocketRoute, expect

from tests.web.conftest import ROOT, STATIC

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RECORDED = ROOT / "web/dev/recorded"
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
PHONE, DESKTOP, ZOOMED = (390, 844), (1280, 800), (320, 420)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Nothing: the tests' output stays readable."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The built page, without any daemon behind it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=STATIC))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def answers(scene: str) -> dict[str, Any]:
    base: dict[str, Any] = json.loads((RECORDED / "base.json").read_text(encoding="utf-8"))
    return base if scene == "base" else base | json.loads((RECORDED / f"{scene}.json").read_text(encoding="utf-8"))


#: The newest socket of each page, for tests that say something later.
sockets: WeakKeyDictionary[Page, WebSocketRoute] = WeakKeyDictionary()


def visit(page: Page, origin: str, scene: str, place: str = "now") -> None:
    """Open the page with recorded answers behind it."""
    recorded = answers(scene)

    def answer(route: Route) -> None:
        path = route.request.url.partition("/api/v1/")[2].partition("?")[0]
        known = path in recorded
        route.fulfill(status=200 if known else 404, json=recorded.get(path, {"detail": path, "what_to_do": ""}))

    page.route("**/api/v1/**", answer)

    def live(socket: WebSocketRoute) -> None:
        sockets[page] = socket
        socket.send(json.dumps(recorded["state"]))

    page.route_web_socket("**/api/v1/live", live)
    page.route_web_socket("**/buses/*/live", lambda socket: socket.send(json.dumps([])))
    page.goto(f"{origin}/#/{place}")
    page.locator("h1").first.wait_for()
    # Pages but the first are loaded when they are opened.
    expect(page.locator("[aria-busy]")).to_have_count(0)


class NewPage(Protocol):
    def __call__(self, size: tuple[int, int] = PHONE, language: str = "en-GB", **more: Any) -> Page: ...


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Fresh browsers, each as wanted. Whatever goes wrong inside one fails the test."""
    mistakes: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(size: tuple[int, int] = PHONE, language: str = "en-GB", **more: Any) -> Page:
        wide, high = size
        more = {"service_workers": "block"} | more
        context = browser.new_context(viewport={"width": wide, "height": high}, locale=language, **more)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert mistakes == []


@pytest.mark.parametrize(
    "scene,words",
    [
        ("base", "Charging with 7.0 kW of sun"),
        ("silence", "No wall connector heard yet. What to check:"),
        ("silence", "0 bytes heard"),
        ("nometer", "No answer for 74 s. Check its power and the bus cable"),
        ("nometer", "Circuit garage carries 32 A, but its connectors may be drawing 34 A: bringing them down"),
        ("thirty", "Bay 30"),
        ("first", "Welcome. Choose a password"),
        ("door", "Log in"),
    ],
)
def test_each_state_is_told_in_words(new_page: NewPage, origin: str, scene: str, words: str) -> None:
    page = new_page()
    visit(page, origin, scene)
    expect(page.get_by_text(words).first).to_be_visible()


@pytest.mark.parametrize("place", ["now", "schedule", "history", "more", "bus", "setup", "log", "access"])
def test_nothing_is_wider_than_the_screen_in_german_at_twice_the_size(
    new_page: NewPage, origin: str, place: str
) -> None:
    page = new_page(ZOOMED, "de-DE")
    visit(page, origin, "base", place)
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED[0]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", ["now", "schedule", "history", "more", "bus", "setup", "log", "access", "door"])
def test_axe_finds_nothing_serious(new_page: NewPage, origin: str, place: str, theme: Any) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in web/")
    page = new_page(DESKTOP if place == "bus" else PHONE, color_scheme=theme)
    visit(page, origin, "door" if place == "door" else "base", place)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_the_mode_and_charge_now_work_by_keyboard_alone(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    page.get_by_role("radio", name="Solar", exact=True).first.focus()
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.keyboard.press("ArrowLeft")
    assert sent.value.post_data_json == {"do": "set_mode", "scope": "site", "mode": "off", "amps": None}
    page.get_by_role("button", name="Charge now", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_focused()


def mode_of(request: Request) -> Any:
    return json.loads(request.post_data or "{}").get("mode")


def test_wishes_under_way_take_nothing_out_of_the_hand_and_are_sent_one_after_another(
    new_page: NewPage, origin: str
) -> None:
    page = new_page()
    visit(page, origin, "base")
    held: list[Route] = []
    page.route("**/api/v1/commands", lambda route: held.append(route))  # noqa: PLW0108 - it is written upon
    page.get_by_role("radio", name="Solar", exact=True).first.focus()
    with page.expect_request("**/api/v1/commands"):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="Off", exact=True).first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Charge now", exact=True).press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert [mode_of(route.request) for route in held] == ["off"]
    with page.expect_request("**/api/v1/commands") as second:
        held[0].fulfill(json=answers("base")["commands"])
    assert mode_of(second.value) == "solar"


def test_a_refused_mode_is_told_and_its_mark_goes_back(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    refusal = {"title": "Refused", "detail": "The mode is held by the operator.", "what_to_do": "Ask the operator."}
    page.route("**/api/v1/commands", lambda route: route.fulfill(status=409, json=refusal))
    page.get_by_role("radio", name="Off", exact=True).first.press("Space")
    expect(page.get_by_text("The mode is held by the operator. Ask the operator.")).to_be_visible()
    expect(page.get_by_role("radio", name="Solar", exact=True).first).to_be_checked()


def test_what_fails_in_a_sheet_is_told_in_it(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    refusal = {"detail": "garage/1A2B cannot have 20 A.", "what_to_do": "Change it and try again."}
    page.route("**/api/v1/commands", lambda route: route.fulfill(status=409, json=refusal))
    page.get_by_role("button", name="Charge now", exact=True).click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="Charge now", exact=True).click()
    expect(sheet.get_by_role("alert")).to_have_text("garage/1A2B cannot have 20 A. Change it and try again.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Charge now", exact=True).click()
    expect(sheet.get_by_role("alert")).to_have_text("")


def test_every_visit_opens_one_socket_and_is_live(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    opened: list[WebSocketRoute] = []

    def live(socket: WebSocketRoute) -> None:
        opened.append(socket)
        socket.send(json.dumps(answers("base")["state"]))

    page.route_web_socket("**/api/v1/live", live)
    for visits in (1, 2):
        page.reload()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        opened[-1].send(json.dumps(answers("base")["state"]))
        page.evaluate("new Promise((later) => setTimeout(later, 300))")
        assert len(opened) == visits


@pytest.mark.parametrize("kept", ["{", '{"at": 1, "state": {}}', '{"build": "another", "at": 1, "state": {"site": 7}}'])
def test_what_another_build_has_kept_does_no_harm(new_page: NewPage, origin: str, kept: str) -> None:
    page = new_page()
    page.add_init_script(f"localStorage.setItem('twcmaster-last-state', {json.dumps(kept)})")
    visit(page, origin, "base")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_nothing_is_kept_for_those_whose_login_has_ended(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    kept = "localStorage.getItem('twcmaster-last-state')"
    assert page.evaluate(kept)
    page.route("**/api/v1/auth", lambda route: route.fulfill(json=answers("door")["auth"]))
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate(kept) is None


def test_back_closes_a_sheet_and_leaves_the_page(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    for back in (True, False):
        page.get_by_role("button", name="Charge now", exact=True).press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        if back:
            page.go_back()
        else:
            page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Charge now", exact=True)).to_be_focused()
        assert page.evaluate("history.state?.sheet ?? null") is None
        assert page.url.endswith("#/now")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_charge_now_ends_by_the_site_s_clock_wherever_the_phone_is(new_page: NewPage, origin: str, zone: str) -> None:
    page = new_page(timezone_id=zone)
    visit(page, origin, "base")
    page.get_by_role("button", name="Charge now", exact=True).click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("radio", name="Until a time").check()
    sheet.get_by_label("Ends at").fill("07:00")
    with page.expect_request("**/api/v1/commands") as sent:
        sheet.get_by_role("button", name="Charge now").click()
    assert json.loads(sent.value.post_data or "")["until"] == "2026-06-22T05:00:00.000Z"


def test_what_another_has_chosen_since_is_not_taken_back(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    asked: list[str | None] = []

    def commands(route: Route) -> None:
        asked.append(route.request.headers.get("if-match"))
        refusal = {"detail": "Somebody else has changed it.", "what_to_do": ""}
        changed = len(asked) > 1
        route.fulfill(status=412 if changed else 200, json=refusal if changed else answers("base")["commands"])

    page.route("**/api/v1/commands", commands)
    page.get_by_role("radio", name="Off", exact=True).first.press("Space")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Somebody else has changed it.")).to_be_visible()
    assert asked == [None, f'"{answers("base")["commands"]["version"]}"']


def test_amps_are_typed_without_losing_the_field(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base", "schedule")
    written: list[Any] = []

    def schedule(route: Route) -> None:
        if route.request.method == "PUT":
            written.append(route.request.post_data_json)
        route.fulfill(json=answers("base")["schedule"])

    page.route("**/api/v1/schedule**", schedule)
    page.get_by_role("region", name="Windows").get_by_role("listitem").nth(1).get_by_role("button").press("Enter")
    amps = page.get_by_role("dialog").get_by_role("spinbutton")
    amps.focus()
    for key in ("End", "Backspace", "Backspace", "2", "0", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [one["amps"] for one in written[0]["windows"]] == [None, 20, None]


def test_another_s_change_to_the_window_that_is_open_is_told_before_it_is_replaced(
    new_page: NewPage, origin: str
) -> None:
    page = new_page()
    visit(page, origin, "base", "schedule")
    mine = answers("base")["schedule"]
    first, *others = mine["windows"]
    theirs = mine | {"version": mine["version"] + 1, "windows": [first | {"start": "05:00"}, *others]}
    written: list[Any] = []

    def schedule(route: Route) -> None:
        if route.request.method == "PUT":
            written.append(route.request.post_data_json)
        route.fulfill(json=theirs)

    page.get_by_role("region", name="Windows").get_by_role("listitem").first.get_by_role("button").press("Enter")
    page.route("**/api/v1/schedule**", schedule)
    sockets[page].send(json.dumps(newer := answers("base")["state"] | {"settings_version": 99}))
    assert newer["settings_version"] == 99
    expect(page.get_by_text("5:00", exact=False).first).to_be_attached()
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="Save").press("Enter")
    expect(sheet.get_by_role("alert")).to_contain_text("Somebody else has changed the schedule")
    assert written == []
    sheet.get_by_role("button", name="Save").press("Enter")
    expect(sheet).to_have_count(0)
    assert written[0]["windows"][0]["start"] == first["start"]


def test_a_schedule_that_somebody_else_changed_keeps_what_was_entered(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base", "schedule")
    mine = answers("base")["schedule"]
    theirs = mine | {"version": mine["version"] + 1, "windows": [{**mine["windows"][0], "id": "new"}, *mine["windows"]]}
    written: list[Any] = []

    def schedule(route: Route) -> None:
        if route.request.method == "PUT":
            written.append(route.request.post_data_json)
        changed = route.request.method == "PUT" and len(written) == 1
        route.fulfill(status=412 if changed else 200, json={"detail": "", "what_to_do": ""} if changed else theirs)

    page.route("**/api/v1/schedule**", schedule)
    window = page.get_by_role("region", name="Windows").get_by_role("listitem").first.get_by_role("button")
    window.press("Enter")
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("From").fill("03:17")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_role("alert")).to_contain_text("Somebody else has changed the schedule")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet).to_have_count(0)
    assert [(one["id"], one["start"]) for one in written[1]["windows"]] == [
        ("new", mine["windows"][0]["start"][:5]),
        (mine["windows"][0]["id"], "03:17"),
        *((one["id"], one["start"][:5]) for one in mine["windows"][1:]),
    ]
    expect(page.get_by_role("region", name="Windows").get_by_role("button").nth(1)).to_be_focused()


def test_a_refusal_is_told_in_german_too(new_page: NewPage, origin: str) -> None:
    page = new_page(language="de-DE")
    visit(page, origin, "base")
    refusal = {"detail": "That time has passed already. Give one to come.", "what_to_do": "Change it and try again."}
    page.route("**/api/v1/commands", lambda route: route.fulfill(status=409, json=refusal))
    page.get_by_role("radio", name="Aus", exact=True).first.press("Space")
    expect(page.get_by_text("Diese Zeit ist schon vorbei. Nehmen Sie eine künftige. Ändern Sie es")).to_be_visible()


def test_why_says_what_would_give_more_in_either_language(new_page: NewPage, origin: str) -> None:
    for language, why, remedy in (("en-GB", "why", "More sun, or charge now."), ("de-DE", "warum", "Mehr Sonne, oder")):
        page = new_page(language=language)
        visit(page, origin, "base")
        card = page.get_by_role("article").first
        card.get_by_text(why, exact=True).click()
        expect(card.get_by_text(remedy)).to_be_visible()
        expect(card.get_by_text("22:00")).to_be_visible()


@pytest.mark.parametrize(
    "language,told",
    [("en-US", "Next: Off from 10:00 PM"), ("en-GB", "Next: Off from 22:00"), ("de-DE", "Als Nächstes: Aus ab 22:00")],
)
def test_times_in_sentences_follow_the_readers_clock(new_page: NewPage, origin: str, language: str, told: str) -> None:
    page = new_page(language=language)
    visit(page, origin, "base")
    expect(page.get_by_text(told)).to_be_visible()


def test_the_day_can_be_pointed_at_zoomed_and_read_as_a_table(new_page: NewPage, origin: str) -> None:
    page = new_page(DESKTOP)
    visit(page, origin, "base", "history")
    page.get_by_label("Where").select_option(label="Left bay")
    card = page.locator("section.card", has_text="Power over the day")
    chart = card.get_by_role("img", name="Power over the day")
    legend = card.locator("figcaption")
    expect(legend).to_contain_text("Contactor closed")

    chart.focus()
    page.keyboard.press("Home")
    first = legend.inner_text()
    page.keyboard.press("ArrowRight")
    expect(legend).not_to_have_text(first)
    page.keyboard.press("+")
    everything = card.get_by_role("button", name="Show all of it")
    expect(everything).to_be_visible()
    page.keyboard.press("Escape")
    expect(everything).to_have_count(0)

    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    everything.click()
    expect(everything).to_have_count(0)

    card.get_by_text("As a table").click()
    for column in ("Drawn (A)", "Limit (A)", "Contactor closed"):
        expect(card.get_by_role("columnheader", name=column)).to_be_visible()
    expect(card.get_by_role("cell", name="yes").first).to_be_visible()


def test_an_empty_day_says_when_there_will_be_something(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    nothing = {"step_s": 60, "at_s": [], "columns": {}}
    page.route("**/api/v1/history/series**", lambda route: route.fulfill(json=nothing))
    page.get_by_role("link", name="History").first.click()
    expect(page.get_by_text("The curve begins a minute after")).to_be_visible()


def test_an_open_door_is_said_and_offers_no_logins(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    everybody = {"auth": "none", "setup_needed": False, "me": answers("base")["auth"]["me"]}
    page.route("**/api/v1/auth", lambda route: route.fulfill(json=everybody))
    page.goto(f"{origin}/#/access")
    page.reload()
    expect(page.get_by_text("everybody who can reach this page may do everything")).to_be_visible()
    expect(page.get_by_text("Let somebody in")).to_have_count(0)
    page.goto(f"{origin}/#/more")
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


def test_charge_now_says_what_it_costs(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    page.get_by_role("button", name="Charge now", exact=True).click()
    told = page.get_by_role("dialog").locator(".guess")
    expect(told).to_contain_text("2 h at 16 A")
    bought = re.search(r"about ([\d.]+)\skWh\. About ([\d.]+)\skWh of it from the grid", told.inner_text())
    assert bought is not None, told.inner_text()
    cost = float(bought[2]) * 0.32 + (float(bought[1]) - float(bought[2])) * 0.08
    said = re.search(r"It costs about €([\d.]+)\.", told.inner_text())
    assert said is not None, told.inner_text()
    assert float(said[1]) == pytest.approx(cost, abs=0.05)


def test_a_refusal_is_told_in_the_words_of_the_daemon(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    refusal = {"type": "refused", "title": "", "status": 409, "detail": "The car is asleep.", "what_to_do": "Wake it."}
    page.route("**/api/v1/commands", lambda route: route.fulfill(status=409, json=refusal))
    page.get_by_role("radio", name="Off", exact=True).first.click()
    expect(page.get_by_text("The car is asleep. Wake it.")).to_be_visible()


def test_without_a_network_the_page_opens_and_says_how_old_its_numbers_are(new_page: NewPage, origin: str) -> None:
    page = new_page(service_workers="allow")
    context = page.context
    visit(page, origin, "base")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.close()
    context.set_offline(True)
    again = context.new_page()
    again.route_web_socket("**/api/v1/live", lambda socket: socket.close())
    again.goto(f"{origin}/#/now")
    expect(again.get_by_text("Charging goes on without this page.").first).to_be_visible(timeout=20_000)
    expect(again.get_by_text("Charging with 7.0 kW of sun")).to_be_visible()
    expect(again.get_by_role("button", name="Charge now", exact=True)).to_be_disabled()


@pytest.mark.parametrize("part", ["Chart-*.css", "Chart-*.js"])
def test_a_chart_that_did_not_arrive_comes_with_the_next_try(new_page: NewPage, origin: str, part: str) -> None:
    page = new_page()
    page.clock.install()
    page.route(f"**/assets/{part}", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        visit(page, origin, "base")
    expect(page.get_by_role("heading", name="kWh")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(0)
    page.unroute(f"**/assets/{part}")
    page.clock.run_for("01:01")
    expect(page.locator("canvas")).to_have_count(1)


def test_an_answer_that_breaks_off_is_told_like_none(new_page: NewPage, origin: str) -> None:
    page = new_page()
    visit(page, origin, "base")
    page.route(
        "**/api/v1/commands", lambda route: route.fulfill(content_type="application/json", body='{"message": "Mo')
    )
    page.get_by_role("radio", name="Off", exact=True).first.click()
    expect(page.get_by_text("No answer. Check the connection")).to_be_visible()


def test_without_its_german_words_the_page_is_english(new_page: NewPage, origin: str) -> None:
    page = new_page(language="de-DE")
    page.route("**/assets/de-*.js", lambda route: route.abort())
    visit(page, origin, "base", "more")
    expect(page.get_by_role("heading", name="More")).to_be_visible()
    page.get_by_role("radio", name="Deutsch").click()
    expect(page.get_by_text("This part of the page cannot be loaded now.")).to_be_visible()


def test_nothing_is_fetched_from_anywhere_else(new_page: NewPage, origin: str) -> None:
    page = new_page()
    foreign: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(origin) else foreign.append(request.url))
    for place in ("now", "history", "bus", "setup"):
        visit(page, origin, "base", place)
    assert foreign == []
