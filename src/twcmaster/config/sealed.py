"""A meter of the config whose shape is not loaded yet.

Meters have the largest shapes of the file. The bus speaks first: until then a meter is known by what decisions need of
it, and its section stays packed.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twcmaster.model.reading import MeterRole

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection


@dataclass(frozen=True, slots=True)
class SealedMeter:
    """One `[[meter]]`."""

    name: str
    role: MeterRole
    kind: str
    every_s: float
    includes_charger: bool
    #: Secrets are in there.
    packed: bytes = field(repr=False)

    def unpack(self) -> MeterSection:
        """The whole section. Loads what it takes."""
        section: MeterSection = pickle.loads(self.packed)  # noqa: S301 - packed by this very program
        return section


def seal(section: MeterSection) -> SealedMeter:
    """The section, packed."""
    return SealedMeter(
        section.name,
        section.role,
        section.kind,
        section.every_s,
        section.includes_charger,
        pickle.dumps(section),
    )
