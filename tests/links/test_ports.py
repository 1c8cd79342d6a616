"""Serial ports as sysfs, udev and /proc show them: a copied tree for hardware, real processes for who holds a port."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.links.ends import pseudo_terminal, python_program
from twcmaster.links.ports import Holder, PortKind, SerialPort, find_holders, list_ports


class Machine:
    """A file tree like that of a Linux machine with serial ports."""

    def __init__(self, root: Path) -> None:
        self.sysfs, self.dev, self.proc = root / "sys", root / "dev", root / "proc"
        for folder in (self.sysfs / "class" / "tty", self.dev, self.proc):
            folder.mkdir(parents=True)

    def add(self, name: str, driver: str, device: str, **text: str) -> Path:
        """A port whose device directory lies at `device` below sys/devices."""
        real = self.sysfs / "devices" / device
        driver_folder = self.sysfs / "bus" / "drivers" / driver
        tty = self.sysfs / "class" / "tty" / name
        for folder in (real, driver_folder, tty):
            folder.mkdir(parents=True, exist_ok=True)
        (real / "driver").symlink_to(driver_folder)
        (tty / "device").symlink_to(real)
        for attribute, value in text.items():
            (tty / attribute).write_text(value + "\n")
        node = self.dev / name
        node.touch()
        return node

    def add_usb(self, name: str, driver: str, interface: str, **usb: str) -> Path:
        """USB chips hang one level below their interface, CDC devices on it."""
        below = "" if driver == "cdc_acm" else f"/{name}"
        node = self.add(name, driver, f"usb1/{interface}/{interface}:1.0{below}")
        for attribute, value in {"idVendor": "0403", **usb}.items():
            (self.sysfs / "devices" / "usb1" / interface / attribute).write_text(value + "\n")
        return node

    def name(self, folder: str, link: str, node: Path) -> str:
        path = self.dev / "serial" / folder / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(node)
        return str(path)

    def ports(self) -> list[SerialPort]:
        return list_ports(self.sysfs, self.dev, self.proc)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_ports_has_none(machine: Machine, tmp_path: Path) -> None:
    assert machine.ports() == []
    assert list_ports(tmp_path / "nowhere", tmp_path / "nowhere", tmp_path / "nowhere") == []


def test_an_adapter_is_described(machine: Machine) -> None:
    node = machine.add_usb(
        "ttyUSB0", "ftdi_sio", "1-1", product="USB-RS485 Cable", manufacturer="FTDI", serial="FT4X1234"
    )
    stable = machine.name("by-id", "usb-FTDI_USB-RS485_Cable_FT4X1234-if00-port0", node)
    machine.name("by-path", "pci-0000:00:14.0-usb-0:1:1.0-port0", node)
    (port,) = machine.ports()
    assert port == SerialPort(
        str(node), PortKind.RS485, stable, "USB-RS485 Cable", "FTDI", "FT4X1234", "ftdi_sio", holders=(), allowed=True
    )
    assert port.best_name == stable


def test_likely_ports_come_first(machine: Machine) -> None:
    machine.add("ttyAMA0", "uart-pl011", "platform/serial0", type="3")
    machine.add_usb("ttyACM0", "cdc_acm", "1-3", product="Zigbee stick")
    machine.add_usb("ttyUSB1", "ch341-uart", "1-2", idVendor="1a86", product="USB Serial")
    machine.add_usb("ttyUSB0", "cp210x", "1-1", product="CP2102 RS 485 bridge")
    assert [(Path(port.device).name, port.kind) for port in machine.ports()] == [
        ("ttyUSB0", PortKind.RS485),
        ("ttyUSB1", PortKind.USB_SERIAL),
        ("ttyACM0", PortKind.USB_DEVICE),
        ("ttyAMA0", PortKind.BUILT_IN),
    ]


def test_placeholders_without_a_chip_are_left_out(machine: Machine) -> None:
    machine.add("ttyS0", "serial8250", "platform/a", type="4")
    machine.add("ttyS1", "serial8250", "platform/b", type="0")
    (machine.sysfs / "class" / "tty" / "tty1").mkdir()  # a console has no device
    assert [Path(port.device).name for port in machine.ports()] == ["ttyS0"]


def test_what_the_system_does_not_tell_is_none(machine: Machine) -> None:
    machine.add_usb("ttyUSB0", "ch341-uart", "1-2")
    (port,) = machine.ports()
    assert (port.product, port.manufacturer, port.serial, port.stable) == (None, None, None, None)
    assert port.best_name == port.device


def test_an_adapter_without_a_serial_number_is_named_by_its_place(machine: Machine) -> None:
    node = machine.add_usb("ttyUSB0", "ch341-uart", "1-2")
    place = machine.name("by-path", "platform-fd500000.pcie-usb-0:1.2:1.0-port0", node)
    assert machine.ports()[0].best_name == place


def test_users_of_a_port_are_named(machine: Machine) -> None:
    node = machine.add_usb("ttyUSB0", "ch341-uart", "1-2")
    descriptors = machine.proc / "4711" / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "0").symlink_to("/dev/null")
    (descriptors / "5").symlink_to(node)
    (machine.proc / "4711" / "comm").write_text("minicom\n")
    (machine.proc / "self").mkdir()
    assert machine.ports()[0].holders == (Holder(4711, "minicom"),)


def test_a_lock_tells_of_users_whose_files_are_hidden(machine: Machine) -> None:
    node = machine.add_usb("ttyUSB0", "ch341-uart", "1-2")
    status = node.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    (machine.proc / "locks").write_text(
        f"1: POSIX  ADVISORY  WRITE 99 {place}:{status.st_ino + 1} 0 EOF\n"
        f"2: FLOCK  ADVISORY  WRITE 4711 {place}:{status.st_ino} 0 EOF\n"
        f"2: -> FLOCK  ADVISORY  WRITE 4712 {place}:{status.st_ino} 0 EOF\n"
    )
    assert machine.ports()[0].holders == (Holder(4711, "a process"),)


@pytest.mark.parametrize("locks", [False, True])
def test_a_real_program_that_holds_a_port_is_found(locks: bool) -> None:
    lock = "import fcntl; fcntl.flock(f, 2);" if locks else ""
    code = f"import sys; f = open(sys.argv[1], 'r+b', 0); {lock} print('ready', flush=True); input()"
    with pseudo_terminal() as pty, python_program(code, pty.name) as process:
        holders = find_holders(Path(pty.name))
        assert process.pid in {holder.pid for holder in holders}
        assert os.getpid() in {holder.pid for holder in holders}
        assert {holder.name for holder in holders if holder.pid == process.pid} != {"a process"}


def test_a_missing_port_has_no_users(tmp_path: Path) -> None:
    assert find_holders(tmp_path / "ttyUSB9") == ()


def test_this_machine_can_be_asked() -> None:
    for port in list_ports():
        assert Path(port.device).exists()
        assert port.driver
