"""The owner's way into a running daemon: a local socket that takes and gives JSON, one object a line.

    → {"do": "status"}                        ← {"ok": true, "result": {…}}
    → {"do": "send", "hex": "FC 19"}          ← {"ok": false, "error": "…", "hint": "…"}
    → {"do": "watch"}                         ← {"ok": true, "result": {…}}   again and again until the client leaves

Operations are handed in; nothing here knows what they do. Only the daemon's user and root get an answer: the socket is
0600 in a 0700 folder, and the kernel is asked who calls. A lock file beside it tells a running daemon from the socket
that a crashed one left behind. Clients that read slowly, or not at all, are dropped and delay nobody.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import socket
import stat
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Arguments = Mapping[str, Any]

#: The longest request is a frame in hex; this leaves room for a page of settings.
LONGEST_REQUEST = 65_536
MOST_CLIENTS = 32
#: A client that asks nothing for this long, or takes nothing for that long, is gone for all practical purposes.
IDLE_S = 300.0
STUCK_S = 10.0
#: The kernel's limit for the path of a socket, without the final zero.
LONGEST_PATH = 107
#: pid, uid, gid of the process at the other end, see unix(7).
_PEER = struct.Struct("3i")
_NOT_OURS = stat.S_IWGRP | stat.S_IWOTH


class OperationError(Exception):
    """An operation was refused or failed. The text says why, `hint` what to do next."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class ConsoleError(Exception):
    """The socket cannot be offered. The text names the path, the cause and the remedy."""


class AlreadyRunningError(ConsoleError):
    """Another daemon serves this socket."""


@dataclass(frozen=True, slots=True)
class Operations:
    """What can be asked for, by name: questions with one answer, and streams of answers."""

    answers: Mapping[str, Callable[[Arguments], Awaitable[object]]]
    streams: Mapping[str, Callable[[Arguments], AsyncIterator[Any]]] = field(default_factory=dict)


class Console:
    """One socket. `open` claims the path, `run` serves it until cancelled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._socket: socket.socket | None = None
        self._clients: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Claim the path. Raises AlreadyRunningError and ConsoleError."""
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            raise ConsoleError(f"{self.path} is too long for a socket. Choose a shorter path ([service] socket = …).")
        try:
            _prepare_folder(self.path.parent)
            self._lock = _claim(self.path)
            self._socket = _bind(self.path)
        except ConsoleError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise ConsoleError(
                f"{self.path}: no local socket here ({error.strerror}). Choose another path ([service] socket = …)."
            ) from error

    def close(self) -> None:
        """Give the path back. Safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self.path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def run(self, operations: Operations) -> None:
        """Answer until cancelled."""
        if self._socket is None:
            self.open()
        server = await asyncio.start_unix_server(
            lambda reader, writer: self._welcome(operations, reader, writer), sock=self._socket, limit=LONGEST_REQUEST
        )
        try:
            # It accepts already. Its own serve_forever would not end before the last client has left.
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            self.close()

    def _welcome(self, operations: Operations, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= MOST_CLIENTS:
            writer.transport.abort()
            return
        client = asyncio.get_running_loop().create_task(_attend(operations, reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._dismiss)

    def _dismiss(self, client: asyncio.Task[None]) -> None:
        self._clients.discard(client)
        if not client.cancelled() and (error := client.exception()) is not None:
            log.error("an operation failed, please report this", exc_info=error)


async def _attend(operations: Operations, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client, from its first request to its last."""
    try:
        if not _may_ask(writer.get_extra_info("socket")):
            await _send(writer, _refusal("this socket answers only the daemon's own user and root", ""))
            return
        while request := await _next_request(reader):
            async with aclosing(_replies(operations, request)) as replies:
                async for reply in replies:
                    await _send(writer, reply)
    except OperationError as error:
        await _send(writer, _refusal(str(error), error.hint))
    except OSError as error:
        log.debug("a client has gone: %s", error)
        writer.transport.abort()
    finally:
        writer.close()


async def _next_request(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(IDLE_S):
            return await reader.readline()
    except ValueError:
        raise OperationError(f"a request has at most {LONGEST_REQUEST} bytes") from None


async def _send(writer: asyncio.StreamWriter, reply: Mapping[str, object]) -> None:
    writer.write(json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    async with asyncio.timeout(STUCK_S):
        await writer.drain()


async def _replies(operations: Operations, line: bytes) -> AsyncGenerator[Mapping[str, object], None]:
    try:
        name, arguments = _request(line)
        if name in operations.streams:
            async for result in operations.streams[name](arguments):
                yield {"ok": True, "result": result}
        elif name in operations.answers:
            yield {"ok": True, "result": await operations.answers[name](arguments)}
        else:
            known = ", ".join(sorted({*operations.answers, *operations.streams}))
            yield _refusal(f'"{name}" is not something this daemon can do', f"It knows: {known}.")
    except OperationError as error:
        yield _refusal(str(error), error.hint)


def _request(line: bytes) -> tuple[str, Arguments]:
    example = 'Send one JSON object a line, such as {"do": "status"}.'
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise OperationError("that is not JSON", example) from None
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise OperationError('the request has no "do"', example)
    return request.pop("do"), request


def _refusal(text: str, hint: str) -> dict[str, object]:
    return {"ok": False, "error": text, "hint": hint}


def _may_ask(peer: socket.socket) -> bool:
    """Whether the process at the other end belongs to root or to our own user, as the kernel has it."""
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid in (0, os.geteuid())


def _prepare_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = folder.stat().st_mode
    if mode & _NOT_OURS and not mode & stat.S_ISVTX:
        raise ConsoleError(f"{folder}: others may write to this folder. `chmod 700 {folder}`, or choose another.")


def _claim(path: Path) -> int:
    """The lock beside the socket, held for as long as the daemon lives."""
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, 20, 0).decode(errors="replace").strip()
        os.close(lock)
        raise AlreadyRunningError(
            f"another twcmaster (pid {pid or 'unknown'}) serves {path}. Stop it first, or give this one "
            "a socket of its own ([service] socket = …)."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _bind(path: Path) -> socket.socket:
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    listening.listen()
    return listening


def _remove_stale(path: Path) -> None:
    """Nobody holds the lock, so a socket here was left behind; anything else is somebody's file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConsoleError(f"{path} is there already and is not a socket. Move it away, or choose another path.")
    path.unlink()
