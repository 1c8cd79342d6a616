"""Raw bytes over TCP: ``socket://host:port``, for network adapters in transparent mode."""

from __future__ import annotations

import asyncio
import errno
import socket
from functools import partial

from twcmaster.links.pipe import Pipe, PipeLink
from twcmaster.model.address import Rfc2217Address, TcpAddress
from twcmaster.model.ports import LinkError

CONNECT_TIMEOUT_S = 5.0
#: A peer that is gone without a word (power cut, cable pulled) is noticed after about this time: probes on a
#: quiet connection, unacknowledged data on a busy one.
DEAD_PEER_S = 10
_PROBE_AFTER_S = 4
_PROBE_EVERY_S = 2
_PROBES = (DEAD_PEER_S - _PROBE_AFTER_S) // _PROBE_EVERY_S


class TcpLink(PipeLink):
    """A link to a network adapter that passes the bus's bytes through."""

    def __init__(self, address: TcpAddress) -> None:
        super().__init__(address.url, partial(connect, address), explain_loss)


async def connect(address: TcpAddress | Rfc2217Address, pipe: Pipe) -> None:
    """Connect `pipe` to a network adapter. Raises LinkError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            transport, _ = await loop.create_connection(
                lambda: pipe, address.host, address.port, happy_eyeballs_delay=0.25
            )
    except (OSError, UnicodeError) as problem:  # TimeoutError is an OSError; a name too odd to look up is the other
        raise LinkError(explain_connect(address, problem)) from problem
    connection = transport.get_extra_info("socket")
    if connection is not None:
        _notice_dead_peer(connection)


def explain_connect(address: TcpAddress | Rfc2217Address, problem: Exception) -> str:
    """Why no connection came about, in words, and what to check."""
    host, port = address.host, address.port
    if isinstance(problem, TimeoutError):
        return (
            f"{address.url}: no answer within {CONNECT_TIMEOUT_S:g} s. Is the network adapter powered, "
            f"and is {host} its address? (ping {host})"
        )
    if isinstance(problem, socket.gaierror | UnicodeError):
        return f"{address.url}: the name {host} cannot be found. Check its spelling, or use the adapter's IP address."
    # A name with several addresses gives one error that lists theirs.
    if isinstance(problem, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(problem):
        return (
            f"{address.url}: {host} is there but refuses port {port}. Check the port, and that the adapter is set to "
            "TCP server; some accept only one connection at a time."
        )
    return f"{address.url}: cannot connect: {_cause(problem)}. Check the network between here and {host}."


def explain_loss(exc: Exception | None) -> str:
    """Why a TCP connection ended, in words."""
    if exc is None:
        return "the network adapter closed the connection (restarted, or another program took its place?)"
    if isinstance(exc, TimeoutError) or (isinstance(exc, OSError) and exc.errno == errno.ETIMEDOUT):
        return f"the network adapter has not answered for {DEAD_PEER_S} s (power or network gone?)"
    return f"the connection to the network adapter broke: {_cause(exc)}"


def _notice_dead_peer(connection: socket.socket) -> None:
    # asyncio has switched TCP_NODELAY on already.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _PROBE_AFTER_S),
        ("TCP_KEEPINTVL", _PROBE_EVERY_S),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", DEAD_PEER_S * 1000),
    ):
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _cause(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc) or type(exc).__name__
