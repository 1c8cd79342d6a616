"""Where scenarios are played: the production graph on a virtual site, in virtual time.

`EVENTS` and `CHECKS` are the words of the stories. A check gives what is the case instead, or None when all is well.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from tests.scenarios.script import Actor, Phrase, Row, Script, id_of
from twcmaster import app
from twcmaster.cli import wishes as command_line
from twcmaster.config.meters import MeterSection
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.model.plan import Offer
from twcmaster.model.settings_json import encode
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.runtime.wishes_operations import wishes_operations
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.house import HomeBattery, SimMeter
from twcmaster.sim.site import UnitSample, VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Day, Trace, constant

CHARGES_A = 4.0


class Stage:
    """A running site that a story is played on."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.day = Day(constant(0.0), constant(0.0))
        self.site = VirtualSite(self._plan())
        self.meters: dict[str, SimMeter] = {}
        zone = ZoneInfo(script.config.site.timezone)
        self.begun = script.start.replace(tzinfo=zone)
        self.clock_offset = timedelta()
        self.begun_at = asyncio.get_running_loop().time()
        self.options = app.Options(link_of=self._link, meter_of=self._meter, clock=self.clock, pick_sign=lambda: 0x77)
        self.graph = app.Graph(script.config, self.options)

    def _plan(self) -> SitePlan:
        units = tuple(self._unit(actor) for actor in self.script.actors)
        start = self.script.start
        begun_s = start.hour * 3600.0 + start.minute * 60 + start.second
        soc = self.script.battery_percent
        battery = None if soc is None else HomeBattery(soc_percent=soc)
        return SitePlan((BusPlan("garage", units),), self.day, battery, volts=230.0, start_s=begun_s)

    def _unit(self, actor: Actor) -> UnitPlan:
        unit_id = id_of(self.script.actors, actor.name)
        settings = ConnectorSettings(unit_id, unit_id & 0xFF, actor.protocol, 3200, volts=(230, 0, 0))
        spec = CarSpec(
            actor.name,
            actor.battery_kwh,
            max_a=actor.takes_a,
            volts=230.0,
            underdraw=0.0,
            taper_from_percent=100.0,
        )
        return UnitPlan(settings, spec)

    def _link(self, url: str, check: Checker, refused: Refusal) -> GuardedLink:
        return GuardedLink(self.site.memory_link("garage"), check, refused)

    def _meter(self, section: MeterSection, clock: Callable[[], datetime]) -> SimMeter:
        meter = self.site.meter(section.role, section.every_s, sees_cars=section.includes_charger)
        self.meters[section.name] = meter
        return meter

    @property
    def elapsed_s(self) -> float:
        return asyncio.get_running_loop().time() - self.begun_at

    def clock(self) -> datetime:
        moment = self.begun.astimezone(UTC) + timedelta(seconds=self.elapsed_s) + self.clock_offset
        return moment.astimezone(self.begun.tzinfo)

    def unit(self, who: str) -> UnitSample:
        unit_id = id_of(self.script.actors, who)
        return next(unit for unit in self.site.sample().units if unit.unit_id == unit_id)

    def offer(self, who: str) -> Offer:
        newest = self.graph.hub.newest
        assert newest is not None, "nothing has been decided yet"
        key = f"garage/{id_of(self.script.actors, who):04X}"
        return next(offer for offer in newest.plan.offers if offer.key == key)

    def reasons(self, who: str) -> str:
        offer = self.offer(who)
        return "; ".join(reason.text for reason in (offer.wish, *offer.limits))

    def state(self, who: str) -> str:
        return f"{who} is offered {self.offer(who).amps} A, draws {self.unit(who).draw_a:.1f} A: {self.reasons(who)}"

    def fill(self, trace: Trace, value_w: float, until: str | None) -> None:
        """From now on so much; or in a straight line until then."""
        watts, length = trace.watts, len(trace.watts)
        now_s = round(self.site.clock.day_s(asyncio.get_running_loop().time()))
        ramp_s = 1 if until is None else _seconds(until) - now_s
        assert ramp_s > 0, f"{until} has passed already"
        first_w = watts[now_s % length]
        for second in range(length - 1):
            share = min(1.0, (second + 1) / ramp_s)
            watts[(now_s + 1 + second) % length] = first_w + (value_w - first_w) * share


