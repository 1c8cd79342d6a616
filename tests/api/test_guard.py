"""Host, Origin, proxies, headers: what a request must pass before the application sees it."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.api.house import Served, served
from twcmaster.api.guard import SECURITY_HEADERS, refusal_of
from twcmaster.api.outside import Outside, outside, same_host
from twcmaster.api.web_settings import WebSettings, own_names

SETTINGS = WebSettings(
    names=own_names(["charge.example.org"]), base_path="/own", trusted_proxies=(ip_network("10.0.0.0/8"),)
)
COOKIE = "twcmaster_login=abc"


def scope(method: str = "GET", client: str = "192.168.1.20", kind: str = "http", **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": kind, "method": method, "client": (client, 50000), "scheme": "http", "path": "/", "headers": raw}


def refused(asked: dict[str, Any]) -> str | None:
    problem = refusal_of(asked, outside(asked, SETTINGS), SETTINGS)
    return problem.type if problem else None


@pytest.mark.parametrize(
    "host,answered",
    [
        ("192.168.1.5:8080", True),
        ("[fe80::1]:8080", True),
        ("[::1]", True),
        ("127.0.0.1", True),
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("house.localhost", True),
        ("charge.example.org", True),
        ("Charge.Example.Org.:443", True),
        ("evil.example.org", False),
        ("localhost.evil.example.org", False),
        ("charge.example.org.evil.net", False),
        ("192.168.1.5.evil.net", False),
        ("1.2.3", False),
        ("", False),
        (":8080", False),
    ],
)
def test_only_addresses_and_our_names_are_answered(host: str, answered: bool) -> None:
    assert refused(scope(host=host)) == (None if answered else "wrong_host")


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({}, None),
        ({"origin": "http://192.168.1.5:8080"}, None),
        ({"origin": "http://192.168.1.5"}, "foreign_page"),
        ({"origin": "http://192.168.1.5:8081"}, "foreign_page"),
        ({"origin": "http://evil.example.org"}, "foreign_page"),
        ({"origin": "http://192.168.1.5:8080.evil.net"}, "foreign_page"),
        ({"origin": "null"}, "foreign_page"),
        ({"origin": ""}, "foreign_page"),
        ({"origin": "file://"}, "foreign_page"),
        ({"sec_fetch_site": "cross-site"}, "foreign_page"),
        ({"sec_fetch_site": "same-site"}, "foreign_page"),
        ({"sec_fetch_site": "same-origin", "origin": "http://192.168.1.5:8080"}, None),
        ({"sec_fetch_site": "none"}, None),
        ({"cookie": COOKIE}, "no_origin"),
        ({"cookie": COOKIE, "x_twcmaster": "1"}, None),
        ({"cookie": COOKIE, "origin": "http://192.168.1.5:8080"}, None),
        ({"cookie": COOKIE, "origin": "http://evil.example.org", "x_twcmaster": "1"}, "foreign_page"),
        ({"cookie": "other=1"}, None),
    ],
)
@pytest.mark.parametrize("method,kind", [("POST", "http"), ("PUT", "http"), ("DELETE", "http"), ("", "websocket")])
def test_what_changes_something_comes_from_our_page(
    headers: dict[str, str], expected: str | None, method: str, kind: str
) -> None:
    assert refused(scope(method, kind=kind, host="192.168.1.5:8080", **headers)) == expected


def test_looking_is_free_of_that() -> None:
    assert refused(scope("GET", host="192.168.1.5", origin="http://evil.example.org", cookie=COOKIE)) is None


FORWARDED = {
    "host": "10.0.0.9:8080",
    "x_forwarded_for": "203.0.113.7, 198.51.100.4, 10.0.0.2",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "charge.example.org",
    "x_forwarded_prefix": "/twc/",
}


def test_a_trusted_proxy_is_believed() -> None:
    seen = outside(scope(client="10.0.0.3", **FORWARDED), SETTINGS)
    assert seen == Outside("198.51.100.4", "https", "charge.example.org", "/twc")


def test_nobody_else_is() -> None:
    seen = outside(scope(client="192.168.1.20", **FORWARDED), SETTINGS)
    assert seen == Outside("192.168.1.20", "http", "10.0.0.9:8080", "/own")


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({"x_forwarded_for": "not an address"}, ("not an address", "http", "/own")),
        ({"x_forwarded_for": ", ,"}, ("10.0.0.3", "http", "/own")),
        ({"x_forwarded_for": "[2001:db8::1]:4711"}, ("2001:db8::1", "http", "/own")),
        ({"x_forwarded_proto": "gopher"}, ("10.0.0.3", "http", "/own")),
        ({"x_forwarded_prefix": "javascript:alert(1)"}, ("10.0.0.3", "http", "/own")),
        ({"x_forwarded_prefix": '/"><script>'}, ("10.0.0.3", "http", "/own")),
        ({"x_forwarded_prefix": "//evil.example.org"}, ("10.0.0.3", "http", "/own")),
    ],
)
def test_what_a_proxy_says_is_read_with_care(headers: dict[str, str], expected: tuple[str, str, str]) -> None:
    seen = outside(scope(client="10.0.0.3", host="x", **headers), SETTINGS)
    assert (seen.address, seen.scheme, seen.prefix) == expected


@pytest.mark.parametrize(
    "origin,host,same",
    [
        ("http://a", "a", True),
        ("http://a", "a:80", True),
        ("https://a", "a:443", True),
        ("https://a:8443", "a:8443", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("HTTP://A:1", "a:1", True),
        ("http://a", "b", False),
        ("http://a:1", "a:2", False),
        ("a", "a", False),
        ("http://", "", True),
    ],
)
def test_origins_are_compared_by_host_and_port(origin: str, host: str, same: bool) -> None:
    assert same_host(origin, host) is same


async def test_rebinding_is_refused_by_the_real_server(api: Served) -> None:
    async with api.client(Host="evil.example.org") as http:
        for path in ("/", "/api/v1/auth", "/api/v1/state", "/assets/x.js"):
            answer = await http.get(path)
            assert answer.status_code == 421
            assert 'hosts = ["evil.example.org"]' in answer.json()["what_to_do"]


async def test_a_foreign_page_cannot_log_in_or_steer(api: Served) -> None:
    async with await api.with_cookie() as http:
        http.headers["Origin"] = "http://evil.example.org"
        for path in ("auth/login", "commands", "auth/logout", "auth/tokens"):
            answer = await http.post(f"/api/v1/{path}", json={})
            assert (answer.status_code, answer.json()["type"]) == (403, "foreign_page")


@pytest.mark.parametrize("path", ["/", "/api/v1/auth", "/api/v1/nothing", "/assets/nothing.js"])
async def test_every_answer_carries_the_security_headers(api: Served, path: str) -> None:
    async with api.client() as http:
        answer = await http.get(path)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "server" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_secrets_are_kept_in_no_cache(api: Served) -> None:
    async with await api.with_token() as http:
        assert (await http.get("/api/v1/config")).headers["cache-control"] == "no-store"


async def test_behind_a_prefix_everything_is_found_with_and_without_it(tmp_path: Path) -> None:
    async with served(tmp_path, base_path="/charging") as api, api.client() as http:
        for path in ("/charging/api/v1/health", "/api/v1/health"):
            assert (await http.get(path)).status_code == 200
        login = await http.post("/charging/api/v1/auth/login", json={"password": "correct horse"})
        assert "Path=/charging;" in login.headers["set-cookie"]


async def test_behind_a_proxy_with_tls_the_cookie_is_secure(tmp_path: Path) -> None:
    trusted = (ip_network("127.0.0.0/8"),)
    async with served(tmp_path, trusted_proxies=trusted, names=own_names(["charge.example.org"])) as api:
        told = {
            "x-forwarded-proto": "https",
            "x-forwarded-host": "charge.example.org",
            "x-forwarded-for": "203.0.113.7",
        }
        async with api.client(**told, Origin="https://charge.example.org") as http:
            login = await http.post("/api/v1/auth/login", json={"password": "correct horse"})
        assert "Secure" in login.headers["set-cookie"]
        assert [login.address for login in api.house.accounts.logins()] == ["203.0.113.7"]
