"""``python -m twcmaster`` is the same as ``twcmaster``."""

from __future__ import annotations

from twcmaster.cli.main import main

if __name__ == "__main__":
    main(prog_name="twcmaster")
