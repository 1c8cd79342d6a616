"""A fixed number of amps for the whole site, shared by the cars that want power."""

from __future__ import annotations

from twcmaster.model.plan import Claim, Pool, Reason
from twcmaster.model.world import World

PRIORITY = 10
POOL = "site"


def claims(world: World) -> tuple[tuple[Claim, ...], tuple[Pool, ...]]:
    """One claim for every connector, all on one budget."""
    if world.mode != "fixed":
        return (), ()
    reason = Reason("fixed", f"Fixed at {world.fixed_a:g} A for the site")
    pool = Pool(POOL, world.fixed_a, reason)
    return tuple(Claim(c.key, "fixed", PRIORITY, reason, pool=POOL) for c in world.connectors), (pool,)
