"""A house to test the page in: virtual wall connectors behind a TCP port, and the real daemon, each its own process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

PASSWORD = "a password for tests"
CONFIG = """\
[site]
name = "Test house"

[[circuit]]
name = "garage"   # this comment must survive
limit_a = 40
volts = 240

[[bus]]
name = "garage"
link = "{link}"
circuit = "garage"
connector_limit_a = 32

[control]
mode = "fixed"
amps = 32

[web]
host = "127.0.0.1"
port = {port}
"""
_CODE = re.compile(r"setup code ([0-9A-Z]{4}-[0-9A-Z]{4})")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """`start()` and `stop()` the daemon as often as wanted; the connectors stay."""

    folder: Path
    link: str
    port: int = field(default_factory=free_port)
    daemon: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "site.toml"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    def write_config(self) -> None:
        self.config.write_text(CONFIG.format(link=self.link, port=self.port), encoding="utf-8")

    def start(self) -> None:
        command = [sys.executable, "-m", "twcmaster", "run", "--setup", "--config", str(self.config)]
        own = {"STATE_DIRECTORY": str(self.folder / "state"), "RUNTIME_DIRECTORY": str(self.folder)}
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.folder, env=os.environ | own)
        wait_until(self.answers, 30, f"the page never answered; {self.log} says why")

    def stop(self) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(15)
            self.daemon = None

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/api/v1/health", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False

    def setup_code(self) -> str:
        codes = _CODE.findall(self.log.read_text(encoding="utf-8"))
        assert codes, "the log shows no setup code"
        return str(codes[-1])

    def settle(self) -> None:
        """Make sure that there is an owner."""
        with self.client():
            return

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """Somebody logged in as the owner, who is made when there is none yet."""
        with httpx2.Client(base_url=f"{self.url}/api/v1/", headers={"X-Twcmaster": "test"}, timeout=10) as client:
            if client.get("auth").json()["setup_needed"]:
                answer = client.post("auth/setup", json={"code": self.setup_code(), "password": PASSWORD})
            else:
                answer = client.post("auth/login", json={"name": "owner", "password": PASSWORD})
            answer.raise_for_status()
            yield client


@dataclass
class Units:
    """Virtual wall connectors as a process of their own, so that they outlive daemons."""

    process: subprocess.Popen[str]
    link: str


def start_units(root: Path, units: int = 2, seconds: float = 600) -> Units:
    command = [sys.executable, "-m", "benchmarks.units_server", "--buses", "1", "--units", str(units)]
    command += ["--via", "tcp", "--cars", "join", "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return Units(process, told["urls"][0])


def wait_until(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds  # noqa: TID251 - another process is waited for
    while not holds():
        assert time.monotonic() < deadline, otherwise  # noqa: TID251
        time.sleep(0.2)  # noqa: TID251
