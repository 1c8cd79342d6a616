"""A serial port of this machine: 9600 baud, 8N1, for this program alone.

serialx is imported when a port is opened (40 ms, 3 MB): sites on network adapters never pay for it.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import getpass
import os
import termios
from functools import partial
from pathlib import Path

from twcmaster.links.pipe import Pipe, PipeLink
from twcmaster.links.ports import Holder, find_holders, list_ports
from twcmaster.links.serial_failure import OpenFailure, explain_loss, explain_open
from twcmaster.model.address import SerialAddress
from twcmaster.model.ports import LinkError

BAUD = 9600
#: serialx reads into a fresh buffer of this size at each wake-up; its own 256 KiB doubles the cost of a heartbeat.
_READ_SIZE = 4096
_PSEUDO_TERMINALS = Path("/dev/pts")


class SerialLink(PipeLink):
    """A link to an RS-485 adapter on a serial port."""

    def __init__(self, address: SerialAddress) -> None:
        super().__init__(address.url, partial(_connect, address.path), explain_loss)


async def _connect(path: str, pipe: Pipe) -> None:
    import serialx
    from serialx.descriptor_transport import DescriptorTransport

    others = await asyncio.to_thread(_other_users, path)
    if others:
        raise LinkError(explain_open(OpenFailure(path, errno.EBUSY, holders=others)))
    try:
        transport, _ = await serialx.create_serial_connection(
            asyncio.get_running_loop(), lambda: pipe, path, BAUD, exclusive=True
        )
        # Its own lock holds off programs that look for locks; this one holds off all others.
        _refuse_other_openers(path, transport.serial.fileno())
    except (OSError, termios.error, serialx.SerialException) as problem:
        raise LinkError(await asyncio.to_thread(_explain, path, problem)) from problem
    if isinstance(transport, DescriptorTransport):
        transport.max_size = _READ_SIZE


def _is_pseudo_terminal(path: str) -> bool:
    return Path(path).resolve().is_relative_to(_PSEUDO_TERMINALS)


def _other_users(path: str) -> tuple[Holder, ...]:
    """Programs that use the port without locking it; two readers would tear each other's frames apart.

    The far side of a pseudo-terminal rightly keeps the near one open, so there only locks count.
    """
    if _is_pseudo_terminal(path):
        return ()
    return tuple(holder for holder in find_holders(Path(path)) if holder.pid != os.getpid())


def _refuse_other_openers(path: str, descriptor: int) -> None:
    # A pseudo-terminal would keep this mark after us for as long as its far side lives.
    if not _is_pseudo_terminal(path):
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _explain(path: str, problem: Exception) -> str:
    number = problem.args[0] if isinstance(problem, OSError | termios.error) else None
    return explain_open(
        OpenFailure(
            path,
            number if isinstance(number, int) else None,
            detail=str(problem),
            holders=find_holders(Path(path)),
            own_pid=os.getpid(),
            ports=list_ports(),
            group=_group_of(path),
            user=_user_name(),
        )
    )


def _group_of(path: str) -> str | None:
    try:
        return Path(path).group()
    except (OSError, KeyError):
        return None


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's bare user id has no name
        return f"user {os.getuid()}"
