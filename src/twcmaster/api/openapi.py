"""Prints the OpenAPI document: ``make openapi`` keeps it beside this file, whence it is served."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from twcmaster.api.build import build, describe


def document() -> str:
    """The document as the repository keeps it."""
    return json.dumps(describe(build(version("twcmaster"))), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
