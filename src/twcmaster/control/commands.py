"""Commands applied to settings: pure, one step each, or refused with a reason that says what would make sense.

A command is checked against what is known of the site, so that a slip of the finger is told at once; safety does not
rest on it, because limits are applied to every decision whatever the settings say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite

from twcmaster.control.known import Known
from twcmaster.control.reach import LONGEST, has_passed, too_far
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    CommandRefused,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.settings import (
    SITE,
    ChargeNow,
    Mode,
    SaveKind,
    SavePower,
    ScopeWishes,
    Settings,
    StandingMode,
    Window,
)

CHARGE_NOW_LASTS = timedelta(hours=24)
#: No car's battery is larger; a slip of the decimal point is told at once.
MOST_KWH = 1000.0
MOST_W = 1_000_000.0
LAST_PRIORITY = 99
#: Bounds on what one document holds: far more than anybody needs, far less than hurts.
MOST_WINDOWS = 200
MOST_SIGNALS = 50
LONGEST_NAME = 60


def initial(mode: Mode, amps: float | None = None) -> Settings:
    """The settings of a new installation: nothing but the site's standing mode."""
    return Settings(scopes={SITE: ScopeWishes(standing=StandingMode(mode, amps if mode is Mode.FIXED else None))})


def apply(settings: Settings, command: Command, now: datetime, known: Known) -> Settings:
    """The settings after `command`; the very same value when it changes nothing. `now` is aware.

    Raises CommandRefused, and nothing else.
    """
    changed = _applied(settings, command, now, known)
    return settings if changed == settings else replace(changed, version=settings.version + 1)


def _applied(settings: Settings, command: Command, now: datetime, known: Known) -> Settings:
    if isinstance(command, SetSavePower):
        return _save_power(settings, command, now, known)
    scope = known.scope(command.scope, settings.scopes)
    wishes = settings.of(scope)
    match command:
        case SetMode():
            wishes = replace(wishes, standing=_standing(wishes.standing, command, scope, now, known))
        case StartChargeNow():
            wishes = replace(wishes, charge_now=_charge_now(command, scope, now, known))
        case CancelChargeNow():
            wishes = replace(wishes, charge_now=None)
        case SetSchedule():
            wishes = replace(wishes, windows=_windows(command.windows, scope, known))
        case SetPriority():
            wishes = replace(wishes, priority=_priority(command, scope))
    return with_scope(settings, scope, wishes)


def with_scope(settings: Settings, scope: str, wishes: ScopeWishes) -> Settings:
    """The settings with one scope's wishes replaced; a scope without any is left out."""
    scopes = {key: kept for key, kept in settings.scopes.items() if key != scope}
    if wishes != ScopeWishes():
        scopes[scope] = wishes
    return replace(settings, scopes=scopes)


# ── modes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _standing(
    before: StandingMode | None, command: SetMode, scope: str, now: datetime, known: Known
) -> StandingMode | None:
    if command.mode is None:
        _check_following(command, scope)
        return None
    _check_sun(command, known)
    _check_amps(command.mode, command.amps, scope, known)
    if command.until is None:
        if command.then is not None:
            raise CommandRefused(f"{command.then} comes after a mode that ends. Say until when, too.")
        return StandingMode(command.mode, command.amps)
    until = _checked_until(command.until, now)
    if command.then is Mode.FIXED:
        raise CommandRefused("What comes after can be off, solar or solar_min. Without it, the mode before comes back.")
    lasting = before.then if before is not None and before.until is not None else before
    then = lasting if command.then is None else StandingMode(command.then)
    return StandingMode(command.mode, command.amps, until, then)


def _check_following(command: SetMode, scope: str) -> None:
    if scope == SITE:
        raise CommandRefused(f"The site always has a mode: {_all_modes()}.")
    if command.amps is not None or command.until is not None or command.then is not None:
        raise CommandRefused("A connector that follows the site takes amps and times from it. Leave them out.")


def _check_sun(command: SetMode, known: Known) -> None:
    if not known.surplus and {command.mode, command.then} & {Mode.SOLAR, Mode.SOLAR_MIN}:
        raise CommandRefused(
            "No meter tells here what the sun leaves over. Describe a grid or pv meter in the config first, "
            "or choose off or fixed."
        )


def _all_modes() -> str:
    return ", ".join(Mode)


def _check_amps(mode: Mode, amps: float | None, scope: str, known: Known) -> None:
    if amps is None:
        return
    if mode is not Mode.FIXED:
        raise CommandRefused(f"Amps go with fixed, not with {mode}. Say fixed, or leave the amps out.")
    _check_range(amps, scope, known)


