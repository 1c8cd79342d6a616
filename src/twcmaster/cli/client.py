"""The other commands' side of the daemon's socket: plain blocking calls, nothing to import that takes time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click

from twcmaster.cli.failure import Failure, Unavailable
from twcmaster.cli.places import likely_sockets

#: A message by hand may wait ten seconds for a gap on the bus; the daemon itself answers in milliseconds.
PATIENCE_S = 20.0

_START = "Start it with `twcmaster run --config FILE`, or name its socket with --socket."


class Daemon:
    """A connection to a running daemon. Every method raises Failure in words when it does not work out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = _connect(path)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, operation: str, **arguments: object) -> Any:
        """The answer to one question. Arguments that are None are left out."""
        return next(self.follow(operation, **arguments))

    def follow(self, operation: str, **arguments: object) -> Iterator[Any]:
        """Answers for as long as the daemon sends them; it ends in Failure when the daemon goes."""
        request = {"do": operation} | {key: value for key, value in arguments.items() if value is not None}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            while True:
                yield _result(self._lines.readline())
        except OSError as error:
            text = f"The daemon at {self._path} does not answer ({error}). `twcmaster status` shows whether it runs."
            raise Unavailable(text) from error


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise Unavailable(_why_not(path, error)) from error
    return connection


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"No daemon runs here: there is no socket {path}. {_START}"
    if isinstance(error, ConnectionRefusedError):
        return f"The daemon that served {path} is gone. {_START}"
    if isinstance(error, PermissionError):
        return f"{path} answers only the daemon's own user and root. Run this command as that user, or with sudo."
    return f"{path} cannot be reached: {error.strerror or error}. {_START}"


def _result(line: bytes) -> Any:
    if not line:
        raise Unavailable("The daemon closed the connection: it stopped, or failed; its log says.")
    try:
        reply = json.loads(line)
    except ValueError as error:
        raise Unavailable("What answers at this socket is not twcmaster.") from error
    if reply.get("ok"):
        return reply.get("result")
    hint = reply.get("hint")
    refused = str(reply.get("error"))
    raise Failure(f"{refused[:1].upper()}{refused[1:]}." + (f" {hint}" if hint else ""))


def daemon_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--socket` and `--config`; the command gets the path of the daemon's socket as `socket_path`."""

    @click.option("--socket", "named", type=click.Path(path_type=Path), help="The daemon's socket.")
    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="TWCMASTER_CONFIG",
        help="The daemon's config file, which may name the socket.",
    )
    @wraps(command)
    def with_socket(*args: Any, named: Path | None, config: Path | None, **options: Any) -> None:
        command(*args, socket_path=find_socket(named, config), **options)

    return with_socket


def find_socket(named: Path | None, config: Path | None) -> Path:
    """The socket that the options name, else the first that is there."""
    if named is not None:
        return named
    if config is not None:
        from twcmaster.cli.loading import load_config

        configured = load_config(config).service.socket
        if configured is not None:
            return configured
    likely = likely_sockets()
    return next((path for path in likely if _visible(path)), likely[0])


def _visible(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # in another user's 0700 folder: trying it gives the right message
        return True
