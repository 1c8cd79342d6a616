"""What a running daemon can be asked, on the production graph in virtual time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.runtime.site_under_test import GARAGE, SiteUnderTest, play, unit
from twcmaster.cli.daemon import operations_of
from twcmaster.runtime.console import OperationError
from twcmaster.sim.car_spec import CarSpec

NAMED = GARAGE + '[[connector]]\nbus = "garage"\nid = "1839"\nname = "Left bay"\n'
TWO_BUSES = GARAGE + '[[bus]]\nname = "lot"\nlink = "/dev/zero"\ncircuit = "garage"\n'
UNITS = (unit(0x1839, car=CarSpec(vin="5YJ3E7EB0TEST0001")), unit(0x022C, protocol=1))


async def ask(test: SiteUnderTest, operation: str, **arguments: object) -> Any:
    return await operations_of(test.graph).answers[operation](arguments)


def charging(
    question: str, arguments: Mapping[str, object] | None = None, config: str = NAMED, after_s: float = 60
) -> tuple[Any, SiteUnderTest]:
    """The answer to one question while a car charges on the first of two connectors; and the site."""
    answers: list[Any] = []

    async def put(test: SiteUnderTest) -> None:
        answers.append(await ask(test, question, **(arguments or {})))

    test = play(UNITS, {5: lambda test: test.plug_in(0), after_s: put, after_s + 12: lambda test: None}, config)
    return answers[0], test


def refused(question: str, arguments: Mapping[str, object], config: str = NAMED, after_s: float = 60) -> OperationError:
    with pytest.raises(OperationError) as caught:
        charging(question, arguments, config, after_s)
    return caught.value


def test_status_tells_what_each_connector_does_and_why() -> None:
    status, _ = charging("status")
    json.dumps(status)
    left = next(c for c in status["connectors"] if c["id"] == "1839")
    assert (left["name"], left["presence"], left["activity"]) == ("Left bay", "online", "charging")
    assert 25 < left["drawn_a"] <= left["offered_a"]
    assert "40 A" in left["wish"]["text"]
    assert status["circuits"][0]["limit_a"] == 40
    assert status["buses"][0]["connected"] is True
    assert any("1839 answers" in notice["text"] for notice in status["notices"])


def test_what_is_not_known_is_none_and_never_zero() -> None:
    status, _ = charging("status", after_s=0.3)
    for connector in status["connectors"]:
        assert connector["drawn_a"] is None
        assert connector["heard_age_s"] is None


def test_watch_gives_newer_and_newer_states() -> None:
    numbers: list[int] = []

    async def watch(test: SiteUnderTest) -> None:
        async for status in operations_of(test.graph).streams["watch"]({}):
            assert isinstance(status, dict)
            numbers.append(status["number"])
            if len(numbers) == 5:
                break

    play(UNITS, {2: watch})
    assert numbers == sorted(set(numbers))


def test_a_dump_holds_everything_and_no_secret() -> None:
    dump, _ = charging("dump", after_s=100)
    text = json.dumps(dump, ensure_ascii=False)
    assert dump["config"]["circuit"][0]["limit_a"] == 40
    assert dump["units"]["garage"][0]["protocol"] in (1, 2)
    assert "garage/1839" in dump["memory"]["held"]
    assert "5YJ…0001" in text
    assert "5YJ3E7EB0TEST0001" not in text


# ── send ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "hex_bytes",
    [
        "FB EB 77 77 18 39",
        "fbeb77771839",
        "0xFB,0xEB,0x77,0x77,0x18,0x39",
        "FB EB 77 77 18 39 00 00 00 00 00 00 00 00 00 2A",
        "C0 FB EB 77 77 18 39 00 00 00 00 00 00 00 00 00 2A C0",
    ],
)
def test_a_message_by_hand_is_completed_sent_and_its_answer_decoded(hex_bytes: str) -> None:
    result, test = charging("send", {"hex": hex_bytes})
    assert result["answer"].startswith("FD EB 18 39")
    assert "240/0/0 V" in result["text"]
    assert result["fields"]["kind"] == "energy_answer"
    assert test.told("sent by hand: FB EB 77 77 18 39")


@pytest.mark.parametrize(
    "hex_bytes, why",
    [
        ("FC 19 77 77 00 00", "FC19 is not on the list"),
        ("FB E8 77 77 18 39", "FBE8 is not on the list"),
        ("FC B2 77 77 18 39", "not switched on"),
        ("FB E0 77 77 18 39 05 20 00", "above"),
        ("FB EB 12 34 18 39", "sender"),
        ("FB E", "is not hex"),
        ("hello", "is not hex"),
        ("FB", "at least"),
        ("FB" * 30, "longer|not on the list|sender"),
    ],
)
def test_a_message_that_may_do_harm_is_refused_with_the_reason(hex_bytes: str, why: str) -> None:
    error = refused("send", {"hex": hex_bytes})
    assert any(part in str(error) for part in why.split("|"))


def test_no_answer_is_an_answer() -> None:
    result, _ = charging("send", {"hex": "FB B4 77 77 BE EF"})
    assert result["answer"] is None


# ── override ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["1839", "Left bay", "left BAY", "garage/1839"])
def test_an_override_lowers_a_connector_for_a_while(who: str) -> None:
    drawn: list[float] = []

    async def lower(test: SiteUnderTest) -> None:
        await ask(test, "override", unit=who, amps=8, seconds=20)

    def look(test: SiteUnderTest) -> None:
        drawn.append(test.drawn()[0])

    play(UNITS, {5: lambda t: t.plug_in(0), 60: look, 60.5: lower, 75: look, 110: look}, NAMED)
    assert drawn[0] > 20
    assert drawn[1] == pytest.approx(7.8, abs=0.2)
    assert drawn[2] > 20


@pytest.mark.parametrize(
    "arguments, why",
    [
        ({"unit": "1839", "amps": 39.5, "seconds": 60}, "above"),
        ({"unit": "1839", "amps": 3, "seconds": 60}, "neither 0 nor at least"),
        ({"unit": "1839", "amps": -5, "seconds": 60}, "no wall connector has -5 A"),
        ({"unit": "1839", "amps": 1e9, "seconds": 60}, "no wall connector has"),
        ({"unit": "1839", "amps": float("nan"), "seconds": 60}, "a number"),
        ({"unit": "1839", "amps": "8", "seconds": 60}, "a number"),
        ({"unit": "1839", "amps": True, "seconds": 60}, "a number"),
        ({"unit": "1839", "amps": 8, "seconds": 0}, "more than 0"),
        ({"unit": "1839", "amps": 8, "seconds": 1e6}, "at most"),
        ({"unit": "1839", "amps": 8, "seconds": 60, "command": "02"}, "locks the unit"),
        ({"unit": "1839", "amps": 8, "seconds": 60, "command": "77"}, "not known to be harmless"),
        ({"unit": "1839", "amps": 8, "seconds": 60, "command": "zz"}, "not a heartbeat command"),
        ({"unit": "022C", "amps": 8, "seconds": 60, "command": "09"}, "protocol 1 does not know"),
        ({"unit": "BEEF", "amps": 8, "seconds": 60}, 'no connector "BEEF"'),
        ({"unit": 1839, "amps": 8, "seconds": 60}, 'needs "unit"'),
        ({"amps": 8, "seconds": 60}, 'needs "unit"'),
        ({"unit": "1839", "amps": 8, "seconds": 60, "bus": "barn"}, 'no bus "barn"'),
        ({"unit": "1839", "amps": 8, "seconds": 60, "bus": ["garage"]}, 'needs "bus"'),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(arguments: dict[str, object], why: str) -> None:
    assert why in str(refused("override", arguments))


def test_the_bus_need_be_named_only_when_it_is_in_doubt() -> None:
    error = refused("send", {"hex": "FB EB 77 77 18 39"}, TWO_BUSES)
    assert str(error) == "which bus?"
    assert "garage, lot" in error.hint


# ── log ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def levels() -> Iterator[None]:
    names = ("twcmaster", "twcmaster.runtime", "twcmaster.runtime.bus", "twcmaster.wire")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize(
    "module, logger",
    [
        (None, "twcmaster"),
        ("", "twcmaster"),
        ("wire", "twcmaster.wire"),
        ("runtime.bus", "twcmaster.runtime.bus"),
        ("twcmaster.runtime", "twcmaster.runtime"),
    ],
)
def test_a_level_is_set_for_all_or_one_module(module: str | None, logger: str) -> None:
    charging("log", {"level": "DEBUG", "module": module}, after_s=1)
    assert logging.getLogger(logger).level == logging.DEBUG
    charging("log", {"level": "error", "module": module}, after_s=1)
    assert logging.getLogger(logger).level == logging.ERROR


@pytest.mark.parametrize(
    "arguments, why",
    [
        ({"level": "loud"}, "not a level"),
        ({}, 'needs "level"'),
        ({"level": "debug", "module": "nonsense"}, 'nothing called "nonsense"'),
        ({"level": "debug", "module": "../etc"}, "nothing called"),
    ],
)
def test_a_level_that_makes_no_sense_is_refused(arguments: dict[str, object], why: str) -> None:
    error = refused("log", arguments, after_s=1)
    assert why in str(error)


def test_right_after_the_start_a_question_waits_for_the_first_decision() -> None:
    async def soon(test: SiteUnderTest) -> None:
        assert (await asyncio.wait_for(ask(test, "status"), 1))["site"] == "Home"

    play(UNITS, {0: soon})
