"""A config file checked in a process of its own, while this one gets ready to speak.

What finds every mistake in a file at once takes a tenth of a second and 13 MB, for good. The daemon needs only the
outcome: plain values. Where it cannot be had this way, for whatever reason, the file is checked here.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from twcmaster.config.schema import Config

#: Longer than the slowest computer takes; then this process does it itself.
PATIENCE_S = 20.0


class Loading:
    """A file that is being checked. `result` waits for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process = _start(path)

    def result(self) -> Config:
        """The validated file. Raises ConfigError."""
        packed = None if self._process is None else _outcome(self._process)
        if packed is None:
            from twcmaster.config.load import load

            return load(self._path)
        config: Config = pickle.loads(packed)  # noqa: S301 - written by our own other half
        return config


def _start(path: Path) -> subprocess.Popen[bytes] | None:
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        return subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None


def _outcome(process: subprocess.Popen[bytes]) -> bytes | None:
    with process:
        try:
            packed, _ = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    return packed if process.returncode == 0 and packed else None


def main() -> None:
    """Check the file named on the command line and write the values to stdout; fail silently if it has mistakes."""
    from twcmaster.config.load import load
    from twcmaster.config.problems import ConfigError
    from twcmaster.config.sealed import seal

    try:
        config = load(Path(sys.argv[1]))
    except ConfigError:
        sys.exit(1)
    values = vars(config) | {"meter": [seal(section) for section in config.meter]}
    sys.stdout.buffer.write(pickle.dumps(Config(**values)))


if __name__ == "__main__":
    main()
