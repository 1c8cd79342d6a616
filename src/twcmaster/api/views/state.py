"""One snapshot as the API shows it. Pure: everything comes from the facade and the snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from twcmaster.api.ports import Facade, Snapshot
from twcmaster.api.schemas import state as shown
from twcmaster.api.views import words
from twcmaster.api.views.wishes import next_change
from twcmaster.control.expiry import drawn_w
from twcmaster.control.flow import flow
from twcmaster.control.modes import in_force
from twcmaster.model.energy import ReadingView
from twcmaster.model.history import ChargeSession
from twcmaster.model.plan import Offer, Plan
from twcmaster.model.settings import SITE, Mode, Settings
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.model.world import WallConnector, World

VIN_TAIL = 4


def state_view(facade: Facade, snapshot: Snapshot) -> shown.State:
    """Everything that the first page shows."""
    world, plan = snapshot.world, snapshot.plan
    notices = facade.live.notices
    return shown.State(
        run=facade.run_id,
        number=snapshot.number,
        at=world.clock,
        site=site_view(facade, world, plan),
        flow=flow_view(world),
        connectors=connectors_view(facade, snapshot),
        circuits=circuits_view(world, plan),
        meters=[meter_view(view, world.now) for view in world.readings.values()],
        buses=buses_view(facade, snapshot),
        alarms=[shown.Alarm(code=alarm.code, text=alarm.text) for alarm in plan.alarms],
        settings_version=facade.wishes.settings.version,
        newest_notice=notices[-1].number if notices else 0,
    )


def site_view(facade: Facade, world: World, plan: Plan) -> shown.Site:
    """The site's own words."""
    wishes = facade.wishes.settings.of(SITE)
    mode = in_force(wishes.standing, world.clock)
    change = next_change(facade.wishes.settings, SITE, world.clock)
    return shown.Site(
        name=world.site.name,
        status=words.site_status(world, plan, flow(world)),
        mode=mode.mode if mode else Mode.OFF,
        mode_amps=mode.amps if mode else None,
        mode_until=mode.until if mode else None,
        charge_now=wishes.charge_now is not None,
        next_change=change,
        prices=prices_view(world),
    )


def prices_view(world: World) -> shown.Prices | None:
    """What energy costs here."""
    prices = world.site.energy.prices
    return None if prices is None else shown.Prices(**asdict(prices))


def flow_view(world: World) -> shown.Flow:
    """Power through the house."""
    now = flow(world)
    return shown.Flow(
        solar_w=_rounded(now.solar_w, 0),
        grid_w=_rounded(now.grid_w, 0),
        house_w=_rounded(now.house_w, 0),
        battery_w=_rounded(now.battery_w, 0),
        battery_percent=_rounded(now.battery_percent, 1),
        cars_w=_rounded(now.cars_w, 0),
    )


def connectors_view(facade: Facade, snapshot: Snapshot) -> list[shown.Connector]:
    """Every wall connector."""
    offers = {offer.key: offer for offer in snapshot.plan.offers}
    units = facade.buses.units()
    running = facade.history.running()
    settings = facade.wishes.settings
    of_site = next_change(settings, SITE, snapshot.world.clock)
    return [
        _connector(c, offers.get(c.key), units.get(c.key), running.get(c.key), snapshot.world, settings, of_site)
        for c in snapshot.world.connectors
    ]


def _change_of(key: str, settings: Settings, of_site: shown.Change | None, world: World) -> shown.Change | None:
    """The next change of a connector: its own, or the site's where it follows the site."""
    own = next_change(settings, key, world.clock)
    followed = of_site if in_force(settings.of(key).standing, world.clock) is None else None
    return min((one for one in (own, followed) if one is not None), key=lambda one: one.at, default=None)


def _connector(
    connector: WallConnector,
    offer: Offer | None,
    unit: UnitFacts | None,
    running: ChargeSession | None,
    world: World,
    settings: Settings,
    of_site: shown.Change | None,
) -> shown.Connector:
    wishes = settings.of(connector.key)
    standing = in_force(wishes.standing, world.clock)
    return shown.Connector(
        key=connector.key,
        id=connector.key.rpartition("/")[2],
        name=connector.name,
        bus=connector.bus,
        circuit=connector.circuit,
        protocol=connector.protocol,
        presence=connector.presence,
        heard_age_s=None if connector.heard_at is None else round(world.now - connector.heard_at, 1),
        activity=connector.activity,
        state=words.connector_state(connector, offer, world.now),
        car=shown.Car(plugged=connector.plugged, vin_tail=_tail(unit)),
        offered_a=None if offer is None else offer.amps,
        target_a=None if offer is None else offer.target_a,
        drawn_a=_rounded(connector.actual_a, 2),
        power_w=None if connector.actual_a is None else round(drawn_w(world.site, connector)),
        may_draw_a=None if offer is None else round(offer.may_draw_a, 2),
        reported_limit_a=_rounded(connector.echo_a, 2),
        limit_a=connector.limit_a,
        minimum_a=connector.minimum_a,
        phases=list(connector.phases),
        phase_a=connector.phase_a,
        volts=unit.volts if unit else None,
        wish=None if offer is None else words.why(offer.wish),
        limits=[] if offer is None else [words.why(limit) for limit in offer.limits],
        mode=standing.mode if standing else None,
        charge_now=wishes.charge_now is not None,
        next_change=_change_of(connector.key, settings, of_site, world),
        priority=wishes.priority,
        can_stop=connector.can_stop,
        duplicate=connector.duplicate,
        session=_session(running),
        lifetime_kwh=unit.lifetime_kwh if unit else None,
        firmware=unit.firmware if unit else None,
        serial=unit.serial if unit else None,
        model=unit.model if unit else None,
        link=_link(unit),
    )


