"""What live meters leave for cars, as limits: the main fuse, which is as hard as a wire, and the billed peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from twcmaster.control import fuse, peak, sunlit
from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance
from twcmaster.control.fuse import Guard
from twcmaster.control.memory import Held
from twcmaster.control.peak import Peak
from twcmaster.model.world import WallConnector, World


def of_fuse(
    world: World, held: Mapping[str, Held], sight: Balance, guard: Guard, members: Sequence[WallConnector]
) -> tuple[Guard, tuple[Constraint, ...]]:
    """What the house leaves of each phase of the main fuse."""
    facts = world.site.energy.fuse
    if facts is None:
        return guard, ()
    seen = {c.key: held[c.key].habits.conductors if c.key in held else None for c in members}
    used = {c.key: fuse.phases_used(facts, c, seen[c.key]) for c in members}
    guard = fuse.watch(world, sight, sunlit.draws(world, held), used, guard)
    return guard, fuse.constraints(world, guard, used, _fallback_a(world, members))


def of_peak(
    world: World, held: Mapping[str, Held], sight: Balance, before: Peak, members: Sequence[WallConnector]
) -> tuple[Peak, tuple[Constraint, ...]]:
    """What the house leaves of the billed peak. It is money, not safety: a contactor's rest comes before it."""
    if world.site.energy.peak is None:
        return before, ()
    draws = sunlit.draws(world, held)
    spent = peak.watch(world, sight, draws, before)
    fallback = _fallback_a(world, members)
    limits = peak.constraints(world, spent, draws, sum(fallback.values()))
    return spent, tuple(replace(limit, members=limit.members & fallback.keys()) for limit in limits)


def _fallback_a(world: World, members: Sequence[WallConnector]) -> dict[str, float]:
    return {c.key: float(world.site.buses[c.bus].fallback_a) for c in members}
