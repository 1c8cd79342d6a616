import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.runtime.state_json import REMOVED, plain


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    TWO = 2


class Word(StrEnum):
    GO = "go"


@dataclass(frozen=True)
class Thing:
    name: str
    inner: object = None


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        (Colour.RED, "red"),
        (Number.TWO, 2),
        (Word.GO, "go"),
        (b"\xfb\xe0", "FB E0"),
        (datetime(2026, 6, 21, 12, tzinfo=UTC), "2026-06-21T12:00:00+00:00"),
        (Path("a/b"), "a/b"),
        ((1, (2, 3)), [1, [2, 3]]),
        (frozenset((4,)), [4]),
        ({0x1839: Colour.RED}, {"6201": "red"}),
        ({Colour.RED: 1}, {"red": 1}),
        (Thing("a", Thing("b")), {"name": "a", "inner": {"name": "b", "inner": None}}),
    ],
)
def test_our_values_become_json(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))


@pytest.mark.parametrize(
    "key", ["password", "mqtt_password", "Token", "api_key", "apiKey", "client_secret", "Authorization", "passphrase"]
)
def test_secrets_do_not_survive(key: str) -> None:
    assert plain({"meter": [{key: "hunter2"}]}) == {"meter": [{key: REMOVED}]}
    assert plain({key: {"nested": "hunter2"}}) == {key: REMOVED}


def test_an_unset_secret_shows_that_it_is_unset() -> None:
    assert plain({"password": None, "token": ""}) == {"password": None, "token": ""}


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@10.0.0.9/status",
        "mqtts://hunter2@broker",
        "http://10.0.0.9/api?token=hunter2",
        "http://10.0.0.9/api?x=1&api_key=hunter2&y=2",
    ],
)
def test_logins_in_addresses_do_not_survive(url: str) -> None:
    shown = plain({"url": url})["url"]
    assert "hunter2" not in shown
    assert shown.startswith(url.split("//", maxsplit=1)[0])


def test_a_vin_is_shortened_wherever_it_is() -> None:
    assert plain({"units": [{"vin": "5YJ3E7EB0TEST0001"}]}) == {"units": [{"vin": "5YJ…0001"}]}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.sampled_from(Colour),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(values)
def test_whatever_it_is_it_becomes_json(value: object) -> None:
    json.dumps(plain(value))
