"""`[web]`: the page and the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from twcmaster.config.problems import Problem
from twcmaster.config.section import Section


@dataclass(frozen=True, kw_only=True)
class WebSection(Section):
    """Who may reach the page, and where."""

    enabled: bool = True
    #: The address to listen on; empty: every address of this machine, with login.
    host: str = field(default="", metadata={"max_length": 253})
    port: int = field(default=8080, metadata={"ge": 1, "le": 0xFFFF})
    #: "none" lets everybody in who can reach the page; `host` must then be said.
    auth: Literal["password", "none"] = "password"
    #: Further names under which browsers reach the page, such as "charge.example.org". Addresses always work.
    hosts: list[str] = field(default_factory=list, metadata={"max_length": 50})
    #: Behind a reverse proxy that serves the page under a path: "/charging".
    base_path: str = field(default="", metadata={"pattern": r"^(/[A-Za-z0-9._~-]+)*$", "max_length": 200})
    #: Addresses or networks of reverse proxies whose X-Forwarded-… headers are believed.
    trusted_proxies: list[str] = field(default_factory=list, metadata={"max_length": 20})
    tls_cert: Path | None = None
    tls_key: Path | None = None


def web_problems(web: WebSection) -> Iterator[Problem]:
    """What the shape alone does not show."""
    if web.auth == "none" and not web.host:
        yield Problem(
            "web.host",
            'must be said with auth = "none".',
            'host = "127.0.0.1" lets in this computer, host = "0.0.0.0" everybody on the network.',
        )
    if (web.tls_cert is None) != (web.tls_key is None):
        yield Problem("web.tls_key", "and tls_cert belong together.", "Give both files, or neither.")
    for index, text in enumerate(web.trusted_proxies):
        if not _is_network(text):
            suggestion = 'For example "10.0.0.5" or "172.16.0.0/12".'
            yield Problem(f"web.trusted_proxies[{index}]", f'"{text}" is no address and no network.', suggestion)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
