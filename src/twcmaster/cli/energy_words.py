"""What a config says of meters, what they are used for, and the page: a short line each, for `twcmaster check`."""

from __future__ import annotations

from collections.abc import Iterator

from twcmaster.config.schema import Config
from twcmaster.model.energy import BatteryFacts, EnergyFacts, FuseFacts, PeakFacts, Prices


def energy_lines(config: Config, energy: EnergyFacts) -> Iterator[str]:
    """Meters, fuse, peak, battery and prices, as far as there are any."""
    for meter in config.meter:
        yield f"meter {meter.name}: {meter.role}, every {meter.every_s:g} s, {meter.source}"
    if energy.fuse is not None:
        yield _fuse(energy.fuse)
    if energy.peak is not None:
        yield _peak(energy.peak)
    if energy.battery is not None:
        yield _battery(energy.battery)
    if energy.prices is not None:
        yield _prices(energy.prices)


def page_line(config: Config) -> str:
    """Where the page and the API are, and for whom."""
    web = config.web
    if not web.enabled:
        return "Page:   none"
    scheme = "http" if web.tls_cert is None else "https"
    where = f"{web.host or 'every address of this computer'}, port {web.port}"
    return f"Page:   {scheme} on {where}, {'with login' if web.auth == 'password' else 'without login'}"


def _fuse(fuse: FuseFacts) -> str:
    phases = "/".join(f"L{phase}" for phase in fuse.phases)
    return f"main fuse: {fuse.fuse_a:g} A on {phases}, watched by {fuse.meter}"


def _peak(peak: PeakFacts) -> str:
    return f"peak: at most {peak.limit_w / 1000:g} kW in each {peak.interval_s / 60:g} min, by {peak.meter}"


def _battery(battery: BatteryFacts) -> str:
    first = f"comes first below {battery.car_from_soc:g} %" if battery.car_from_soc else "cars always come first"
    feeds = "may" if battery.discharge_to_car else "does not"
    return f"battery: {first}, {feeds} feed cars, by {battery.meter}"


def _prices(prices: Prices) -> str:
    told = f"{prices.grid_per_kwh:g} {prices.currency}/kWh from the grid, {prices.feed_in_per_kwh:g} for feeding in"
    return f"prices: {told}"
