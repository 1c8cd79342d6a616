"""How the web server is to be run: the `[web]` section, resolved."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`base_path` is "" or "/prefix"."""

    #: Empty: every address of this machine.
    host: str = ""
    port: int = 8080
    #: No login at all.
    open_door: bool = False
    base_path: str = ""
    #: Names, besides addresses, under which browsers may reach this: in lower case, without port.
    names: frozenset[str] = frozenset({"localhost"})
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: The built page.
    static_dir: Path = field(default_factory=lambda: Path(__file__).with_name("static"))

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = "localhost" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104 - "any" of a listener
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls_cert else 'http'}://{shown}:{self.port}{self.base_path}/"


def own_names(more: Iterable[str] = ()) -> frozenset[str]:
    """This machine's names, as they are and as routers and mDNS spell them, and `more`."""
    host = socket.gethostname().lower().rstrip(".")
    short = host.partition(".")[0]
    usual = {f"{short}{suffix}" for suffix in ("", ".local", ".lan", ".home", ".home.arpa", ".internal", ".fritz.box")}
    return frozenset({"localhost", host, *usual, *(name.lower().rstrip(".") for name in more)})


def networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks of proxies. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


def ip_of(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, or None. IPv4 in IPv6's clothes is IPv4."""
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def plain_address(text: str) -> str:
    """An address as people write it: a listener for IPv4 and IPv6 shows IPv4 ones in IPv6's clothes."""
    ip = ip_of(text)
    return text if ip is None or ip.version == 6 else str(ip)  # noqa: PLR2004 - IPv6
