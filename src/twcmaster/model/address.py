"""Addresses of links as people write them, parsed without touching anything.

* ``/dev/ttyUSB0``, ``/dev/serial/by-id/…``: a serial port (``device:///dev/ttyUSB0`` means the same)
* ``socket://10.0.0.5:8899``: raw bytes over TCP (``tcp://`` means the same)
* ``rfc2217://10.0.0.5:2217``: telnet with port control, as ser2net speaks it
* ``replay:///path/bus.jsonl?speed=10``: a recording; so is a plain path that ends in .jsonl, .hex, .log or .txt
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

RECORDING_SUFFIXES = (".jsonl", ".hex", ".log", ".txt")


class AddressError(ValueError):
    """This is not the address of a link. The text says what was expected instead."""


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port of this machine."""

    path: str

    @property
    def url(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A network adapter that passes bytes through unchanged."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"socket://{_netloc(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class Rfc2217Address:
    """A network adapter whose serial port is set up over the connection."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"rfc2217://{_netloc(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class ReplayAddress:
    """A recording, played at `speed` times its own pace."""

    path: str
    speed: float = 1.0

    @property
    def url(self) -> str:
        pace = "" if self.speed == 1 else f"?speed={self.speed:g}"
        return f"replay://{self.path}{pace}"


LinkAddress = SerialAddress | TcpAddress | Rfc2217Address | ReplayAddress


def parse_link(text: str) -> LinkAddress:
    """The address that `text` spells. Raises AddressError."""
    text = text.strip()
    if "://" not in text:
        return _path(text)
    try:
        parts = urlsplit(text)
    except ValueError as problem:
        raise AddressError(f"{text!r} is no valid address: {problem}. {_EXAMPLES}") from None
    match parts.scheme:
        case "socket" | "tcp":
            return TcpAddress(*_host_and_port(text, parts))
        case "rfc2217":
            return Rfc2217Address(*_host_and_port(text, parts))
        case "replay":
            return _replay(text, parts)
        case "device" | "serial":
            return _path(unquote(parts.netloc + parts.path))
    raise AddressError(f"{text!r} starts with an unknown {parts.scheme}://. {_EXAMPLES}")


_EXAMPLES = (
    "A link is a serial port like /dev/ttyUSB0, a network adapter like socket://10.0.0.5:8899 or "
    "rfc2217://10.0.0.5:2217, or a recording like replay:///home/me/bus.jsonl."
)


def _path(text: str) -> LinkAddress:
    if not text:
        raise AddressError(f"the link is empty. {_EXAMPLES}")
    if text.lower().endswith(RECORDING_SUFFIXES):
        return ReplayAddress(text)
    if not text.startswith("/"):
        hint = f"Did you mean /dev/{text}?" if text.startswith("tty") else _EXAMPLES
        raise AddressError(f"{text!r} is not a full path. {hint}")
    return SerialAddress(text)


def _host_and_port(text: str, parts: SplitResult) -> tuple[str, int]:
    example = f"Write it like {parts.scheme}://10.0.0.5:8899."
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise AddressError(f"{text!r} has more than a host and a port. {example}")
    try:
        port = parts.port
    except ValueError:
        raise AddressError(f"{text!r} has a port that is not a number from 1 to 65535. {example}") from None
    if not parts.hostname:
        raise AddressError(f"{text!r} names no host. {example}")
    if not port:
        raise AddressError(f"{text!r} names no port. {example}")
    return parts.hostname, port


def _replay(text: str, parts: SplitResult) -> ReplayAddress:
    options = parse_qs(parts.query, keep_blank_values=True)
    speeds = options.pop("speed", ["1"])
    path = unquote(parts.netloc + parts.path)
    if options or not path:
        raise AddressError(f"{text!r} is no recording. Write it like replay:///home/me/bus.jsonl?speed=10.")
    try:
        speed = float(speeds[-1])
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise AddressError(f"{text!r}: speed must be a number above 0, such as 0.5 or 10, not {speeds[-1]!r}")
    return ReplayAddress(path, speed)


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
