"""The config file with meters in it.

The shapes of all kinds of meters take as long to build as the rest of the program takes to start. A site without
meters, and the heartbeats of its connectors, need not wait for them: `load.parse` uses this module only when it must.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twcmaster.config.meters import MeterSection
from twcmaster.config.schema import Config


@dataclass(frozen=True, kw_only=True)
class FullConfig(Config):
    """The whole file, meters included."""

    meter: list[MeterSection] = field(default_factory=list)
