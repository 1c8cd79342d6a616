import json

import pytest

from tests.cli.conftest import Invoke
from twcmaster.cli import ports as ports_command
from twcmaster.links.ports import Holder, PortKind, SerialPort

ADAPTER = SerialPort(
    device="/dev/ttyUSB0",
    kind=PortKind.USB_SERIAL,
    stable="/dev/serial/by-id/usb-FTDI-if00",
    product="USB-RS485 Cable",
    manufacturer="FTDI",
    holders=(Holder(4711, "cat"),),
    allowed=False,
)
BUILT_IN = SerialPort(device="/dev/ttyS0", kind=PortKind.BUILT_IN)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[SerialPort]:
    found: list[SerialPort] = []
    monkeypatch.setattr(ports_command, "list_ports", lambda: found)
    return found


def test_ports_are_listed_by_the_name_for_the_config(twcmaster: Invoke, seen: list[SerialPort]) -> None:
    seen += [ADAPTER, BUILT_IN]
    lines = twcmaster("ports").stdout.splitlines()
    assert lines[0] == "/dev/serial/by-id/usb-FTDI-if00"
    assert "FTDI USB-RS485 Cable" in lines[1]
    assert "in use by cat (pid 4711)" in lines[2]
    assert "usermod" in lines[3]
    assert lines[4] == "/dev/ttyS0"


def test_ports_as_json(twcmaster: Invoke, seen: list[SerialPort]) -> None:
    seen.append(ADAPTER)
    found = json.loads(twcmaster("ports", "--json").stdout)
    assert found[0]["device"] == "/dev/ttyUSB0"
    assert found[0]["kind"] == "usb_serial"
    assert found[0]["holders"] == [{"pid": 4711, "name": "cat"}]


def test_no_port_is_a_problem_with_a_remedy(twcmaster: Invoke, seen: list[SerialPort]) -> None:
    result = twcmaster("ports")
    assert result.exit_code == 1
    assert "plugged in" in result.stderr


def test_the_real_machine_can_be_asked(twcmaster: Invoke) -> None:
    assert isinstance(json.loads(twcmaster("ports", "--json").stdout), list)
