"""The config file with meters in it.

The shapes of all kinds of meters take as long to build as the rest of the program takes to start. A site without
meters, and the heartbeats of its connectors, need not wait for them: `load.parse` uses this module only when it must.
"""

from __future__ import annotations

from pydantic import Field

from twcmaster.config.meters import MeterSection
from twcmaster.config.schema import Config


class FullConfig(Config):
    """The whole file, meters included."""

    meter: list[MeterSection] = Field([])
