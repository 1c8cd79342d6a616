"""Which mode holds for each connector: its own or the site's, standing or by schedule.

Fixed amps and off become claims here (`amps_claims`, used by the rules "standing" and "schedule"); the rule "solar"
answers for connectors whose `strongest` mode follows the sun, with the priority and tier given here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from twcmaster.control import calendar, phrases
from twcmaster.model.plan import Claim, Pool, Reason
from twcmaster.model.settings import SITE, Mode, StandingMode
from twcmaster.model.world import World

#: A connector's own wish is this much stronger than the same kind of wish for the site.
OWN = 5
STANDING = 10
SCHEDULE = 20
CHARGE_NOW = 30


@dataclass(frozen=True, slots=True)
class ModeWish:
    """One mode that holds for one connector, with what a claim needs."""

    key: str
    mode: Mode
    #: For FIXED: amps for the scope; None: as much as the limits allow.
    amps: float | None
    #: SITE or the connector's key.
    scope: str
    priority: int
    tier: int
    #: When it ends, if it does, and what comes then, in words (empty: not known here).
    until: datetime | None = None
    then: str = ""
    by_schedule: bool = False

    @property
    def pool(self) -> str | None:
        """The budget that all connectors of the site share under this wish, if any."""
        shared = self.scope == SITE and self.mode is Mode.FIXED and self.amps is not None
        return ("schedule" if self.by_schedule else SITE) if shared else None


def strongest(world: World) -> dict[str, ModeWish]:
    """For each connector the mode that holds, schedules before standing modes. Charge-now is not a mode."""
    return standing(world) | scheduled(world)


def standing(world: World) -> dict[str, ModeWish]:
    """The standing mode of each connector that has one or whose site has one."""
    return _by_connector(world, _standing)


def scheduled(world: World) -> dict[str, ModeWish]:
    """The mode of the window that holds now, for each connector that is in one."""
    return _by_connector(world, _scheduled)


def tier(world: World, key: str) -> int:
    """The connector's place when connectors compete; lower is served first."""
    return world.settings.of(key).priority


def in_force(mode: StandingMode | None, clock: datetime) -> StandingMode | None:
    """A standing mode with its end applied."""
    if mode is not None and mode.until is not None and mode.until <= clock:
        return mode.then
    return mode


def amps_claims(wishes: Iterable[ModeWish], rule: str, clock: datetime) -> tuple[tuple[Claim, ...], tuple[Pool, ...]]:
    """The claims for what is off or fixed; modes that follow the sun are answered elsewhere."""
    claims, pools = list[Claim](), dict[str, Pool]()
    reasons: dict[str, Reason] = {}
    for wish in wishes:
        if wish.mode not in (Mode.OFF, Mode.FIXED):
            continue
        # The same for all that share the site's wish.
        reason = reasons.get(wish.scope) or Reason(f"{rule}_{wish.mode}", _say(wish, clock))
        reasons[wish.scope] = reason
        if wish.pool is not None and wish.amps is not None:
            pools[wish.pool] = Pool(wish.pool, wish.amps, reason)
        own_a = 0.0 if wish.mode is Mode.OFF else wish.amps
        amps = None if wish.pool is not None else own_a
        claims.append(Claim(wish.key, rule, wish.priority, reason, amps, wish.pool, wish.tier))
    return tuple(claims), tuple(pools.values())


def _by_connector(world: World, of: Callable[[World, str], ModeWish | None]) -> dict[str, ModeWish]:
    site = of(world, SITE)
    found = {}
    for connector in world.connectors:
        own = of(world, connector.key) if connector.key in world.settings.scopes else None
        wish = own or site
        if wish is not None:
            priority = wish.priority + (OWN if own else 0)
            found[connector.key] = _for(wish, connector.key, priority, tier(world, connector.key))
    return found


def _for(wish: ModeWish, key: str, priority: int, tier: int) -> ModeWish:
    return ModeWish(
        key, wish.mode, wish.amps, wish.scope, priority, tier, wish.until, wish.then, by_schedule=wish.by_schedule
    )


def _standing(world: World, scope: str) -> ModeWish | None:
    mode = in_force(world.settings.of(scope).standing, world.clock)
    if mode is None:
        return None
    then = ""
    if mode.until is not None:
        nothing = "nothing" if scope == SITE else "as the site"
        then = nothing if mode.then is None else phrases.mode(mode.then.mode, mode.then.amps)
    return ModeWish(scope, mode.mode, mode.amps, scope, STANDING, 0, mode.until, then)


def _scheduled(world: World, scope: str) -> ModeWish | None:
    windows = world.settings.of(scope).windows
    span = calendar.holding(windows, world.clock) if windows else None
    if span is None:
        return None
    ends = calendar.first_moment(span.end, world.clock.tzinfo)
    return ModeWish(scope, span.window.mode, span.window.amps, scope, SCHEDULE, 0, ends, by_schedule=True)


def _say(wish: ModeWish, clock: datetime) -> str:
    until = "" if wish.until is None else f" until {phrases.moment(wish.until, clock)}"
    if wish.by_schedule:
        return f"{phrases.mode(wish.mode, wish.amps)}{_for_whom(wish)} by schedule{until}"
    if wish.mode is Mode.OFF and wish.until is not None and wish.then in ("Solar", "Solar+min"):
        return f"Off{_for_whom(wish)} until {wish.then} resumes at {phrases.moment(wish.until, clock)}"
    then = f", then {wish.then}" if wish.then else ""
    fixed = "Fixed at " if wish.mode is Mode.FIXED and wish.amps is not None else ""
    return f"{fixed}{phrases.mode(wish.mode, wish.amps)}{_for_whom(wish)}{until}{then}"


def _for_whom(wish: ModeWish) -> str:
    if wish.scope != SITE:
        return " for this connector"
    return " for the site" if wish.mode is Mode.FIXED else ""
