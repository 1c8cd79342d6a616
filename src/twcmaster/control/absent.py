"""Connectors that nobody speaks to any more, while their cars may still draw.

A unit is forgotten when its seat is needed, when it never answered, or when the config no longer has its bus. It stops
for want of heartbeats, but not at once: until then its last sight blocks the amps of its circuits.
"""

from __future__ import annotations

from dataclasses import replace

from twcmaster.control import ledger
from twcmaster.control.memory import Memory
from twcmaster.model.world import Presence, WallConnector, World


def absent(world: World, memory: Memory) -> tuple[WallConnector, ...]:
    """The last sight of those who have vanished, until they must have stopped."""
    here = {c.key for c in world.connectors}
    vanished = [c for c in memory.seen if c.key not in here]
    if not vanished:
        return ()
    # One that was there beside the vanished one already is another unit with the same id, on another bus.
    before = {c.key for c in memory.seen}
    units = {_unit(c) for c in world.connectors if c.key not in before}
    lost = (
        replace(c, presence=Presence.LOST, foreign_master=False)
        for c in vanished
        if _unit(c) not in units and c.circuit in world.site.circuits
    )
    return tuple(c for c in lost if not ledger.gone_for_good(c, world.now))


def _unit(connector: WallConnector) -> str:
    """The unit and what it loads, whatever its bus is called."""
    return f"{connector.circuit} {connector.key.rpartition('/')[2]}"
