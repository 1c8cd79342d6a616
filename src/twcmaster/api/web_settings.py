"""How the web server is to be run: the `[web]` section, resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`base_path` is "" or "/prefix". `hosts`: names under which browsers may reach this, besides addresses."""

    #: Empty: every address of this machine.
    host: str = ""
    port: int = 8080
    open_door: bool = False
    base_path: str = ""
    hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: The built page.
    static_dir: Path = field(default_factory=lambda: Path(__file__).with_name("static"))

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None
