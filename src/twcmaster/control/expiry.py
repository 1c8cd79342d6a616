"""Wishes that end: charge-now by time, energy or unplugging, temporary modes, save-power signals.

`note` keeps what charge-now must know of the cars in the settings themselves, so that a restart loses little of it;
`expire` takes out what is over and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from twcmaster.control import ledger, modes, phrases, save_power
from twcmaster.control.commands import CHARGE_NOW_LASTS, with_scope
from twcmaster.model.settings import SITE, ChargeNow, ScopeWishes, Settings
from twcmaster.model.site import Site
from twcmaster.model.world import Presence, WallConnector, World

#: Readings further apart than this say nothing about the time between them.
LONGEST_STEP_S = 10.0
#: A unit that does not tell the plug shows an absent car and a sleeping one alike; cars do not sleep while charging.
GONE_FOR = timedelta(minutes=10)
#: Measured per-phase amps say from here on which phases carry current.
TELLING_A = 1.0
_J_PER_KWH = 3_600_000.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A wish that is over: whose, what kind ("charge_now", "mode", "save_power"), and a sentence for people."""

    scope: str
    kind: str
    text: str


def note(world: World, elapsed_s: float) -> Settings:
    """The settings with each charge-now brought up to date; `elapsed_s` since it was last. The version stays."""
    settings = world.settings
    for scope, wishes in world.settings.scopes.items():
        if wishes.charge_now is not None:
            noted = _noted(wishes.charge_now, connectors_of(world, scope), world, elapsed_s)
            if noted != wishes.charge_now:
                settings = with_scope(settings, scope, replace(wishes, charge_now=noted))
    return settings


def expire(world: World) -> tuple[Settings, tuple[Ended, ...]]:
    """The settings without what is over, and what that was. The same value and nothing when all goes on."""
    settings, ended = world.settings, list[Ended]()
    for scope, wishes in world.settings.scopes.items():
        kept = _expire_mode(_expire_charge_now(wishes, scope, world, ended), scope, world.clock, ended)
        if kept != wishes:
            settings = with_scope(settings, scope, kept)
    signals = tuple(signal for signal in settings.save_power if save_power.in_force(signal, world.clock))
    over = [signal for signal in settings.save_power if signal not in signals]
    ended += [Ended(signal.circuit or SITE, "save_power", _no_more(signal.source)) for signal in over]
    if not ended:
        return world.settings, ()
    return replace(settings, save_power=signals, version=settings.version + 1), tuple(ended)


def connectors_of(world: World, scope: str) -> tuple[WallConnector, ...]:
    """The connectors that a scope stands for."""
    return tuple(c for c in world.connectors if scope in (SITE, c.key))


def drawn_w(site: Site, connector: WallConnector) -> float:
    """Watts that the car draws, by the unit's own amps and the circuit's volts; 0 for what is not known."""
    return ledger.drawn_a(connector) * _phases_used(connector) * site.circuits[connector.circuit].volts


def _phases_used(connector: WallConnector) -> float:
    """How many of its phases carry the current. Amps per phase are asked for now and then only: as shares they last."""
    if connector.phase_a is None or max(connector.phase_a) < TELLING_A:
        return len(connector.phases)
    return sum(connector.phase_a) / max(connector.phase_a)


def _noted(wish: ChargeNow, connectors: Sequence[WallConnector], world: World, elapsed_s: float) -> ChargeNow:
    step_s = elapsed_s if 0 < elapsed_s <= LONGEST_STEP_S else 0.0
    energy_j = step_s * sum(drawn_w(world.site, c) for c in connectors if c.presence is Presence.ONLINE)
    if energy_j:
        wish = replace(wish, charged_kwh=wish.charged_kwh + energy_j / _J_PER_KWH)
    if any(ledger.has_car(c) for c in connectors):
        return wish if wish.car_seen and wish.gone_since is None else replace(wish, car_seen=True, gone_since=None)
    if wish.gone_since is None and wish.car_seen and connectors and all(_shows_no_car(c) for c in connectors):
        return replace(wish, gone_since=world.clock.astimezone(UTC))
    return wish


def _shows_no_car(connector: WallConnector) -> bool:
    """Whether an answer says that no car is there: silence says nothing."""
    return connector.presence is Presence.ONLINE and connector.activity is not None


def _expire_charge_now(wishes: ScopeWishes, scope: str, world: World, ended: list[Ended]) -> ScopeWishes:
    wish = wishes.charge_now
    why = None if wish is None else _why_over(wish, connectors_of(world, scope), world.clock)
    if why is None:
        return wishes
    ended.append(Ended(scope, "charge_now", f"Charge now has ended: {why}"))
    return replace(wishes, charge_now=None)


def _why_over(wish: ChargeNow, connectors: Sequence[WallConnector], clock: datetime) -> str | None:
    if wish.until is not None and wish.until <= clock:
        return f"it was set until {phrases.moment(wish.until, clock)}"
    if wish.energy_kwh is not None and wish.charged_kwh >= wish.energy_kwh:
        return f"{wish.charged_kwh:.1f} kWh charged"
    if not wish.until_unplugged:
        return None
    if wish.gone_since is not None:
        sure = bool(connectors) and all(c.plugged is False for c in connectors)
        return "the car was unplugged" if sure or clock - wish.gone_since >= GONE_FOR else None
    waited = not wish.car_seen and clock - wish.started_at >= CHARGE_NOW_LASTS
    return "no car came within 24 hours" if waited else None


def _expire_mode(wishes: ScopeWishes, scope: str, clock: datetime, ended: list[Ended]) -> ScopeWishes:
    mode = wishes.standing
    then = modes.in_force(mode, clock)
    if mode is None or then is mode:
        return wishes
    now = "no mode of its own" if then is None else phrases.mode(then.mode, then.amps)
    ended.append(Ended(scope, "mode", f"{phrases.mode(mode.mode, mode.amps)} has ended as set, now {now}"))
    return replace(wishes, standing=then)


def _no_more(source: str) -> str:
    return f"Save power has ended ({source})" if source else "Save power has ended"
