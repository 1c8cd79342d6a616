"""Where the daemon keeps its things and where the other commands look for it. One logic for both sides.

A service manager's choice comes first (STATE_DIRECTORY, RUNTIME_DIRECTORY, see systemd.exec(5)), then root's system
folders, then the user's own (XDG base directories).
"""

from __future__ import annotations

import os
from pathlib import Path

SOCKET_NAME = "twcmaster.sock"
SYSTEM_STATE = Path("/var/lib/twcmaster")
SYSTEM_RUNTIME = Path("/run/twcmaster")


def state_dir() -> Path:
    """Where the daemon remembers things between runs, unless the config says otherwise."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    if os.geteuid() == 0:
        return SYSTEM_STATE
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "twcmaster"


def socket_path() -> Path:
    """Where the daemon's socket is, unless the config says otherwise."""
    given = os.environ.get("RUNTIME_DIRECTORY")
    if given:
        return Path(given.split(":")[0]) / SOCKET_NAME
    if os.geteuid() == 0:
        return SYSTEM_RUNTIME / SOCKET_NAME
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return (Path(runtime) / "twcmaster" if runtime else state_dir()) / SOCKET_NAME


def likely_sockets() -> list[Path]:
    """Where a command looks for the daemon when nothing is said: one's own first, then the system's service."""
    return list(dict.fromkeys((socket_path(), SYSTEM_RUNTIME / SOCKET_NAME)))
