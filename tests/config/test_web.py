"""`[web]`: what makes sense, and what is told when it does not."""

from __future__ import annotations

import pytest

from twcmaster.config.load import parse
from twcmaster.config.problems import ConfigError

HOUSE = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "garage"
[web]
"""


def test_a_page_on_the_local_network_with_login_unless_told_otherwise() -> None:
    web = parse(HOUSE).web
    assert (web.enabled, web.host, web.port, web.auth) == (True, "", 8080, "password")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])
def test_an_open_door_where_somebody_said_so(host: str) -> None:
    assert parse(f'{HOUSE}auth = "none"\nhost = "{host}"\n').web.auth == "none"


@pytest.mark.parametrize(
    "lines,place,words",
    [
        ('auth = "none"', "web.host", "must be said"),
        ('auth = "maybe"', "web.auth", "password"),
        ("port = 0", "web.port", "greater than or equal to 1"),
        ("port = 70000", "web.port", "65535"),
        ('tls_cert = "a.pem"', "web.tls_key", "belong together"),
        ('base_path = "charging"', "web.base_path", "pattern"),
        ('base_path = "/charging/"', "web.base_path", "pattern"),
        ('trusted_proxies = ["proxy"]', "web.trusted_proxies[0]", "no address"),
        ('hots = ["x"]', "web.hots", "Did you mean hosts?"),
    ],
)
def test_what_makes_no_sense_is_told(lines: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(HOUSE + lines)
    problem = error.value.problems[0]
    assert problem.path == place
    assert words in str(problem)
