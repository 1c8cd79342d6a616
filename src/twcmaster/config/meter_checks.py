"""What must fit together around the meters: names, roles, and enough of them for what is asked."""

from __future__ import annotations

from collections.abc import Iterator

from twcmaster.config.problems import Problem
from twcmaster.config.schema import Config
from twcmaster.model.reading import MeterRole

_SOLAR_MODES = ("solar", "solar_min")


def meter_problems(config: Config) -> Iterator[Problem]:
    """Every contradiction around meters."""
    yield from _names(config)
    yield from _users(config)
    yield from _state_of_charge(config)
    yield from _solar(config)
    yield from _watts(config)


def _names(config: Config) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, meter in enumerate(config.meter):
        if meter.name in seen:
            yield Problem(f"meter[{index}].name", f'"{meter.name}" is the name of meter[{seen[meter.name]}] too.')
        seen.setdefault(meter.name, index)


def _users(config: Config) -> Iterator[Problem]:
    wanted = (
        ("fuse", config.fuse, MeterRole.GRID),
        ("peak", config.peak, MeterRole.GRID),
        ("battery", config.battery, MeterRole.BATTERY),
    )
    roles = {meter.name: meter.role for meter in config.meter}
    for section, user, role in wanted:
        if user is None:
            continue
        if user.meter not in roles:
            known = f"There is: {', '.join(roles)}." if roles else "There is no [[meter]] at all yet."
            yield Problem(f"{section}.meter", f'there is no [[meter]] named "{user.meter}".', known)
        elif roles[user.meter] is not role:
            text = f'"{user.meter}" has the role {roles[user.meter].value}, but this needs a {role.value} meter.'
            yield Problem(f"{section}.meter", text)


def _state_of_charge(config: Config) -> Iterator[Problem]:
    battery = config.battery
    for index, meter in enumerate(config.meter):
        if battery is not None and meter.name == battery.meter and meter.soc_percent in (None, ()):
            text = "is missing, but [battery] needs it to tell who comes first."
            yield Problem(f"meter[{index}].soc_percent", text, 'For example: soc_percent = "battery.soc"')


def _solar(config: Config) -> Iterator[Problem]:
    roles = {meter.role for meter in config.meter}
    if config.control.mode in _SOLAR_MODES and not roles & {MeterRole.GRID, MeterRole.PV}:
        text = f'is "{config.control.mode}", but no meter tells the surplus.'
        yield Problem("control.mode", text, 'Add a [[meter]] with role = "grid" (best), or "pv" and "house".')
    if MeterRole.HOUSE in roles and MeterRole.PV not in roles and MeterRole.GRID not in roles:
        yield Problem("meter", "a house meter alone tells no surplus.", 'Add a [[meter]] with role = "pv".')


def _watts(config: Config) -> Iterator[Problem]:
    """The surplus is counted in watts, of every meter that tells of it; amps alone have no direction."""
    if config.control.mode not in _SOLAR_MODES:
        return
    roles = {meter.role for meter in config.meter}
    counted = {MeterRole.GRID} if MeterRole.GRID in roles else {MeterRole.PV, MeterRole.HOUSE}
    for index, meter in enumerate(config.meter):
        if meter.role in counted and meter.power_w in (None, ()):
            text = f'is missing, but mode "{config.control.mode}" counts the surplus in watts.'
            yield Problem(f"meter[{index}].power_w", text, 'For example: power_w = "total_power"')
