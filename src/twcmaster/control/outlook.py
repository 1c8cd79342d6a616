"""What comes next, in words: "Solar until 22:00, then 16 A"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import merge

from twcmaster.control import calendar, modes, phrases
from twcmaster.model.settings import SITE, ChargeNow, Settings

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is asked for one scope now, when that changes (in UTC; None: not within a week, or not by the clock)."""

    text: str
    changes_at: datetime | None = None


def outlook(settings: Settings, scope: str, clock: datetime) -> Outlook:
    """The outlook for the site, or for a connector with what the site asks of it. Limits and the sun do not show."""
    charge_now = _charge_now(settings, scope, clock)
    if charge_now is not None and charge_now.until is None:
        then = _wanted(_without_charge_now(settings, scope), scope, clock)
        return Outlook(f"Charge now {_end(charge_now)}, then {then}")
    now = _wanted(settings, scope, clock)
    for moment in _moments(settings, scope, clock):
        then = _wanted(settings, scope, moment.astimezone(clock.tzinfo))
        if then != now:
            return Outlook(f"{_capital(now)} until {phrases.moment(moment, clock)}, then {then}", moment)
    return Outlook(_capital(now))


def _scopes(scope: str) -> tuple[str, ...]:
    """The strongest first."""
    return (scope,) if scope == SITE else (scope, SITE)


def _charge_now(settings: Settings, scope: str, clock: datetime) -> ChargeNow | None:
    for one in _scopes(scope):
        wish = settings.of(one).charge_now
        if wish is not None and (wish.until is None or wish.until > clock):
            return wish
    return None


def _wanted(settings: Settings, scope: str, clock: datetime) -> str:
    wish = _charge_now(settings, scope, clock)
    if wish is not None:
        return "charge now" if wish.amps is None else f"charge now at {wish.amps:g} A"
    for one in _scopes(scope):
        span = calendar.holding(settings.of(one).windows, clock)
        if span is not None:
            return phrases.mode(span.window.mode, span.window.amps)
    for one in _scopes(scope):
        mode = modes.in_force(settings.of(one).standing, clock)
        if mode is not None:
            return phrases.mode(mode.mode, mode.amps)
    return NOTHING


def _moments(settings: Settings, scope: str, clock: datetime) -> Iterator[datetime]:
    """Every moment to come at which something may change, in order, in UTC."""
    wishes = [settings.of(one) for one in _scopes(scope)]
    ends = [one.charge_now.until for one in wishes if one.charge_now]
    ends += [one.standing.until for one in wishes if one.standing]
    single = sorted(end.astimezone(UTC) for end in ends if end is not None and end > clock)
    return merge(single, *(calendar.boundaries(one.windows, clock) for one in wishes))


def _without_charge_now(settings: Settings, scope: str) -> Settings:
    scopes = {one: replace(settings.of(one), charge_now=None) for one in _scopes(scope)}
    return replace(settings, scopes=dict(settings.scopes) | scopes)


def _end(wish: ChargeNow) -> str:
    ends = [] if wish.energy_kwh is None else [f"until {wish.energy_kwh:g} kWh are charged"]
    return " or ".join(ends + ["until unplugged"] * wish.until_unplugged)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
