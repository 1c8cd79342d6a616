"""The web server inside the daemon's loop. Bus first, web after: everything heavy is imported in a thread.

This file is light to import; `serve` is not light to run, and is meant to be started when heartbeats are flowing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from twcmaster.api.ports import Facade
from twcmaster.api.web_settings import WebSettings

if TYPE_CHECKING:
    from twcmaster.api.embedded import EmbeddedServer

log = logging.getLogger(__name__)

#: People are told about the page and the setup code with (level, text).
Notice = Callable[[str, str], None]
BACKLOG = 128


class WebError(Exception):
    """The web server cannot run. The text names the cause and the remedy."""


async def serve(facade: Facade, settings: WebSettings, notice: Notice) -> None:
    """Serve page and API until cancelled. Raises WebError."""
    sockets = listen(settings)
    try:
        server = await asyncio.to_thread(_load, facade, settings)
        notice("info", f"the page is at {settings.url}")
        _tell_code(server, notice)
        await server.run_until_cancelled(sockets)
    finally:
        # The server closes them, too, but only when it came to run.
        for listening in sockets:
            listening.close()


def _load(facade: Facade, settings: WebSettings) -> EmbeddedServer:
    from twcmaster.api.embedded import assemble

    try:
        return assemble(facade, settings)
    except (OSError, ssl.SSLError) as error:
        text = f"TLS certificate {settings.tls_cert} or key {settings.tls_key} cannot be used: {error}."
        raise WebError(f"{text} Both must be PEM files that this user may read ([web] tls_cert, tls_key).") from error


def _tell_code(server: EmbeddedServer, notice: Notice) -> None:
    code = server.house.doorkeeper.setup_code
    if code is not None:
        # Only the log and the terminal show it: whoever can read those owns the machine.
        log.warning("no password is set yet: open the page and enter the setup code %s", code)
        notice("warning", "no password is set yet: open the page and enter the setup code from the log or terminal")


def listen(settings: WebSettings) -> list[socket.socket]:
    """The listening socket; for every address of this machine one that takes IPv4 and IPv6. Raises WebError."""
    try:
        if settings.host == "" and socket.has_dualstack_ipv6():
            with suppress(OSError):
                return [_dual_stack(settings.port)]
        host = settings.host or "0.0.0.0"  # noqa: S104 - the default is the local network, with login
        found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return [socket.create_server(address[:2], family=family, backlog=BACKLOG)]
    except OSError as error:
        where = f"{settings.host or 'any address'}, port {settings.port}"
        todo = "Stop what else listens there, or choose another port ([web] port = …)."
        raise WebError(f"no page: cannot listen on {where} ({error.strerror or error}). {todo}") from error


def _dual_stack(port: int) -> socket.socket:
    return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
