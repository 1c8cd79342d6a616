"""The report as a browser gets it: whole, readable, and asking nobody for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from tests.sim.simulated import outcome, recording, sample, unit
from twcmaster.sim import plot
from twcmaster.sim.outcome import Outcome
from twcmaster.sim.plot import Curve, Lane, Span
from twcmaster.sim.report import HEADINGS, cells, page

VOID = {"meta", "br", "img", "link", "input"}


class Reader(HTMLParser):
    """Opens and closes every tag, and keeps what is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.shown.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.shown)


def some(name: str = "june", config: str = "home", draw_a: float = 10.0) -> Outcome:
    units = (unit(0x1001, draw_a), unit(0x1002, 0.0))
    return outcome(recording([sample(4000.0, 600.0, *units)] * 1800), name, config)


def test_the_figures_are_in_it_with_their_names() -> None:
    one = some()
    read = Reader(page([one]))
    assert all(heading in read.text for heading in HEADINGS)
    assert all(cell in read.text for cell in cells(one))
    assert len(HEADINGS) == len(cells(one))
    for word in ("Cars at best", "Sun left over by the house", "Contactor closed", "garage/1001", "garage/1002", "kW"):
        assert word in read.text
    assert "1.2 kWh of sun went into cars, of 1.7 kWh left over" in read.text
    assert "Contactors closed once" in read.text


def test_it_asks_nobody_for_anything() -> None:
    text = page([some()])
    read = Reader(text)
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert not [
        name for _, attributes in read.tags for name in attributes if name in {"src", "href"} or name[:2] == "on"
    ]
    assert not re.search(r"https?:|url\(|@import", text)
    assert len(text) < 100_000


def test_two_configs_of_a_day_stand_side_by_side() -> None:
    days = [(name, config) for name in ("june", "july") for config in ("home", "other")]
    read = Reader(page([some(*day) for day in days]))
    assert [tag for tag, _ in read.tags].count("section") == 2
    assert [tag for tag, _ in read.tags].count("h3") == 4
    assert sum(attributes.get("class") == "sides" for _, attributes in read.tags) == 2


def test_names_are_text_and_not_markup() -> None:
    read = Reader(page([some("<script>alert(1)</script>", "a & b")]))
    assert read.text.count("<script>alert(1)</script>") == 2
    assert "script" not in {tag for tag, _ in read.tags}
    assert "a & b" in read.text


def test_a_coarse_run_says_so() -> None:
    coarse = outcome(recording([sample(4000.0, 600.0, unit(1, 10.0))] * 60, step_s=20.0))
    assert "20 times faster" in Reader(page([coarse])).text
    assert "Coarse" not in Reader(page([some()])).text


def test_what_the_program_said_is_there_but_not_endless() -> None:
    talking = some()
    talking.recording.notices.extend(f"12:00:00 meter: <{index}>" for index in range(50))
    read = Reader(page([talking]))
    assert "What the program said (50)" in read.text
    assert "12:00:00 meter: <39>" in read.text
    assert "12:00:00 meter: <40>" not in read.text
    assert "and 10 more" in read.text


# ── curves ───────────────────────────────────────────────────────────────────────────────────────────────────────────

MORNING = Span(6 * 3600.0, 6 * 3600.0)


def drawn(figure: str, tag: str) -> Iterator[ET.Element]:
    svg = ET.fromstring(figure[figure.index("<svg") : figure.index("</figure>")])
    return svg.iter(tag)


def labels(figure: str) -> list[str]:
    return [text.text or "" for text in drawn(figure, "text")]


@pytest.mark.parametrize(
    "highest, values",
    [
        (7.3, ["0", "2", "4", "6", "8"]),
        (0.9, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (5.0, ["0", "1", "2", "3", "4", "5"]),
        (31.7, ["0", "10", "20", "30", "40"]),
        (0.0, ["0", "1"]),
    ],
)
def test_values_are_round_and_the_unit_is_told(highest: float, values: list[str]) -> None:
    figure = plot.plot("Roof", "kW", [Curve("Sun", "sun", [0.0, highest])], MORNING)
    assert labels(figure)[: len(values)] == values
    assert "<b>Roof, kW</b>" in figure


@pytest.mark.parametrize(
    "span, times",
    [
        (MORNING, ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]),
        (Span(60.0, 86_340.0), ["03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "24:00"]),
        (Span(43_190.0, 1200.0), ["12:00", "12:05", "12:10", "12:15"]),
    ],
)
def test_times_are_full_hours_or_minutes(span: Span, times: list[str]) -> None:
    assert labels(plot.lanes("Closed", [Lane("a", "one", [True])], span)) == times


def test_a_curve_stays_inside_and_highest_where_its_value_is() -> None:
    values = [0.0, 1.0, 4.0, 2.0]
    line = next(drawn(plot.plot("Sun", "kW", [Curve("Sun", "sun", values)], MORNING), "polyline"))
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(points) == len(values)
    assert all(plot.LEFT <= x <= plot.WIDTH and plot.TOP <= y <= plot.HEIGHT - plot.BOTTOM for x, y in points)
    assert min(points, key=lambda point: point[1]) == points[2]


def test_a_long_curve_is_drawn_with_its_means() -> None:
    values = [0.0, 2.0] * 43_200
    line = next(drawn(plot.plot("Sun", "kW", [Curve("Sun", "sun", values)], MORNING), "polyline"))
    heights = {pair.split(",")[1] for pair in line.attrib["points"].split()}
    assert len(line.attrib["points"].split()) == plot.POINTS
    assert max(map(float, heights)) - min(map(float, heights)) < 5


def test_every_closing_is_a_bar_however_short() -> None:
    flags = [False] * 100 + [True] + [False] * 20_000 + [True] * 1499
    bars = list(drawn(plot.lanes("Closed", [Lane("a", "one", flags)], MORNING), "rect"))
    assert len(bars) == 2
    assert all(float(bar.attrib["width"]) >= 0.7 for bar in bars)
    assert float(bars[1].attrib["x"]) + float(bars[1].attrib["width"]) == pytest.approx(plot.WIDTH, abs=0.2)
