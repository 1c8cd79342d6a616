"""The command line in this process, for everything that ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from twcmaster.cli import stopping
from twcmaster.cli.main import main

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the folders of a real installation."""
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("TWCMASTER_CONFIG", raising=False)
    monkeypatch.delenv("TWCMASTER_DEBUG", raising=False)
    # A slow name server must not take the whole test run with it.
    monkeypatch.setattr(stopping, "LAST_WORDS_S", 60.0)


@pytest.fixture
def twcmaster() -> Invoke:
    """Run a command as a person would; nothing but click's own exit may come out."""

    def invoke(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin, prog_name="twcmaster")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    return invoke
