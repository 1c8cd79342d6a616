"""Edits of the config's text: comments stay, secrets do not leave."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.config.edit import UNCHANGED, EditError, inline_secrets, merged, redacted, values, with_secrets

OLD = """\
# Our house
[site]
name = "Home"          # as on the bell

[[circuit]]
name = "garage"        # 40 A breaker x 0.8
limit_a = 32
volts = 230

[[circuit]]
name = "yard"
limit_a = 20           # buried cable

[[meter]]
name = "grid"
url = "http://me:hush@10.0.0.9/status"
password = "swordfish" # of the meter
headers = { "X-Key" = "open sesame", Accept = "json" }
token = "t"
"""


def test_secrets_are_hidden_and_the_rest_stays() -> None:
    shown = redacted(OLD)
    for secret in ("hush", "swordfish", "sesame", '"t"'):
        assert secret not in shown
    assert 'url = "http://(unchanged)@10.0.0.9/status"' in shown
    assert 'password = "(unchanged)" # of the meter' in shown
    assert "# buried cable" in shown


def test_hidden_secrets_come_back() -> None:
    assert values(with_secrets(redacted(OLD), OLD)) == values(OLD)


def test_new_secrets_replace_old_ones_wherever_the_meter_stands_now() -> None:
    other = '[[meter]]\nname = "roof"\npassword = "new"\n'
    moved = other + redacted(OLD).replace(f'password = "{UNCHANGED}"', 'password = "changed"')
    meters = {meter["name"]: meter for meter in values(with_secrets(moved, OLD))["meter"]}
    assert meters["roof"]["password"] == "new"
    assert meters["grid"]["password"] == "changed"
    assert meters["grid"]["token"] == "t"


@pytest.mark.parametrize(
    "text,place",
    [
        ('[[meter]]\nname = "roof"\npassword = "(unchanged)"\n', "meter[0].password"),
        ('[mqtt]\nurl = "mqtt://(unchanged)@host"\n', "mqtt.url"),
        ('secret = "(unchanged)"\n', "secret"),
    ],
)
def test_a_secret_that_never_was_is_asked_for(text: str, place: str) -> None:
    with pytest.raises(EditError, match="Enter it again") as problem:
        with_secrets(text, OLD)
    assert str(problem.value).startswith(place)


def test_a_secret_goes_to_nobody_else() -> None:
    stolen = OLD.replace('name = "grid"', 'name = "mine"').replace("swordfish", UNCHANGED)
    with pytest.raises(EditError):
        with_secrets(stolen, OLD)


def test_sections_are_replaced_and_comments_kept() -> None:
    garage = {"name": "garage", "limit_a": 32, "volts": 230}
    circuits = [{"name": "yard", "limit_a": 25}, garage, {"name": "roof", "limit_a": 10}]
    new = merged(
        OLD,
        {
            "site": {"name": "Our home"},
            "circuit": circuits,
            "fuse": {"meter": "grid", "fuse_a": 63},
            "meter": None,
        },
    )
    assert tomllib.loads(new) == {
        "site": {"name": "Our home"},
        "circuit": circuits,
        "fuse": {"meter": "grid", "fuse_a": 63},
    }
    for comment in ("# Our house", "# as on the bell", "# 40 A breaker x 0.8", "# buried cable"):
        assert comment in new


def test_nothing_changed_is_nothing_changed() -> None:
    assert merged(OLD, values(OLD)) == OLD


def test_a_first_config_from_nothing() -> None:
    wanted = {"circuit": [{"name": "garage", "limit_a": 32.0}], "bus": [{"name": "b", "link": "/dev/ttyUSB0"}]}
    assert tomllib.loads(merged("", wanted)) == wanted


@pytest.mark.parametrize("changes", [{"site": 3}, {"site": "x"}, {"circuit": [1]}, {"circuit": [[]]}])
def test_what_is_no_section_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EditError):
        merged(OLD, changes)


def test_what_is_no_toml_is_refused() -> None:
    for text in ("[", "a = ", "[[a]]\n[a]\n", "a = " + "9" * 5000):
        with pytest.raises(EditError):
            redacted(text)


def test_the_mark_of_some_editors_is_no_mistake() -> None:
    assert values("\ufeffa = 1") == {"a": 1}


SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12)
)
KEYS = st.text("abcdefghij_", min_size=1, max_size=6)
TABLES = st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=5)
SECTIONS = st.dictionaries(KEYS, st.one_of(TABLES, st.lists(TABLES, min_size=1, max_size=3)), max_size=4)


@given(SECTIONS, SECTIONS)
def test_whatever_is_asked_for_stands_in_the_file(before: dict[str, Any], after: dict[str, Any]) -> None:
    old = merged("", before)
    assert tomllib.loads(old) == before
    removed = dict.fromkeys(set(before) - set(after))
    assert tomllib.loads(merged(old, {**removed, **after})) == after


PLACES = """
[[meter]]
name = "sun"
url = "http://me:hush@10.0.0.9/x?api_key=k3y&site=7&token=t0ken"
password = { env = "SUN" }
headers = { "X-Key" = { file = "secrets/sun" }, Cookie = "c00kie" }
query = { key = { env = "KEY" } }
body = "l0gin"
"""


def test_the_places_of_secrets_are_shown_and_the_secrets_beside_them_are_not() -> None:
    shown = redacted(PLACES)
    for secret in ("hush", "k3y", "t0ken", "c00kie", "l0gin"):
        assert secret not in shown
    meter = values(shown)["meter"][0]
    assert meter["url"] == f"http://{UNCHANGED}@10.0.0.9/x?api_key={UNCHANGED}&site=7&token={UNCHANGED}"
    assert meter["password"] == {"env": "SUN"}
    assert meter["headers"] == {"X-Key": {"file": "secrets/sun"}, "Cookie": UNCHANGED}
    assert meter["query"] == {"key": {"env": "KEY"}}
    assert values(with_secrets(shown, PLACES)) == values(PLACES)


COMMENTED = """
# old: password = "hunter2-a"
#mqtt_password = hunter2-b and more   # of the broker
# url = "http://me:hunter2-c@10.0.0.9/x?api_key=hunter2-d&site=7"
# headers = { "X-Key" = "hunter2-e", Accept = "hunter2-f" }
# token: hunter2-g
# limits = { password = 'hunter2-h', amps = 7 }
title = "a # b = \\" # password = no comment"  # secret = \"\"\"hunter2-i
notes = '''
# password = "no comment"''''
list = [
  1,  # api_key = "hunter2-j"
]
[meter.headers]
#X-Key = "hunter2-k"
[meter.other]
# [meter.query]
# page = "hunter2-l"
# [site]
# name = "Home"          # as on the bell
# token = { env = "TOKEN" }
# password = { file = "secrets/grid" }
"""


def test_commented_out_secrets_are_hidden_and_come_back() -> None:
    shown = redacted(COMMENTED)
    assert "hunter2" not in shown
    for kept in ("a # b", "no comment", "Home", "as on the bell", "site=7", "TOKEN", "secrets/grid", "amps = 7"):
        assert kept in shown
    assert values(shown) == values(COMMENTED)
    assert with_secrets(shown, COMMENTED) == COMMENTED


def test_comments_that_were_moved_come_back_and_new_ones_stay() -> None:
    old = '# password = "a"\nx = 1\n# token = "b"\n'
    shown = '# token = "(unchanged)"\n# new\nx = 2\n# password = "(unchanged)"\n# secret = "(unchanged)"\n'
    assert with_secrets(shown, old) == ('# token = "b"\n# new\nx = 2\n# password = "a"\n# secret = "(unchanged)"\n')


@given(st.lists(st.sampled_from(["#", "password", " = ", '"', "'", "s3cret", "\\", "{", "}", "=", " ", "://", "@"])))
def test_no_comment_makes_the_file_another_one(pieces: list[str]) -> None:
    text = f'a = "#" # {"".join(pieces)}\nb = 2\n'
    assert values(redacted(text)) == values(text)
    assert with_secrets(redacted(text), text) == text


def test_one_of_several_secrets_in_a_url_may_change() -> None:
    changed = redacted(PLACES).replace(f"api_key={UNCHANGED}", "api_key=n3w").replace("site=7", "site=8")
    url = values(with_secrets(changed, PLACES))["meter"][0]["url"]
    assert url == "http://me:hush@10.0.0.9/x?api_key=n3w&site=8&token=t0ken"


def test_where_secrets_stand_is_found() -> None:
    assert inline_secrets(PLACES) == ["meter[0].url", "meter[0].headers.Cookie", "meter[0].body"]
    assert inline_secrets('[[meter]]\nname = "a"\npassword = { env = "X" }\nurl = "http://h/x?a=1"\n') == []
