"""From answers to numbers: unknown stays unknown."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meters.device import NOON, section
from twcmaster.meters.answer import (
    BadAnswer,
    TextAnswer,
    reading_of,
    shown,
    text_of,
    to_moment,
    to_number,
)
from twcmaster.model.reading import Reading


def read(text: str, **fields: Any) -> Reading:
    return reading_of(section(kind="http", url="http://device", **fields), TextAnswer(text), taken_at=7.0)


@pytest.mark.parametrize(
    "value, expected",
    [
        (0, 0.0),
        (-5, -5.0),
        (1.5, 1.5),
        ("123", 123.0),
        (" -1.5e3\n", -1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7.0),
        (None, None),
        (True, None),
        (False, None),
        ("", None),
        ("-", None),
        ("nan", None),
        ("-nan", None),
        ("inf", None),
        ("Infinity", None),
        (math.nan, None),
        (-math.inf, None),
        ("1_000", None),
        ("0x10", None),
        ("12 W", None),
        ("- 5", None),
        ("1,5", None),
        ("1,234.5", None),
        ("--", None),
        ("off", None),
        ([1], None),
        ({"value": 1}, None),
        (10**400, None),
        ("1e999", None),
    ],
)
def test_only_finite_numbers_are_numbers(value: object, expected: float | None) -> None:
    assert to_number(value) == expected


@pytest.mark.parametrize("text, expected", [("1,5", 1.5), ("1.234,5", 1234.5), ("-7", -7.0), ("1,2,3", None)])
def test_a_decimal_comma_is_understood_where_it_is_announced(text: str, expected: float | None) -> None:
    assert to_number(text, ",") == expected


def test_a_typographic_minus_is_one() -> None:
    assert to_number("\N{MINUS SIGN}543.5") == -543.5


@given(st.one_of(st.none(), st.booleans(), st.text(), st.integers(), st.floats(), st.lists(st.integers())))
def test_any_value_is_a_finite_float_or_unknown(value: object) -> None:
    number = to_number(value)
    assert number is None or (type(number) is float and math.isfinite(number))


ANSWER = json.dumps({
    "total": 2300, "kw": 2.3, "import": 0, "export": "450", "phases": [10.0, None, "3.5"], "none": None,
    "em:0": {"power": 7}, "list": [{"p": 1}, {"p": 2}], "nulls": [None, None], "soc": 64, "wh": 5000, "half": 0.5,
})  # fmt: skip


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"power_w": "total"}, {"power_w": 2300}),
        ({"power_w": "total", "scale": -1}, {"power_w": -2300}),
        ({"power_w": {"path": "kw", "unit": "kW"}}, {"power_w": 2300}),
        ({"power_w": {"path": "kw", "scale": 1000}, "scale": -1}, {"power_w": -2300}),
        ({"power_w": ["import", {"path": "export", "scale": -1}]}, {"power_w": -450}),
        ({"power_w": "import"}, {"power_w": 0}),
        ({"power_w": '"em:0".power'}, {"power_w": 7}),
        ({"power_w": "sum(list[].p)"}, {"power_w": 3}),
        ({"power_w": "total", "soc_percent": "soc"}, {"power_w": 2300, "soc_percent": 64}),
        ({"soc_percent": {"path": "half", "unit": "1"}}, {"soc_percent": 50}),
        ({"power_w": "total", "energy_kwh": {"path": "wh", "unit": "Wh"}}, {"power_w": 2300, "energy_kwh": 5}),
        ({"phase_a": ["phases[0]", "phases[1]", "phases[2]"]}, {"phase_a": (10, None, 3.5)}),
        ({"phase_a": ["", "", "phases[2]"]}, {"phase_a": (None, None, 3.5)}),
        ({"phase_a": ["phases[0]"]}, {"phase_a": (10, None, None)}),
        ({"phase_a": [["phases[0]", {"path": "phases[2]", "scale": -1}]]}, {"phase_a": (6.5, None, None)}),
        ({"volts": [{"path": "total", "scale": 0.1}]}, {"volts": (230, None, None)}),
        # What is not the point of the meter may be missing.
        ({"power_w": "total", "soc_percent": "list[::0]"}, {"power_w": 2300}),
        ({"power_w": "total", "soc_percent": "none"}, {"power_w": 2300}),
        ({"power_w": "total", "soc_percent": "sum(nulls)"}, {"power_w": 2300}),
        ({"power_w": "total", "soc_percent": "total"}, {"power_w": 2300}),
        ({"power_w": "total", "phase_a": ["none", "nowhere", "nulls[0]"]}, {"power_w": 2300}),
    ],
)
def test_a_json_answer_becomes_a_reading(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read(ANSWER, **fields) == Reading(7.0, **expected)


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"power_w": "none"}, ["'none' stands null", '"total": 2300']),
        ({"power_w": "nowhere.to.be.found"}, ["'nowhere.to.be.found' stands null"]),
        ({"power_w": "list"}, ["'list' stands [{", '"p": 1']),
        ({"power_w": "sum(nulls)"}, ["'sum(nulls)' stands null"]),
        ({"power_w": ["total", "none"]}, ["'none' stands null"]),
        ({"power_w": "none", "soc_percent": "soc"}, ["'none' stands null"]),
        ({"soc_percent": "none", "phase_a": ["nulls[0]"]}, ["stands null"]),
        ({"soc_percent": "total"}, ["out of bounds"]),
        ({"power_w": {"path": "total", "scale": 1e308}}, ["out of bounds"]),
        ({"power_w": "list[::0]"}, ["path 'list[::0]' cannot be worked out (slice step cannot be zero; check it)"]),
        ({"power_w": "contains('export', `1`)"}, ["cannot be worked out", "requires string"]),
        ({"power_w": "export < total"}, ["cannot be worked out", "not supported between"]),
    ],
)
def test_without_the_number_that_counts_there_is_no_reading(fields: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(BadAnswer) as failure:
        read(ANSWER, **fields)
    assert [word for word in words if word not in str(failure.value)] == []


XML = (
    "<LiveData><Power><Total><PowerNow>1343</PowerNow></Total><MTU1><PowerNow>-137</PowerNow></MTU1></Power></LiveData>"
)
CSV = 'MTU,Time,Power,Cost\r\nGrid,07/01/2026 12:00:00,1.482,0.22\r\nSolar,07/01/2026 12:00:00,"-0,137",-0.02\r\n'


@pytest.mark.parametrize(
    "text, term, expected",
    [
        (XML, {"regex": "<PowerNow>(-?[0-9.]+)<"}, 1343),
        (XML, {"regex": "<PowerNow>(-?[0-9.]+)<", "take": "last"}, -137),
        (XML, {"regex": r"MTU1.*?PowerNow>([^<]*)", "scale": -1}, 137),
        (CSV, {"regex": r"^Grid,[^,]+,([^,]+),", "unit": "kW"}, 1482),
        (CSV, {"regex": r'^Solar,[^,]+,"([^"]+)"', "unit": "kW", "decimal": ",", "scale": -1}, 137),
        ("42\n", {"regex": r"\d+"}, 42),
    ],
)
def test_a_text_is_searched(text: str, term: dict[str, Any], expected: float) -> None:
    assert read(text, power_w=term).power_w == pytest.approx(expected)


@pytest.mark.parametrize(
    "text, term, words",
    [
        ("<html>busy</html>", {"regex": "Now>([0-9]+)"}, "regex 'Now>([0-9]+)' matches nothing in <html>busy</html>"),
        ("power=off", {"regex": "power=(.*)"}, "finds off in power=off"),
        ("<html>login</html>", {"path": "total"}, "not JSON but <html>login</html>"),
        ("", {"path": "total"}, "not JSON but nothing"),
        ('{"total": NaN}', {"path": "total"}, "stands NaN"),
        ("[" * 100_000, {"path": "total"}, "not JSON"),
        ('{"total": 1e999}', {"path": "floor(total)"}, "cannot convert float infinity to integer; check it"),
        ('{"total": NaN}', {"path": "ceil(total)"}, "cannot convert float NaN to integer; check it"),
    ],
)
def test_an_answer_of_no_use_says_what_it_was(text: str, term: dict[str, Any], words: str) -> None:
    with pytest.raises(BadAnswer) as failure:
        read(text, power_w=term)
    assert words in str(failure.value)


@pytest.mark.parametrize("path", ["@", "to_string(@)"])
def test_an_answer_of_any_depth_is_a_bad_one(path: str) -> None:
    for depth in range(300, 1000, 5):  # somewhere there it can still be read, but no longer be worked with
        with pytest.raises(BadAnswer):
            read("[" * depth + "]" * depth, power_w=path)


def test_long_answers_are_shortened_in_messages() -> None:
    assert len(shown("word " * 10_000)) < 200


BERLIN = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "value, expected",
    [
        (1782907200, NOON),
        (1782907200.0, NOON),
        ("1782907200", NOON),
        (1782907200_000, NOON),
        (1782907200_000_000, NOON),
        (1782907200_000_000_000, NOON),
        ("2026-07-01T12:00:00Z", NOON),
        ("2026-07-01T12:00:00.000+00:00", NOON),
        ("2026-07-01 14:00:00", NOON),  # no zone: the site's
        ("2026-07-01T05:00:00-07:00", NOON),
        (None, None),
        (0, None),
        (12345, None),  # seconds since the device was switched on
        ("yesterday", None),
        (True, None),
        (1e300, None),
        ([], None),
    ],
)
def test_times_are_understood_or_unknown(value: object, expected: datetime | None) -> None:
    assert to_moment(value, BERLIN) == expected


def test_a_time_that_is_missing_is_no_time() -> None:
    answer = TextAnswer('{"at": null, "t": 1782907200}')
    assert answer.moment("t", UTC) == NOON
    with pytest.raises(BadAnswer, match=r"time at 'at' is null\. Check taken_path"):
        answer.moment("at", UTC)


@given(st.text(), st.sampled_from(["@", "a", "a.b[0]", "sum(@)", "length(@)"]))
def test_any_text_is_a_reading_or_a_bad_answer(text: str, path: str) -> None:
    try:
        reading = read(text, power_w=path)
    except BadAnswer:
        return
    assert reading.power_w is not None
    assert math.isfinite(reading.power_w)


@pytest.mark.parametrize(
    "word, keys, expected",
    [
        (5, {"signed_bits": 16}, 5.0),
        (32767, {"signed_bits": 16}, 32767.0),
        (32768, {"signed_bits": 16}, -32768.0),
        (65535, {"signed_bits": 16}, -1.0),
        (-3, {"signed_bits": 16}, -3.0),
        (65536, {"signed_bits": 16}, None),
        ("65531", {"signed_bits": 16}, -5.0),
        (4294967295, {"signed_bits": 32}, -1.0),
        (255, {"signed_bits": 8}, -1.0),
        (65535, {}, 65535.0),
    ],
)
def test_raw_words_have_signs_where_it_is_said(word: object, keys: dict[str, Any], expected: float | None) -> None:
    answer = TextAnswer(json.dumps({"w": word}))
    term = section(kind="http", url="http://device", power_w={"path": "w", **keys}).power_w[0]
    assert answer.number(term) == expected


def test_a_long_number_in_two_words_has_its_sign_in_the_upper_one() -> None:
    terms = ["d[0]", {"path": "d[1]", "scale": 65536, "signed_bits": 16}]
    assert read('{"d": [64302, 65535]}', power_w=terms).power_w == -1234
    assert read('{"d": [1234, 1]}', power_w=terms).power_w == 66770


@pytest.mark.parametrize(
    "answer, expected",
    [
        ('{"grid": "Import: 1.25 kW"}', 1250),
        ('{"grid": "Export: -0.5 kW"}', -500),
        ('{"grid": "off"}', None),
        ('{"grid": 7}', None),
        ('{"other": "Import: 1.25 kW"}', None),
    ],
)
def test_a_number_in_a_text_in_json(answer: str, expected: float | None) -> None:
    term = {"path": "grid", "regex": r": (-?[0-9.]+) kW", "unit": "kW"}
    if expected is not None:
        assert read(answer, power_w=term).power_w == expected
        return
    with pytest.raises(BadAnswer, match=r"at 'grid' stands .*, and the regex .* matches nothing"):
        read(answer, power_w=term)


@pytest.mark.parametrize(
    "text, expected",
    [
        ('{"p": 1}\n{"p": 2}\n', 2),
        ('{"p": 1}\n{"p": 2}\n{"p": 3', 2),  # being written
        ('"p": 0}\n{"p": 1}\n{"p": 2}\n\n', 2),  # a tail that begins in the middle of a line
        ('{"p": 1}\nbroken\nbroken\n', None),
        ("<html>\n0\n</html>\n7\n", None),
        ('{\n "p": 1\n', None),
    ],
)
def test_of_a_log_of_objects_the_newest_counts(text: str, expected: float | None) -> None:
    if expected is not None:
        assert read(text, power_w="p").power_w == expected
        return
    with pytest.raises(BadAnswer, match="it is not JSON but"):
        read(text, power_w="p")


@pytest.mark.parametrize(
    "data, charset, expected",
    [
        ("Bögen".encode(), None, "Bögen"),
        ("Bögen".encode("latin-1"), "latin-1", "Bögen"),
        (b"\xef\xbb\xbf{}", None, "{}"),
        (b"\xef\xbb\xbf{}", "latin-1", "{}"),
        ("\ufeff{}".encode("utf-16-le"), None, "{}"),
        ("\ufeff{}".encode("utf-16-be"), None, "{}"),
        (b"\xff\xfe", None, ""),
        (b"a\xc3", None, "a\ufffd"),
        (b"", None, ""),
        # What is no encoding of texts, or of none that anybody has.
        ("Bögen".encode(), "hex", "Bögen"),
        ("Bögen".encode(), "base64", "Bögen"),
        ("Bögen".encode(), "idna", "Bögen"),
        ("Bögen".encode(), "undefined", "Bögen"),
        ("Bögen".encode(), "nonsense", "Bögen"),
        ("Bögen".encode(), "a\0b", "Bögen"),
    ],
)
def test_texts_are_read_in_their_encoding(data: bytes, charset: str | None, expected: str) -> None:
    assert text_of(data, charset) == expected
