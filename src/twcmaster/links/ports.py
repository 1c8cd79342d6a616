"""The serial ports of this Linux machine, without opening one: what sysfs, udev's links and /proc tell.

No root is needed. Who holds a port open can be told for one's own processes, and for anybody's that lock it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_USB_LEVELS = 4
#: serial_core's PORT_UNKNOWN: a placeholder without a chip behind it.
_NO_CHIP = "0"


class PortKind(Enum):
    """How likely it is that a wall connector's bus hangs on this port."""

    RS485 = "names itself RS-485"
    USB_SERIAL = "USB serial chip, as most RS-485 adapters have"
    USB_DEVICE = "a device's own USB port, or an adapter with a CDC chip"
    BUILT_IN = "built in: needs an RS-485 transceiver on its pins"

    @property
    def likelihood(self) -> int:
        """Order of likelihood, most likely first."""
        return tuple(PortKind).index(self)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a port open. `name` is its command, or what is known of it."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One serial port. What the system does not tell is None."""

    device: str
    kind: PortKind
    #: A name that stays when ports are plugged in another order; best for the config.
    stable: str | None = None
    product: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    driver: str | None = None
    #: Processes that are seen to use it; empty is no proof that nobody does.
    holders: tuple[Holder, ...] = ()
    #: Whether this user may open it.
    allowed: bool = True

    @property
    def best_name(self) -> str:
        return self.stable or self.device


def list_ports(sysfs: Path = Path("/sys"), dev: Path = Path("/dev"), proc: Path = Path("/proc")) -> list[SerialPort]:
    """Every serial port there is, likeliest first. Reads files only; takes some milliseconds."""
    stable = _stable_names(dev)
    ports = []
    for tty in _entries(sysfs / "class" / "tty"):
        device = dev / tty.name
        if (tty / "device" / "driver").exists() and _has_chip(tty) and device.exists():
            ports.append(_describe(tty, device, stable.get(device), proc))
    return sorted(ports, key=lambda port: (port.kind.likelihood, port.device))


def find_holders(device: Path, proc: Path = Path("/proc")) -> tuple[Holder, ...]:
    """Processes, this one included, that are seen to have `device` open or to hold a lock on it."""
    try:
        real = device.resolve(strict=True)
    except OSError:
        return ()
    pids = _pids_with_open_file(real, proc) | _pids_with_lock(real, proc)
    return tuple(Holder(pid, _command(pid, proc)) for pid in sorted(pids))


def _describe(tty: Path, device: Path, stable: str | None, proc: Path) -> SerialPort:
    usb = _usb_device(tty)
    product = _text(usb / "product") if usb else None
    driver_link = tty / "device" / "driver"
    driver = driver_link.resolve().name
    return SerialPort(
        device=str(device),
        kind=_kind(driver, product, on_usb=usb is not None),
        stable=stable,
        product=product,
        manufacturer=_text(usb / "manufacturer") if usb else None,
        serial=_text(usb / "serial") if usb else None,
        driver=driver,
        holders=find_holders(device, proc),
        allowed=os.access(device, os.R_OK | os.W_OK),
    )


def _kind(driver: str, product: str | None, *, on_usb: bool) -> PortKind:
    if product and re.search(r"rs.?485", product, re.IGNORECASE):
        return PortKind.RS485
    if not on_usb:
        return PortKind.BUILT_IN
    return PortKind.USB_DEVICE if driver == "cdc_acm" else PortKind.USB_SERIAL


def _usb_device(tty: Path) -> Path | None:
    """The directory of the USB device above a port: the first with a vendor id."""
    here = (tty / "device").resolve()
    for folder in (here, *here.parents)[:_USB_LEVELS]:
        if (folder / "idVendor").exists():
            return folder
    return None


def _has_chip(tty: Path) -> bool:
    return _text(tty / "type") != _NO_CHIP


def _stable_names(dev: Path) -> dict[Path, str]:
    """Device to its name by id; by path for adapters that have no serial number of their own."""
    names: dict[Path, str] = {}
    for folder in ("by-id", "by-path"):
        for link in _entries(dev / "serial" / folder):
            names.setdefault(link.resolve(), str(link))
    return names


def _pids_with_open_file(real: Path, proc: Path) -> set[int]:
    target = str(real)
    pids = set()
    for process in _entries(proc):
        if not process.name.isdigit():
            continue
        for descriptor in _entries(process / "fd"):
            if _link_target(descriptor) == target:
                pids.add(int(process.name))
                break
    return pids


def _pids_with_lock(real: Path, proc: Path) -> set[int]:
    """/proc/locks shows everybody's locks: ``1: FLOCK  ADVISORY  WRITE 4711 00:05:1234 0 EOF``."""
    status = real.stat()
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    pids = set()
    for line in (_text(proc / "locks") or "").splitlines():
        fields = line.split()
        if wanted in fields and fields[4].isdigit():
            pids.add(int(fields[4]))
    return pids


def _command(pid: int, proc: Path) -> str:
    return _text(proc / str(pid) / "comm") or "a process"


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing when it is missing, forbidden or has just gone."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _link_target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
