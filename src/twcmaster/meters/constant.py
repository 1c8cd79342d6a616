"""A meter that always says the same, for a base load that nobody measures or for trying things out."""

from __future__ import annotations

import asyncio

from twcmaster.config.meters import ConstantMeterSection
from twcmaster.model.reading import Reading


class ConstantMeter:
    """Numbers from the config."""

    def __init__(self, settings: ConstantMeterSection) -> None:
        self._settings = settings

    async def read(self) -> Reading:
        settings = self._settings
        return Reading(
            asyncio.get_running_loop().time(),
            None if settings.power_w is None else settings.power_w * settings.scale,
            settings.phase_a,
            soc_percent=settings.soc_percent,
            energy_kwh=settings.energy_kwh,
        )

    async def close(self) -> None:
        """Nothing is open."""
