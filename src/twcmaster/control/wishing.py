"""Whose wish counts: the strongest claim for each connector, and the budgets that claims share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from twcmaster.control import modes, solar, sunlit
from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance
from twcmaster.control.memory import Held
from twcmaster.control.observe import cannot_stop
from twcmaster.control.rules import charge_now, schedule, standing
from twcmaster.control.rules import solar as solar_rule
from twcmaster.control.sun import Sun
from twcmaster.model.plan import Claim, Pool, Reason
from twcmaster.model.world import World

RULES = (charge_now.claims, schedule.claims, standing.claims)

NO_WISH = Claim("", "none", -1, Reason("no_wish", "Nothing asks for charging now"), amps=0.0)


def wishes_of(
    world: World, held: Mapping[str, Held], sight: Balance, sun: Sun
) -> tuple[dict[str, Claim], tuple[Pool, ...], Sun]:
    """The strongest claim for each connector, the budgets, and how the sun is followed for those that it feeds."""
    wishes: dict[str, Claim] = {}
    pools: list[Pool] = []
    for rule in RULES:
        claims, budgets = rule(world)
        pools.extend(budgets)
        _take_stronger(wishes, claims)
    sunny = _sunny(world, wishes)
    if not sunny and not sun.running:
        return wishes, tuple(pools), sun if sun.at is None else replace(sun, at=None)
    stuck = frozenset(c.key for c in world.connectors if c.key in held and cannot_stop(world, c, held[c.key]))
    runners = sunlit.runners(world, held, sunny, stuck)
    left_w = sunlit.left_for_sun_w(sight.surplus_w, sunlit.draws(world, held), runners)
    sun = solar.follow(sun, runners, left_w, world.now, world.clock.date())
    claims, budgets = solar_rule.claims(sunny, runners, sun, left_w, sight.problem)
    _take_stronger(wishes, claims)
    return wishes, (*pools, *budgets), sun


def _take_stronger(wishes: dict[str, Claim], claims: Iterable[Claim]) -> None:
    """Claims that beat what is there; the earlier one wins a tie."""
    for claim in claims:
        if claim.key not in wishes or claim.priority > wishes[claim.key].priority:
            wishes[claim.key] = claim


def _sunny(world: World, wishes: Mapping[str, Claim]) -> dict[str, modes.ModeWish]:
    """The connectors whose strongest wish is to follow the sun."""
    return {
        key: wish
        for key, wish in modes.strongest(world).items()
        if wish.mode in sunlit.SOLAR_MODES and (key not in wishes or wish.priority > wishes[key].priority)
    }


def budgets_of(wishes: Mapping[str, Claim], pools: Sequence[Pool]) -> tuple[Constraint, ...]:
    """The budgets as limits for those whose wish shares them."""
    return tuple(
        Constraint(
            pool.name,
            pool.budget_a,
            frozenset(k for k, w in wishes.items() if w.pool == pool.name),
            pool.reason,
            pool.weights,
        )
        for pool in pools
    )