def _tail(unit: UnitFacts | None) -> str | None:
    return unit.vin[-VIN_TAIL:] if unit and unit.vin else None


def _session(running: ChargeSession | None) -> shown.RunningSession | None:
    if running is None:
        return None
    return shown.RunningSession(
        started_at=running.started_at,
        energy_kwh=round(running.energy_kwh, 3),
        solar_kwh=_rounded(running.solar_kwh, 3),
        charging_s=round(running.charging_s),
        peak_a=round(running.peak_a, 1),
    )


def _link(unit: UnitFacts | None) -> shown.LinkQuality | None:
    if unit is None:
        return None
    mean_ms = None if unit.reply_mean_s is None else round(unit.reply_mean_s * 1000, 1)
    return shown.LinkQuality(
        beats=unit.beats, answers=unit.answers, missed=unit.missed, late=unit.late, reply_mean_ms=mean_ms
    )


def circuits_view(world: World, plan: Plan) -> list[shown.Circuit]:
    """Every circuit that the plan speaks of."""
    facts = world.site.circuits
    return [
        shown.Circuit(
            name=load.name,
            parent=facts[load.name].parent if load.name in facts else None,
            limit_a=load.limit_a,
            may_draw_a=round(load.may_draw_a, 2),
            drawn_a=round(load.drawn_a, 2),
            volts=facts[load.name].volts if load.name in facts else 0.0,
            phases=list(facts[load.name].phases) if load.name in facts else [],
        )
        for load in plan.circuits
    ]


def meter_view(view: ReadingView, now: float) -> shown.Meter:
    """One meter and what it said last."""
    reading, age_s = view.reading, view.age_s(now)
    return shown.Meter(
        name=view.facts.name,
        role=view.facts.role,
        power_w=reading.power_w if reading else None,
        phase_a=reading.phase_a if reading else None,
        volts=reading.volts if reading else None,
        soc_percent=reading.soc_percent if reading else None,
        energy_kwh=reading.energy_kwh if reading else None,
        age_s=_rounded(age_s, 1),
        every_s=view.facts.every_s,
        includes_charger=view.facts.includes_charger,
        problem=view.problem,
    )


def buses_view(facade: Facade, snapshot: Snapshot) -> list[shown.Bus]:
    """Every bus."""
    return [bus_view(name, facade.buses.health(name), snapshot.world.connectors) for name in facade.buses.names()]


def bus_view(name: str, health: Mapping[str, object], connectors: Sequence[WallConnector]) -> shown.Bus:
    """One bus."""
    mine = [c for c in connectors if c.bus == name]
    return shown.Bus(
        name=name,
        role="listen" if health.get("role") == "listen" else "master",
        link=str(health.get("link", "")),
        connected=bool(health.get("connected")),
        reconnects=_whole(health, "reconnects"),
        frames_received=_whole(health, "frames_received"),
        frames_damaged=_whole(health, "frames_damaged"),
        bytes_received=_whole(health, "bytes_received"),
        second_master=bool(health.get("second_master")),
        finding=words.findings(health, mine)[0],
    )


def plan_view(snapshot: Snapshot) -> shown.Plan:
    """The newest decision with its reasons."""
    world, plan = snapshot.world, snapshot.plan
    return shown.Plan(
        number=snapshot.number,
        at=world.clock,
        offers=[_offer(offer) for offer in plan.offers],
        circuits=circuits_view(world, plan),
        alarms=[shown.Alarm(code=alarm.code, text=alarm.text) for alarm in plan.alarms],
    )


def _offer(offer: Offer) -> shown.PlannedOffer:
    return shown.PlannedOffer(
        key=offer.key,
        amps=offer.amps,
        target_a=offer.target_a,
        may_draw_a=round(offer.may_draw_a, 2),
        wish=words.why(offer.wish),
        limits=[words.why(limit) for limit in offer.limits],
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _whole(health: Mapping[str, object], key: str) -> int:
    value = health.get(key)
    return int(value) if isinstance(value, int | float) else 0
