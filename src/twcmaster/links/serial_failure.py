"""What to tell a person when a serial port cannot be opened or has gone: the port, the cause, the remedy. Pure."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from twcmaster.links.ports import Holder, SerialPort

_NOT_A_PORT = frozenset((errno.ENOTTY, errno.EISDIR, errno.EINVAL))
_NO_HARDWARE = frozenset((errno.EIO, errno.ENXIO, errno.ENODEV))


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """All that is known of a port that could not be opened."""

    path: str
    #: The system's error number; None: the library's own words in `detail`.
    number: int | None
    detail: str = ""
    #: Processes seen to use the port, this one included.
    holders: tuple[Holder, ...] = ()
    own_pid: int = 0
    ports: Sequence[SerialPort] = ()
    #: The group that may use the port, where it has one, and this user's name.
    group: str | None = None
    user: str = "$USER"


def explain_open(failure: OpenFailure) -> str:
    """One or two sentences: what happened, where, what to do next."""
    path, number = failure.path, failure.number
    if number == errno.ENOENT:
        return f"{path}: there is no such port. {_ports_here(failure.ports)}"
    if number in (errno.EACCES, errno.EPERM):
        return f"{path}: {failure.user} may not use this port. {_permission_remedy(failure)}"
    if number == errno.EBUSY:
        return f"{path}: {_busy(failure)}"
    if number in _NOT_A_PORT:
        return f"{path} is not a serial port. {_ports_here(failure.ports)}"
    if number in _NO_HARDWARE:
        return f"{path}: no hardware answers behind this port ({os.strerror(number)}). {_ports_here(failure.ports)}"
    cause = os.strerror(number) if number is not None else failure.detail
    return f"{path} cannot be opened: {cause}. {_ports_here(failure.ports)}"


def explain_loss(exc: Exception | None) -> str:
    """Why an open port came to its end."""
    cause = exc.strerror if isinstance(exc, OSError) and exc.strerror else "closed by the system"
    return f"the serial adapter has gone (unplugged, or its power failed): {cause}"


def _busy(failure: OpenFailure) -> str:
    others = [holder for holder in failure.holders if holder.pid != failure.own_pid]
    if others:
        names = " and ".join(map(str, others))
        return f"in use by {names}. Stop that program, or choose another port."
    if failure.holders:
        return "this program has it open already. Do two buses name the same link?"
    return f"in use by another program. `sudo fuser -v {failure.path}` names it; stop it, or choose another port."


def _permission_remedy(failure: OpenFailure) -> str:
    if failure.group in (None, "root"):
        return f"See `ls -l {failure.path}` for who may; a udev rule can give it to a group."
    return (
        f"Join the group that may: `sudo usermod -aG {failure.group} {failure.user}`, "
        "then log in again (or restart the service)."
    )


def _ports_here(ports: Sequence[SerialPort]) -> str:
    if not ports:
        return "No serial port is to be seen at all: is the adapter plugged in? (`sudo dmesg | tail` tells.)"
    return "Serial ports here: " + ", ".join(port.best_name for port in ports) + "."
