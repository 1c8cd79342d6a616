"""Charging sessions: when one begins, what flows in it, when it is over. Pure: no clock, no disk.

A session begins with the first ampere. It ends when the car is unplugged. Units that do not tell whether a car is
plugged in (protocol 1) show a sleeping car as none at all: there it ends when no car has shown for half an hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from twcmaster.control.cost import price_per_kwh
from twcmaster.control.expiry import drawn_w
from twcmaster.control.flow import flow, origin
from twcmaster.control.ledger import drawn_a, has_car, is_drawing
from twcmaster.model.history import ChargeSession
from twcmaster.model.world import WallConnector, World

#: A plug state may be misread once.
UNPLUGGED_FOR_S = 10.0
UNSEEN_FOR_S = 1800.0
#: After this long without current the next ampere is a session of its own.
IDLE_FOR_S = 24 * 3600.0
#: A session that was running when the program stopped goes on if it starts again within this time.
RESUMED_WITHIN_S = 900.0
#: Less is a car that only tried.
LEAST_KWH = 0.005
_J_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class _Run:
    """A session that is going on. Times of the monotonic clock."""

    session: ChargeSession
    flowed_at: float
    #: When a car last showed, and when a plug was last not seen to be missing.
    seen_at: float
    plugged_at: float


@dataclass(frozen=True, slots=True)
class _Flowing:
    """What holds for all cars at one instant: for how long, the sun's share, the price. None: not known."""

    held_s: float
    solar: float | None
    price_per_kwh: float | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A session that has begun or ended (`ended_at`). Dropped: it was none."""

    session: ChargeSession
    dropped: bool = False


class Sessions:
    """All connectors' sessions. `speed`: seconds of the wall clock that pass in a second."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._runs: dict[str, _Run] = {}
        self._newest_id = 0

    def resume(self, session: ChargeSession, now: float) -> None:
        """Go on with a session of the program's last run."""
        self._runs[session.connector] = _Run(session, now, now, now)
        self._newest_id = max(self._newest_id, session.id)

    def running(self) -> dict[str, ChargeSession]:
        """By connector key."""
        return {key: run.session for key, run in self._runs.items()}

    def see(self, world: World, held_s: float, vins: Mapping[str, str | None]) -> list[Changed]:
        """Note one instant that held for `held_s`; what began or ended."""
        source = origin(flow(world))
        flowing = _Flowing(held_s, None if source is None else source.solar, price_per_kwh(world, source))
        changes = []
        for connector in world.connectors:
            run = self._runs.get(connector.key)
            if run is None:
                if is_drawing(connector):
                    changes.append(self._begin(connector, world, flowing, vins.get(connector.key)))
                continue
            run = _noted(run, connector, world, flowing, vins.get(connector.key))
            if _over(run, world.now, self._speed):
                changes.append(self._end(run, world.clock))
            else:
                self._runs[connector.key] = run
        return changes

    def _begin(self, connector: WallConnector, world: World, flowing: _Flowing, vin: str | None) -> Changed:
        self._newest_id = max(int(world.clock.timestamp() * 1000), self._newest_id + 1)
        session = ChargeSession(
            self._newest_id,
            connector.key,
            connector.name,
            world.clock,
            peak_a=drawn_a(connector),
            vin_tail=_tail(vin),
            cost=None if flowing.price_per_kwh is None else 0.0,
        )
        self._runs[connector.key] = _Run(session, world.now, world.now, world.now)
        return Changed(session)

    def _end(self, run: _Run, clock: datetime) -> Changed:
        del self._runs[run.session.connector]
        return Changed(replace(run.session, ended_at=clock), dropped=run.session.energy_kwh < LEAST_KWH)


def _noted(run: _Run, connector: WallConnector, world: World, flowing: _Flowing, vin: str | None) -> _Run:
    now, flows = world.now, is_drawing(connector)
    session = run.session
    if flows:
        session = _charged(
            session, drawn_a(connector), drawn_w(world.site, connector) * flowing.held_s / _J_PER_KWH, flowing
        )
    if vin is not None and session.vin_tail is None:
        session = replace(session, vin_tail=_tail(vin))
    return _Run(
        session,
        now if flows else run.flowed_at,
        now if flows or has_car(connector) else run.seen_at,
        run.plugged_at if connector.plugged is False and not flows else now,
    )


def _charged(session: ChargeSession, amps: float, kwh: float, flowing: _Flowing) -> ChargeSession:
    solar, price = flowing.solar, flowing.price_per_kwh
    solar_kwh = session.solar_kwh if solar is None else (session.solar_kwh or 0.0) + kwh * solar
    # A part without a price would make the sum of the rest look like the whole.
    cost = None if session.cost is None or price is None else session.cost + kwh * price
    return replace(
        session,
        energy_kwh=session.energy_kwh + kwh,
        solar_kwh=solar_kwh,
        peak_a=max(session.peak_a, amps),
        charging_s=session.charging_s + flowing.held_s,
        cost=cost,
    )


def _over(run: _Run, now: float, speed: float) -> bool:
    unplugged_s, unseen_s, idle_s = ((now - at) * speed for at in (run.plugged_at, run.seen_at, run.flowed_at))
    return unplugged_s >= UNPLUGGED_FOR_S or unseen_s >= UNSEEN_FOR_S or idle_s >= IDLE_FOR_S


def _tail(vin: str | None) -> str | None:
    return vin[-4:] if vin else None
