"""The config file: every mistake at once, each with its place and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.config.load import load, parse, site_facts
from twcmaster.config.problems import ConfigError, Problem

GOOD = """
[site]
name = "Home"
[[circuit]]
name = "main"
limit_a = 63
phases = 3
volts = 230
[[circuit]]
name = "garage"
limit_a = 32
phases = 3
volts = 230
parent = "main"
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
connector_limit_a = 32
[[connector]]
bus = "garage"
id = "1a2b"
name = "Left"
phases = ["L2"]
limit_a = 16
[control]
mode = "fixed"
amps = 20
"""
LAMP = '[[circuit]]\nname = "lamp"\nlimit_a = 3\nparent = "main"\n'
CONNECTOR = '[[connector]]\nbus = "garage"\nid = "100{}"\n'


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return {problem.path: str(problem) for problem in caught.value.problems}


def test_a_good_file_becomes_facts() -> None:
    site = site_facts(parse(GOOD))
    left = site.buses["garage"].connectors[0x1A2B]
    assert (left.name, left.limit_a, left.phases) == ("Left", 16, (2,))
    assert [circuit.name for circuit in site.path("garage")] == ["garage", "main"]
    assert site.circuits["main"].phases == (1, 2, 3)


def test_all_mistakes_come_at_once_each_with_its_path() -> None:
    found = problems_of(
        """
        [site]
        nam = "Home"
        [[circuit]]
        name = "garage"
        limit_a = "forty"
        [[circuit]]
        name = "b"
        limit_a = -3
        colour = 1
        [[bus]]
        link = "/dev/ttyUSB0"
        circuit = "garage"
        connector_limit = 40
        """
    )
    assert set(found) == {
        "site.nam",
        "circuit[0].limit_a",
        "circuit[1].limit_a",
        "circuit[1].colour",
        "bus[0].name",
        "bus[0].connector_limit",
    }
    assert "Did you mean name?" in found["site.nam"]
    assert "Did you mean connector_limit_a?" in found["bus[0].connector_limit"]
    assert "forty" in found["circuit[0].limit_a"]


@pytest.mark.parametrize(
    "old, new, path, says",
    [
        ('parent = "main"', 'parent = "mian"', "circuit[1].parent", 'no [[circuit]] named "mian"'),
        ('parent = "main"', 'parent = "garage"', "circuit[1].parent", "fed by itself"),
        ('circuit = "garage"', 'circuit = "shed"', "bus[0].circuit", "There is: main, garage"),
        ('link = "/dev/ttyUSB0"', 'link = "ttyUSB0"', "bus[0].link", "Did you mean /dev/ttyUSB0?"),
        ('link = "/dev/ttyUSB0"', 'link = "socket://x"', "bus[0].link", "port"),
        (
            "connector_limit_a = 32",
            "connector_limit_a = 32\nfallback_a = 3",
            "bus[0].fallback_a",
            "must be 0 or between",
        ),
        ("connector_limit_a = 32", "connector_limit_a = 32\nfallback_a = 16", "circuit[1].limit_a", "48 A, above 32 A"),
        ("connector_limit_a = 32", "connector_limit_a = 5", "bus[0].minimum_a", "only 5 A"),
        ('bus = "garage"', 'bus = "carport"', "connector[0].bus", "There is: garage"),
        ('id = "1a2b"', 'id = "xyz"', "connector[0].id", "Four hex digits"),
        ('["L2"]', '["L2", "L2"]', "connector[0].phases", "twice"),
        ("limit_a = 16", "limit_a = 40", "connector[0].limit_a", "40 A, above connector_limit_a of bus"),
        ("limit_a = 16", "limit_a = 3", "connector[0].limit_a", "no car charges below minimum_a"),
        ("limit_a = 16", 'limit_a = 16\ncircuit = "lamp"\n' + LAMP, "connector[0].circuit", '"lamp" carries 3 A'),
        ('id = "1a2b"', 'id = "7777"', "connector[0].id", 'for example: master_id = "7778"'),
        ("limit_a = 16", "limit_a = 16\n" + "".join(map(CONNECTOR.format, range(3))), "connector", "at most 3"),
        ("limit_a = 16", "limit_a = 16\n" + CONNECTOR.format(1) + 'name = "left"', "connector[1].name", "connector[0]"),
        ('name = "Home"', 'name = "Home"\ntimezone = "Mars/Base"', "site.timezone", "not a time zone"),
        ('mode = "fixed"', 'mode = "turbo"', "control.mode", "turbo"),
        ("amps = 20", "amps = 3", "control.amps", "no car charges below minimum_a, 6 A. Give at least"),
        ('link = "/dev/ttyUSB0"', 'link = "/tmp"', "bus[0].link", "is a folder. `twcmaster ports` lists"),
    ],
)
def test_mistakes(old: str, new: str, path: str, says: str) -> None:
    found = problems_of(GOOD.replace(old, new, 1))
    assert says in found[path]


def test_two_buses_cannot_share_an_adapter() -> None:
    second = '[[bus]]\nname = "b"\nlink = "/dev/ttyUSB0"\ncircuit = "garage"\n'
    assert "link of bus[0] too" in problems_of(GOOD + second)["bus[1].link"]


METER = '[[meter]]\nname = "grid"\nrole = "grid"\n'


@pytest.mark.parametrize(
    "text, path, says",
    [
        (GOOD.replace("[[bus]]", "[bus]"), "bus", "must be a list of tables. Write [[bus]] with two brackets."),
        (GOOD.replace("[site]", "[[site]]"), "site", "must be a table. Write [site] with one bracket."),
        (GOOD + METER.replace("[[meter]]", "[meter]"), "meter", "Write [[meter]] with two brackets."),
        ('meter = ""' + GOOD, "meter", "Write [[meter]] with two brackets."),
        ('meter = ["grid"]' + GOOD, "meter[0]", "must be a table. Write [[meter]] with two brackets."),
        (GOOD + '[web]\nhosts = "a"\n', "web.hosts", "must be a list. Write it in brackets"),
        (GOOD + METER, "meter[0].kind", 'is missing. For example: kind = "http". Known here: http, mqtt, modbus'),
        (
            GOOD + METER + 'kind = "modbuss"\n',
            "meter[0].kind",
            'is "modbuss", which twcmaster does not know. Did you mean',
        ),
        (GOOD + METER + 'kind = "constant"\nurl = "x"\n', "meter[0].constant.url", "Known here: name, role, every_s"),
        (
            GOOD + METER + 'kind = "modbus"\nhost = "a"\npower_w = "x"\n',
            "meter[0].modbus.power_w[0].path",
            "Known here: scale, unit, register, type, table",
        ),
        (
            GOOD + METER + 'kind = "http"\nurl = "http://a/"\npower_w = true\n',
            "meter[0].http.power_w[0]",
            'must say where a number is. Write a path in quotes, a register, or { path = "total_power" }.',
        ),
        (
            GOOD + METER + 'kind = "http"\nurl = "http://a/"\npower_w = "x"\nheaders = 5\n',
            "meter[0].http.headers",
            "must be a table, for example {",
        ),
        (GOOD + "[service]\nstate_dir = 5\n", "service.state_dir", "must be a path in quotes, but it is 5."),
    ],
)
def test_wrong_brackets_kinds_and_keys_get_the_right_advice(text: str, path: str, says: str) -> None:
    assert says in problems_of(text)[path]


def test_a_number_that_python_does_not_read_is_explained() -> None:
    assert "thousands of digits. Write a shorter one." in problems_of(GOOD + "n = " + "9" * 5000)["file"]


def test_the_mark_of_some_editors_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "marked.toml").write_text(GOOD, encoding="utf-8-sig")
    assert load(tmp_path / "marked.toml").site.name == "Home"


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "binary.toml")
    with pytest.raises(ConfigError, match="not valid TOML"):
        parse("[[circuit")


def test_a_one_phase_circuit_without_a_named_phase_counts_on_every_phase_of_its_parent() -> None:
    text = GOOD.replace("limit_a = 32\nphases = 3", "limit_a = 32\nphases = 1").replace('phases = ["L2"]\n', "")
    site = site_facts(parse(text))
    assert site.circuits["garage"].phases == (0,)


def findings(text: str) -> list[Problem] | None:
    try:
        parse(text)
    except ConfigError as error:
        return error.problems
    return None


@given(st.text(max_size=200))
def test_any_text_gives_a_config_or_an_explanation(text: str) -> None:
    assert findings(text) != []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.sampled_from(["circuit", "bus", "connector", "control", "site", "service", "virtual"]), values)
def test_wrong_shapes_are_explained(section: str, value: object) -> None:
    """Whatever stands in a section: a config or a list of problems, never another exception."""
    import tomlkit

    try:
        text = tomlkit.dumps({section: value})
    except (tomlkit.exceptions.ConvertError, TypeError, ValueError):
        return
    assert findings(text) != []
