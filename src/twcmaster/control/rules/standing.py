"""The standing mode, off or fixed amps: a connector's own, else the site's, whose amps are shared.

Connectors whose standing mode follows the sun get their claim from the rule "solar".
"""

from __future__ import annotations

from twcmaster.control import modes
from twcmaster.model.plan import Claim, Pool
from twcmaster.model.world import World


def claims(world: World) -> tuple[tuple[Claim, ...], tuple[Pool, ...]]:
    """One claim for every connector whose standing mode is off or fixed, site-wide amps on one budget."""
    return modes.amps_claims(modes.standing(world).values(), "standing", world.clock)
