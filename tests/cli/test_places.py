import os
from pathlib import Path

import pytest

from twcmaster.cli import places

CLEAN = {
    "STATE_DIRECTORY": "",
    "RUNTIME_DIRECTORY": "",
    "XDG_STATE_HOME": "",
    "XDG_RUNTIME_DIR": "",
    "HOME": "/home/me",
}
XDG = {"XDG_STATE_HOME": "/home/me/st", "XDG_RUNTIME_DIR": "/run/user/7"}
SYSTEMD = {"STATE_DIRECTORY": "/var/lib/other:/x", "RUNTIME_DIRECTORY": "/run/other"}


@pytest.mark.parametrize(
    "uid, environment, state, socket",
    [
        (0, {}, "/var/lib/twcmaster", "/run/twcmaster/twcmaster.sock"),
        (0, XDG, "/var/lib/twcmaster", "/run/twcmaster/twcmaster.sock"),
        (7, {}, "/home/me/.local/state/twcmaster", "/home/me/.local/state/twcmaster/twcmaster.sock"),
        (7, XDG, "/home/me/st/twcmaster", "/run/user/7/twcmaster/twcmaster.sock"),
        (7, XDG | SYSTEMD, "/var/lib/other", "/run/other/twcmaster.sock"),
        (0, SYSTEMD, "/var/lib/other", "/run/other/twcmaster.sock"),
    ],
)
def test_places(
    monkeypatch: pytest.MonkeyPatch, uid: int, environment: dict[str, str], state: str, socket: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    for name, value in (CLEAN | environment).items():
        monkeypatch.setenv(name, value)
    assert places.state_dir() == Path(state)
    assert places.socket_path() == Path(socket)
    assert places.likely_sockets()[0] == Path(socket)
    assert Path("/run/twcmaster/twcmaster.sock") in places.likely_sockets()