def _check_range(amps: float, scope: str, known: Known) -> None:
    if not isfinite(amps) or amps <= 0:
        raise CommandRefused(f"{amps:g} A makes no sense. Give a number above 0, or set the mode off.")
    allowed = known.range_of(scope)
    if allowed is None:
        return
    whom = "The site" if scope == SITE else scope
    if amps < allowed.minimum_a:
        raise CommandRefused(f"{amps:g} A is too little: no car charges below {allowed.minimum_a:g} A here.")
    if amps > allowed.limit_a:
        text = f"{whom} cannot have {amps:g} A: {allowed.because} {allowed.limit_a:g} A."
        raise CommandRefused(f"{text} Give {allowed.minimum_a:g} to {allowed.limit_a:g} A.")


def _checked_until(until: datetime, now: datetime) -> datetime:
    """The time in UTC, in which no hour comes twice."""
    if until.utcoffset() is None:
        raise CommandRefused("The time has no zone. Write it like 2026-06-21T18:30+02:00.")
    if until <= now:
        raise has_passed()
    if until - now > LONGEST:
        raise too_far()
    return until.astimezone(UTC)


# ── charge now, windows, priority ────────────────────────────────────────────────────────────────────────────────────


def _charge_now(command: StartChargeNow, scope: str, now: datetime, known: Known) -> ChargeNow:
    energy_kwh = command.energy_kwh
    if command.amps is not None:
        _check_range(command.amps, scope, known)
    until = None if command.until is None else _checked_until(command.until, now)
    if energy_kwh is not None and not 0 < energy_kwh <= MOST_KWH:
        raise CommandRefused(f"{energy_kwh:g} kWh makes no sense. Give more than 0 and at most {MOST_KWH:g} kWh.")
    if until is None and energy_kwh is None and not command.until_unplugged:
        until = now.astimezone(UTC) + CHARGE_NOW_LASTS
    return ChargeNow(now.astimezone(UTC), command.amps, until, energy_kwh, command.until_unplugged)


def _windows(windows: tuple[Window, ...], scope: str, known: Known) -> tuple[Window, ...]:
    if len(windows) > MOST_WINDOWS:
        raise CommandRefused(f"{len(windows)} windows are too many: at most {MOST_WINDOWS} each.")
    taken = {window.id for window in windows if window.id}
    if len(taken) < sum(bool(window.id) for window in windows):
        raise CommandRefused("Two windows have the same id. Leave the id of new windows empty.")
    numbered = []
    for window in windows:
        _check_window(window, scope, known)
        numbered.append(window if window.id else replace(window, id=_free_id(taken)))
    return tuple(numbered)


def _free_id(taken: set[str]) -> str:
    """The lowest number not in `taken`, which then has it."""
    number = next(n for n in range(1, len(taken) + 2) if str(n) not in taken)
    taken.add(str(number))
    return str(number)


def _check_window(window: Window, scope: str, known: Known) -> None:
    if not window.days or not window.days <= frozenset(range(7)):
        raise CommandRefused("A window needs at least one day: 0 for Monday to 6 for Sunday.")
    if window.start.tzinfo is not None or window.end.tzinfo is not None:
        raise CommandRefused("Windows are in the site's own time. Write times like 22:00, without a zone.")
    _check_name(window.id, "id of a window")
    _check_amps(window.mode, window.amps, scope, known)


def _check_name(text: str, what: str) -> None:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise CommandRefused(f"The {what} is too long or has signs that cannot be shown: at most {LONGEST_NAME}.")


def _priority(command: SetPriority, scope: str) -> int:
    if scope == SITE:
        raise CommandRefused("Priorities tell connectors apart. Name one.")
    if not 0 <= command.priority <= LAST_PRIORITY:
        raise CommandRefused(f"Priorities go from 0 (served first) to {LAST_PRIORITY}.")
    return command.priority


# ── save power ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _save_power(settings: Settings, command: SetSavePower, now: datetime, known: Known) -> Settings:
    if command.circuit is not None and command.circuit not in known.circuits:
        raise CommandRefused(f'There is no circuit "{command.circuit}". There are {", ".join(known.circuits)}.')
    _check_name(command.source, "name of the source")
    others = tuple(_without(settings.save_power, command.circuit, command.source))
    if command.kind is None:
        return replace(settings, save_power=others)
    until = None if command.until is None else _checked_until(command.until, now)
    if len(others) >= MOST_SIGNALS:
        raise CommandRefused(f"{MOST_SIGNALS} save-power signals are in force already. End one of them first.")
    value = 0.0 if command.kind is SaveKind.OFF else command.value
    if not 0 <= value <= MOST_W:
        raise CommandRefused(f"{value:g} makes no sense. Give amps or watts from 0 on.")
    signal = SavePower(command.kind, value, command.circuit, until, command.source)
    return settings if signal in settings.save_power else replace(settings, save_power=(*others, signal))


def _without(signals: Iterable[SavePower], circuit: str | None, source: str) -> Iterable[SavePower]:
    return (signal for signal in signals if (signal.circuit, signal.source) != (circuit, source))
