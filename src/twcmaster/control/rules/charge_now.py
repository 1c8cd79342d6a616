"""Charge now: the strongest wish there is, a connector's own before the site's, until the first of its ends.

`control/expiry.py` removes it from the settings when it has ended; until then this rule looks at the clock and the
energy by itself, so that not even one decision is made on a wish that is over.
"""

from __future__ import annotations

from datetime import datetime

from twcmaster.control import modes, phrases
from twcmaster.model.plan import Claim, Pool, Reason
from twcmaster.model.settings import SITE, ChargeNow
from twcmaster.model.world import World

POOL = "charge_now"


def claims(world: World) -> tuple[tuple[Claim, ...], tuple[Pool, ...]]:
    """One claim for every connector that is to charge now, site-wide amps on one budget."""
    site = _running(world, SITE)
    why = None if site is None else _reason(site, world.clock)
    found = []
    for connector in world.connectors:
        own = _running(world, connector.key)
        if own is not None:
            found.append(_claim(world, connector.key, own, connector.key, _reason(own, world.clock)))
        elif site is not None and why is not None:
            found.append(_claim(world, connector.key, site, SITE, why))
    if site is None or why is None or site.amps is None:
        return tuple(found), ()
    return tuple(found), (Pool(POOL, site.amps, why),)


def _running(world: World, scope: str) -> ChargeNow | None:
    wish = world.settings.of(scope).charge_now
    if wish is None or (wish.until is not None and wish.until <= world.clock):
        return None
    return None if wish.energy_kwh is not None and wish.charged_kwh >= wish.energy_kwh else wish


def _claim(world: World, key: str, wish: ChargeNow, scope: str, reason: Reason) -> Claim:
    shared = scope == SITE and wish.amps is not None
    return Claim(
        key,
        "charge_now",
        modes.CHARGE_NOW + (0 if scope == SITE else modes.OWN),
        reason,
        amps=None if shared else wish.amps,
        pool=POOL if shared else None,
        tier=modes.tier(world, key),
    )


def _reason(wish: ChargeNow, clock: datetime) -> Reason:
    told = "Charging now" if wish.amps is None else f"Charging now at {wish.amps:g} A"
    ends = ["until unplugged"] if wish.until_unplugged else []
    if wish.until is not None:
        at_most = "at most " if wish.until_unplugged else ""
        ends.append(f"{at_most}until {phrases.moment(wish.until, clock)}")
    if ends:
        told += " " + ", ".join(ends)
    if wish.energy_kwh is not None:
        told += f" ({wish.charged_kwh:.1f} of {wish.energy_kwh:g} kWh)"
    return Reason("charge_now" if wish.amps is None else "charge_now_amps", told)
