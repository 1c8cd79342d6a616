"""Settings as the API shows them, and commands as it takes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from twcmaster.api.schemas import wishes as shown
from twcmaster.api.schemas.state import Change
from twcmaster.control import calendar, phrases
from twcmaster.model import commands
from twcmaster.model.settings import ChargeNow, ScopeWishes, Settings, StandingMode, Window


def settings_view(settings: Settings) -> shown.Settings:
    """All wishes."""
    return shown.Settings(
        version=settings.version,
        scopes=[_scope(scope, wishes) for scope, wishes in sorted(settings.scopes.items())],
        save_power=[
            shown.SavePower(
                kind=signal.kind,
                value=signal.value,
                circuit=signal.circuit,
                until=signal.until,
                source=signal.source,
            )
            for signal in settings.save_power
        ],
    )


def schedule_view(settings: Settings, scope: str) -> shown.Schedule:
    """The windows of one scope."""
    windows = [_window(window) for window in settings.of(scope).windows]
    return shown.Schedule(scope=scope, windows=windows, version=settings.version)


def _scope(scope: str, wishes: ScopeWishes) -> shown.ScopeSettings:
    return shown.ScopeSettings(
        scope=scope,
        standing=_standing(wishes.standing),
        charge_now=_charge_now(wishes.charge_now),
        windows=[_window(window) for window in wishes.windows],
        priority=wishes.priority,
    )


def _standing(mode: StandingMode | None) -> shown.StandingMode | None:
    if mode is None:
        return None
    then = mode.then.mode if mode.then else None
    return shown.StandingMode(mode=mode.mode, amps=mode.amps, until=mode.until, then=then)


def _charge_now(wish: ChargeNow | None) -> shown.ChargeNow | None:
    if wish is None:
        return None
    return shown.ChargeNow(
        started_at=wish.started_at,
        amps=wish.amps,
        until=wish.until,
        energy_kwh=wish.energy_kwh,
        until_unplugged=wish.until_unplugged,
        charged_kwh=round(wish.charged_kwh, 3),
    )


def _window(window: Window) -> shown.Window:
    return shown.Window(
        id=window.id,
        days=sorted(window.days),
        start=f"{window.start:%H:%M}",
        end=f"{window.end:%H:%M}",
        mode=window.mode,
        amps=window.amps,
        enabled=window.enabled,
    )


def next_change(settings: Settings, scope: str, clock: datetime) -> Change | None:
    """The next change of a scope's mode that is already known."""
    wishes = settings.of(scope)
    moments = []
    switch = calendar.next_change(wishes.windows, clock) if wishes.windows else None
    if switch is not None:
        moments.append((switch, f"{_after(wishes, switch.astimezone(clock.tzinfo))} from"))
    standing = wishes.standing
    if standing is not None and standing.until is not None and standing.until > clock:
        then = standing.then
        moments.append((standing.until, f"{phrases.mode(then.mode, then.amps) if then else 'As the site'} from"))
    if wishes.charge_now is not None and wishes.charge_now.until is not None:
        moments.append((wishes.charge_now.until, "Charge now ends at"))
    if not moments:
        return None
    at, what = min(moments)
    return Change(at=at, text=f"{what} {phrases.moment(at, clock)}")


def _after(wishes: ScopeWishes, at: datetime) -> str:
    span = calendar.holding(wishes.windows, at)
    if span is not None:
        return phrases.mode(span.window.mode, span.window.amps)
    return phrases.mode(wishes.standing.mode, wishes.standing.amps) if wishes.standing else "As the site"


def command_of(asked: shown.Command, clock: datetime) -> commands.Command:
    """What was asked, as the program's own command."""
    match asked:
        case shown.SetMode():
            return commands.SetMode(asked.mode, asked.scope, asked.amps, asked.until, asked.then)
        case shown.ChargeNowIn():
            return _start_charge_now(asked, clock)
        case shown.CancelChargeNow():
            return commands.CancelChargeNow(asked.scope)
        case shown.SetSchedule():
            return set_schedule(asked.scope, asked.windows)
        case shown.SetPriority():
            return commands.SetPriority(asked.scope, asked.priority)
        case shown.SavePowerIn():
            return commands.SetSavePower(asked.kind, asked.value, asked.circuit, asked.until, asked.source)
        case _:
            assert_never(asked)


def _start_charge_now(asked: shown.ChargeNowIn, clock: datetime) -> commands.StartChargeNow:
    if asked.until is not None and asked.for_s is not None:
        raise commands.CommandRefused("Give either `until` or `for_s`, not both.")
    until = asked.until if asked.for_s is None else clock + timedelta(seconds=asked.for_s)
    return commands.StartChargeNow(asked.scope, asked.amps, until, asked.energy_kwh, asked.until_unplugged)


def set_schedule(scope: str, windows: Sequence[shown.WindowIn]) -> commands.SetSchedule:
    """The command that replaces all windows of a scope."""
    wanted = (
        Window(
            window.id,
            frozenset(window.days),
            window.start.replace(tzinfo=None),
            window.end.replace(tzinfo=None),
            window.mode,
            window.amps,
            window.enabled,
        )
        for window in windows
    )
    return commands.SetSchedule(tuple(wanted), scope)
