"""The world seen through what is remembered: everything that the steps of one decision share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twcmaster.control import balance, circuits, guards, ledger, save_power, sunlit
from twcmaster.control.absent import absent
from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance
from twcmaster.control.fuse import Guard
from twcmaster.control.memory import Held, Memory
from twcmaster.control.observe import observe
from twcmaster.control.peak import Peak
from twcmaster.control.sun import Sun
from twcmaster.control.wishing import budgets_of, wishes_of
from twcmaster.model.plan import Claim
from twcmaster.model.world import WallConnector, World


@dataclass(frozen=True, slots=True)
class Scene:
    """The world seen through the ledger: what the steps of one decision share."""

    world: World
    #: Connectors that have answered; those that have not yet, and those that have vanished, only block raises.
    known: tuple[WallConnector, ...]
    absent: tuple[WallConnector, ...]
    held: Mapping[str, Held]
    may_draw_a: Mapping[str, float]
    wishes: Mapping[str, Claim]
    conductors: tuple[Constraint, ...]
    budgets: tuple[Constraint, ...]
    balance: Balance
    sun: Sun
    guard: Guard
    peak: Peak
    #: Limits that the meters set: as hard as conductors, but no fault of the wiring when the house exceeds them.
    guards: tuple[Constraint, ...]


def look(world: World, memory: Memory) -> Scene:
    """What one decision goes by."""
    known = tuple(c for c in world.connectors if c.heard_at is not None)
    held = {c.key: observe(c, memory.held.get(c.key), world) for c in known}
    gone = absent(world, memory)
    unheard = tuple(c for c in (*world.connectors, *gone) if c.key not in held)
    past = {c.key: memory.held[c.key] for c in unheard if c.key in memory.held}
    may_draw = {c.key: ledger.may_draw_a(c, held[c.key], world.now) for c in known}
    may_draw |= _may_draw_unheard(unheard, past, world.now)
    sight = _sight(world, held, memory.balance)
    wishes, pools, sun = wishes_of(world, held, sight, memory.sun)
    members = tuple(c for c in world.connectors if c.key in may_draw)
    conductors = circuits.conductors(world.site, (*members, *gone))
    budgets = _among(may_draw, (*budgets_of(wishes, pools), *save_power.constraints(world)))
    guard, hard = guards.of_fuse(world, held, sight, memory.guard, members)
    spent, soft = guards.of_peak(world, held, sight, memory.peak, members)
    limits = (conductors, (*budgets, *soft))
    return Scene(world, known, gone, held | past, may_draw, wishes, *limits, sight, sun, guard, spent, hard)


def _may_draw_unheard(connectors: Sequence[WallConnector], past: Mapping[str, Held], now: float) -> dict[str, float]:
    """What those may draw that have not answered since they were found, or have vanished: what they held, else all."""
    return {
        c.key: ledger.may_draw_a(c, past[c.key], now) if c.key in past else c.limit_a
        for c in connectors
        if not ledger.gone_for_good(c, now)
    }


def _sight(world: World, held: Mapping[str, Held], before: Balance) -> Balance:
    """The balance of the site; without any meter it stays as unknown as it was."""
    if before.problem and not world.site.energy.meters:
        return before
    return balance.observe(world, sunlit.draws(world, held), before)


def _among(keys: Mapping[str, float], budgets: Sequence[Constraint]) -> tuple[Constraint, ...]:
    return tuple(replace(budget, members=budget.members & keys.keys()) for budget in budgets)
