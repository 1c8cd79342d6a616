"""How decisions speak: short words for times, amps and modes, in the site's own clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from twcmaster.model.settings import Mode

_MODES = {Mode.OFF: "Off", Mode.FIXED: "Full power", Mode.SOLAR: "Solar", Mode.SOLAR_MIN: "Solar+min"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime, clock: datetime) -> str:
    """`at` as a person says it at `clock`: "21:30" within a day, "Tue 21:30" within the week, else "3 Aug 21:30"."""
    local = at.astimezone(clock.tzinfo)
    ahead = local - clock
    told = f"{local.hour}:{local.minute:02}"
    if abs(ahead) < timedelta(days=1):
        return told
    if timedelta(0) <= ahead < timedelta(days=7):
        return f"{_DAYS[local.weekday()]} {told}"
    return f"{local.day} {_MONTHS[local.month - 1]} {told}"


def mode(what: Mode, amps: float | None = None) -> str:
    """A mode in a word or two; fixed ones by their amps."""
    return f"{amps:g} A" if what is Mode.FIXED and amps is not None else _MODES[what]


def kilowatts(power_w: float) -> str:
    """Power with one decimal under 10 kW, none above."""
    kilo = power_w / 1000
    return f"{kilo:.1f} kW" if kilo < 10 else f"{kilo:.0f} kW"  # noqa: PLR2004 - one decimal under ten


def watts(power_w: float) -> str:
    """Power to the watt, with its sign: "-2,310 W"; small ones as they are."""
    return f"{power_w:,.0f} W" if abs(power_w) >= 100 else f"{round(power_w, 3):g} W"  # noqa: PLR2004 - three digits
