"""What charging costs: what was bought for it, and what the sun's part would have earned.

Prices are asked of the world of each instant, so that what is kept is the price at the time.
"""

from __future__ import annotations

from twcmaster.control.flow import Origin
from twcmaster.model.world import World


def price_per_kwh(world: World, source: Origin | None) -> float | None:
    """Money for a kilowatt-hour into a car at this instant; None: nobody has said what energy costs.

    Sun, also by way of the home battery, counts with what the grid would have paid for it. What no meter tells counts
    as bought.
    """
    prices = world.site.energy.prices
    if prices is None:
        return None
    bought = 1.0 if source is None else source.grid
    return bought * prices.grid_per_kwh + (1.0 - bought) * prices.feed_in_per_kwh
