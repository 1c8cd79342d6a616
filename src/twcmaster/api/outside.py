"""What a request claims about the outside world, and how far that is believed.

Behind a reverse proxy the browser's address, scheme, host and path prefix come in X-Forwarded-* headers. They count
only when the connection itself comes from a proxy that the config trusts; from anybody else they are lies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from starlette.datastructures import Headers
from starlette.types import Scope

from twcmaster.api.web_settings import WebSettings, ip_of, plain_address

_PREFIX = re.compile(r"^(?:/[\w.~-]+)*$", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


@dataclass(frozen=True, slots=True)
class Outside:
    """A request as the browser sees it. `host` is what the address bar shows, with the port if one is there."""

    address: str
    scheme: str
    host: str
    prefix: str

    @property
    def name(self) -> str:
        """The host without its port."""
        return split_port(self.host)[0]


def outside(scope: Scope, settings: WebSettings) -> Outside:
    """The outer view of a request."""
    headers = Headers(scope=scope)
    address = plain_address(scope["client"][0]) if scope.get("client") else ""
    scheme, host, prefix = scope.get("scheme", "http"), headers.get("host", ""), settings.base_path
    if not _trusted(address, settings.trusted_proxies):
        return Outside(address, scheme, host.lower(), prefix)
    address = _nearest_stranger(headers.get("x-forwarded-for", ""), settings.trusted_proxies) or address
    told = _last(headers.get("x-forwarded-proto", "")).lower()
    if told in ("http", "https"):
        secure = told == "https"
        scheme = ("wss" if secure else "ws") if scope["type"] == "websocket" else told
    host = _last(headers.get("x-forwarded-host", "")) or host
    wanted = _last(headers.get("x-forwarded-prefix", "")).rstrip("/")
    return Outside(address, scheme, host.lower(), wanted if wanted and _PREFIX.match(wanted) else prefix)


def _nearest_stranger(chain: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The last address of the chain that is no proxy of ours: further left, anything can have been made up."""
    for hop in reversed([part.strip() for part in chain.split(",")]):
        name = split_port(hop)[0]
        if name and not _trusted(name, trusted):
            return plain_address(name)[:60]
    return ""


def _last(value: str) -> str:
    return value.rpartition(",")[2].strip()


def _trusted(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    ip = ip_of(address)
    return ip is not None and any(ip.version == network.version and ip in network for network in networks)


def split_port(host: str) -> tuple[str, str]:
    """Host and port of "name:80", "[::1]:80", "::1"; the port may be empty."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    if host.count(":") == 1:
        name, _, port = host.partition(":")
        return name, port
    return host, ""


def same_host(origin: str, host: str) -> bool:
    """Whether an Origin header names this very host and port, whatever the scheme (a proxy may have changed it)."""
    scheme, found, rest = origin.lower().partition("://")
    if not found or scheme not in _DEFAULT_PORTS:
        return False
    given, ours = split_port(rest), split_port(host)
    default = _DEFAULT_PORTS[scheme]
    return given[0] == ours[0] and (given[1] or default) == (ours[1] or default)
