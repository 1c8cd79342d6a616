"""What people are told when a port does not open: who, why, and what next."""

from __future__ import annotations

import errno

import pytest

from twcmaster.links.ports import Holder, PortKind, SerialPort
from twcmaster.links.serial_failure import OpenFailure, explain_loss, explain_open

PATH = "/dev/ttyUSB0"
OURS = Holder(7, "twcmaster")
RIVAL = Holder(4711, "minicom")
HERE = (
    SerialPort("/dev/ttyUSB1", PortKind.USB_SERIAL, stable="/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"),
    SerialPort("/dev/ttyS0", PortKind.BUILT_IN),
)


@pytest.mark.parametrize(
    "failure, words",
    [
        (
            OpenFailure(PATH, errno.ENOENT, ports=HERE),
            ["no such port", "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "/dev/ttyS0"],
        ),
        (OpenFailure(PATH, errno.ENOENT), ["no such port", "No serial port is to be seen", "dmesg"]),
        (
            OpenFailure(PATH, errno.EACCES, group="dialout", user="pi"),
            ["pi may not use this port", "sudo usermod -aG dialout pi", "log in again"],
        ),
        (OpenFailure(PATH, errno.EPERM, group="tty", user="pi"), ["sudo usermod -aG tty pi"]),
        (OpenFailure(PATH, errno.EACCES, group="root", user="pi"), ["may not use", f"ls -l {PATH}"]),
        (OpenFailure(PATH, errno.EACCES), ["may not use", f"ls -l {PATH}"]),
        (OpenFailure(PATH, errno.EBUSY, holders=(RIVAL,)), ["in use by minicom (pid 4711)", "Stop that program"]),
        (OpenFailure(PATH, errno.EBUSY, holders=(OURS, RIVAL), own_pid=7), ["in use by minicom (pid 4711)."]),
        (OpenFailure(PATH, errno.EBUSY, holders=(OURS,), own_pid=7), ["has it open already", "two buses"]),
        (OpenFailure(PATH, errno.EBUSY), ["in use by another program", f"fuser -v {PATH}"]),
        (OpenFailure(PATH, errno.ENOTTY, ports=HERE), ["not a serial port", "/dev/ttyS0"]),
        (OpenFailure(PATH, errno.EIO, ports=HERE), ["no hardware answers", "Input/output error"]),
        (OpenFailure(PATH, errno.ENOMEM), ["cannot be opened", "Cannot allocate memory"]),
        (OpenFailure(PATH, None, detail="unsupported setting"), ["cannot be opened: unsupported setting"]),
    ],
)
def test_a_failure_names_port_cause_and_remedy(failure: OpenFailure, words: list[str]) -> None:
    text = explain_open(failure)
    assert text.startswith(PATH)
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    "exc, words",
    [
        (OSError(errno.EIO, "Input/output error"), "unplugged, or its power failed): Input/output error"),
        (None, "closed by the system"),
        (RuntimeError("odd"), "closed by the system"),
    ],
)
def test_a_loss_is_put_in_words(exc: Exception | None, words: str) -> None:
    assert words in explain_loss(exc)