def _seconds(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


# ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────────


def sun(stage: Stage, watts: str, until: str | None = None) -> None:
    stage.fill(stage.day.pv, float(watts), until)


def house(stage: Stage, watts: str, until: str | None = None) -> None:
    stage.fill(stage.day.load, float(watts), until)


def arrives(stage: Stage, who: str) -> None:
    stage.site.cars[who].plug_in(asyncio.get_running_loop().time(), 0.0)


def leaves(stage: Stage, who: str) -> None:
    stage.site.cars[who].unplug()


def meter_dies(stage: Stage, meter: str) -> None:
    stage.meters[meter].broken = "no answer"


def meter_answers(stage: Stage, meter: str) -> None:
    stage.meters[meter].broken = None


def battery(stage: Stage, percent: str) -> None:
    assert stage.site.house.battery is not None, "there is no battery in this house: say battery_percent"
    stage.site.house.battery.soc_percent = float(percent)


def clock_is_set(stage: Stage, time: str) -> None:
    now = stage.clock()
    hours, minutes = (int(part) for part in time.split(":"))
    stage.clock_offset += now.replace(hour=hours, minute=minutes, second=0) - now


async def person(stage: Stage, command: str) -> None:
    """Somebody uses the command line; it must be accepted."""
    asked: list[Mapping[str, Any]] = []

    class Daemon:
        def __init__(self, path: object) -> None: ...
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None: ...
        def ask(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
            if operation == "set":
                asked.append(arguments)
            shown = {"text": "done", "scope": arguments.get("scope", "site"), "outlook": ""}
            return shown | {"settings": encode(stage.graph.wishes.settings)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "Daemon", Daemon)
        result = CliRunner().invoke(command_line.set_, [*shlex.split(command), "--socket", "none"])
    assert result.exit_code == 0, result.output
    graph = stage.graph
    operations = wishes_operations(graph.wishes, graph.hub, stage.clock, graph.known)
    for arguments in asked:
        await operations["set"](arguments)


EVENTS: Mapping[str, Callable[..., Awaitable[None] | None]] = {
    r"sun (?P<watts>\d+) W(?: by (?P<until>\d\d:\d\d))?": sun,
    r"house (?P<watts>\d+) W(?: by (?P<until>\d\d:\d\d))?": house,
    r"(?P<who>\w+) arrives": arrives,
    r"(?P<who>\w+) leaves": leaves,
    r"the (?P<meter>\w+) meter dies": meter_dies,
    r"the (?P<meter>\w+) meter answers again": meter_answers,
    r"the battery is at (?P<percent>\d+) %": battery,
    r"the clock is set to (?P<time>\d\d:\d\d)": clock_is_set,
    r"twcmaster set (?P<command>.+)": person,
}

# ── what must be true ────────────────────────────────────────────────────────────────────────────────────────────────


def _within(value: float, least: str, most: str | None) -> bool:
    return float(least) - 0.05 <= value <= float(most or least) + 0.05


def offered(stage: Stage, who: str, least: str, most: str | None = None) -> str | None:
    return None if _within(stage.offer(who).amps, least, most) else stage.state(who)


def draws(stage: Stage, who: str, least: str, most: str | None = None) -> str | None:
    return None if _within(stage.unit(who).draw_a, least, most) else stage.state(who)


def charges(stage: Stage, who: str) -> str | None:
    return None if stage.unit(who).draw_a >= CHARGES_A else stage.state(who)


def does_not_charge(stage: Stage, who: str) -> str | None:
    return None if stage.unit(who).draw_a < CHARGES_A else stage.state(who)


def one_charges(stage: Stage) -> str | None:
    charging = [actor.name for actor in stage.script.actors if stage.unit(actor.name).draw_a >= CHARGES_A]
    return None if len(charging) <= 1 else f"{' and '.join(charging)} charge"


def says(stage: Stage, who: str, text: str) -> str | None:
    return None if text in stage.reasons(who) else stage.state(who)


def closed(stage: Stage, who: str, times: str) -> str | None:
    closings = stage.unit(who).contactor_closings
    return None if closings == int(times) else f"its contactor has closed {closings} times"


def imports(stage: Stage, most: str) -> str | None:
    grid_w = stage.site.sample().balance.grid_w
    return None if grid_w <= float(most) else f"it is {grid_w:.0f} W"


def _alarms(stage: Stage) -> str:
    newest = stage.graph.hub.newest
    return "" if newest is None else "; ".join(alarm.text for alarm in newest.plan.alarms)


def alarm(stage: Stage, text: str) -> str | None:
    return None if text in _alarms(stage) else f"the alarms are: {_alarms(stage) or 'none'}"


def no_alarm(stage: Stage) -> str | None:
    return f"the alarms are: {_alarms(stage)}" if _alarms(stage) else None


def told(stage: Stage, text: str) -> str | None:
    notices = [notice.text for notice in stage.graph.hub.notices]
    return None if any(text in notice for notice in notices) else f"people were told: {'; '.join(notices)}"


def wall_clock(stage: Stage, time: str) -> str | None:
    return None if f"{stage.clock():%H:%M}" == time else f"it is {stage.clock():%H:%M}"


CHECKS: Mapping[str, Callable[..., str | None]] = {
    r"(?P<who>\w+) (?P<least>\d+)(?:\.\.(?P<most>\d+))? A": offered,
    r"(?P<who>\w+) draws (?P<least>\d+)(?:\.\.(?P<most>\d+))? A": draws,
    r"(?P<who>\w+) charges": charges,
    r"(?P<who>\w+) does not charge": does_not_charge,
    r"at most one charges": one_charges,
    r'(?P<who>\w+) says "(?P<text>.+)"': says,
    r"(?P<who>\w+) has closed (?P<times>\d+) times?": closed,
    r"import at most (?P<most>\d+) W": imports,
    r'alarm "(?P<text>.+)"': alarm,
    r"no alarm": no_alarm,
    r'people were told "(?P<text>.+)"': told,
    r"the clock shows (?P<time>\d\d:\d\d)": wall_clock,
}

# ── playing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def play(script: Script) -> list[str]:
    """What was not as it must be; empty: the story came true."""
    return run_virtual(_play(script))


async def _play(script: Script) -> list[str]:
    stage = Stage(script)
    wrong: list[str] = []
    running = asyncio.ensure_future(stage.graph.run())
    for row in script.rows:
        wrong += await _wait(stage, row)
        assert not running.done(), running.exception()
        wrong += _complaints(stage, row, [phrase for phrase in row.must if not phrase.throughout])
        for phrase in row.happens:
            outcome = phrase.act(stage, **phrase.words)
            if outcome is not None:
                await outcome
    stage.options.stop.set()
    await running
    return wrong


async def _wait(stage: Stage, row: Row) -> list[str]:
    """Let time pass up to a row; what must be true throughout is looked at every second, and complained of once."""
    watched = [phrase for phrase in row.must if phrase.throughout]
    wrong: list[str] = []
    while stage.elapsed_s < row.at_s - 1e-6:
        await asyncio.sleep(min(1.0, row.at_s - stage.elapsed_s) if watched else row.at_s - stage.elapsed_s)
        for phrase in list(watched):
            found = _complaints(stage, row, [phrase])
            if found:
                watched.remove(phrase)
                wrong += found
    return wrong


def _complaints(stage: Stage, row: Row, phrases: list[Phrase]) -> list[str]:
    found = ((phrase.text, phrase.act(stage, **phrase.words)) for phrase in phrases)
    return [f"{row.where}: {text}: at {stage.clock():%H:%M:%S} {what}" for text, what in found if what is not None]
