"""One RS-485 bus in real time: a link below, the sans-IO master inside, wall connectors in our own words above.

The bus loop waits for nobody: bytes and its own timer drive it. Offers are handed in with a lease; when nobody renews
them the master lowers them by itself. A link that vanishes is opened again for as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from twcmaster.model.plan import Offer, Relay
from twcmaster.model.ports import Link
from twcmaster.model.site import BusFacts, Phases
from twcmaster.model.world import Activity, Presence, WallConnector
from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.protocol.events import DebugAnswer, Event
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import UnitState
from twcmaster.protocol.unit import Unit
from twcmaster.runtime.bus_words import describe
from twcmaster.runtime.pump import Hooks, Pump

log = logging.getLogger(__name__)

_ACTIVITY: Mapping[int, Activity] = {
    UnitState.READY: Activity.READY,
    UnitState.CHARGING: Activity.CHARGING,
    UnitState.ERROR: Activity.ERROR,
    UnitState.PLUGGED_NOT_CHARGING: Activity.STOPPED,
    UnitState.PLUGGED_READY: Activity.WAITING,
    UnitState.RAISING: Activity.CHARGING,
    UnitState.LOWERING: Activity.CHARGING,
    UnitState.STARTING: Activity.STARTING,
    UnitState.ADJUSTED: Activity.CHARGING,
    UnitState.ADJUSTMENT_DONE: Activity.CHARGING,
}
UNPLUGGED = 0
#: An idle unit is asked for its plug state every few seconds; an older answer says nothing about now.
PLUG_FRESH_S = 60.0
#: A draw that has moved by this much is news; less is the noise of ammeters.
TELLING_CA = 30


class Bus:
    """One bus. `notice(level, text)` tells people; `changed()` asks for a new decision."""

    def __init__(
        self,
        facts: BusFacts,
        phases: Phases,
        link: Link,
        master: Master,
        notice: Callable[[str, str], None],
        changed: Callable[[], None],
    ) -> None:
        self.facts = facts
        self.phases = phases
        self.master = master
        self.pump = Pump(link, master, notice, Hooks(self._connected, self._disconnected, self._after))
        self._notice = notice
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._activity: dict[int, Activity] = {}
        self._limit_since: dict[int, tuple[int | None, float | None]] = {}
        self._answers: dict[int, asyncio.Future[bytes | None]] = {}
        self._frames_heard = 0
        #: What the newest decision has seen of each unit: draw in hundredths of an ampere, and everything else.
        self._decided_on: dict[int, tuple[int, object]] = {}

    async def run(self) -> None:
        """Keep the link open and the bus going until cancelled."""
        await self.pump.run()

    def _connected(self) -> None:
        self.master.link_up(self._loop.time())

    def _disconnected(self) -> None:
        self.master.link_down(self._loop.time())
        self._changed()

    def _after(self) -> None:
        for event in self.master.take_events():
            self._tell(event)
        heard = self.master.frames_heard
        if heard != self._frames_heard:
            self._frames_heard = heard
            if any(self._is_news(unit) for unit in self.master.units.values()):
                self._changed()

    def _is_news(self, unit: Unit) -> bool:
        """Whether a unit says something else than what the newest decision knew."""
        before = self._decided_on.get(unit.id)
        if before is None:
            return True
        return before[1] != _told(unit) or abs((unit.actual_ca or 0) - before[0]) >= TELLING_CA

    def _tell(self, event: Event) -> None:
        if isinstance(event, DebugAnswer):
            waiting = self._answers.pop(event.ticket, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(event.body)
            return
        told = describe(event)
        if told is not None:
            self._notice(*told)
        self._changed()

    def apply(self, offers: Iterable[Offer], lease_until: float) -> None:
        """Hand this bus its offers. They hold until `lease_until` on the loop's clock."""
        for offer in offers:
            unit_id = int(offer.key.rpartition("/")[2], 16)
            if unit_id not in self.master.units:
                continue
            self.master.set_offer(unit_id, offer.amps * 100, lease_until)
            if offer.relay is not None:
                self._switch(unit_id, offer.relay)
        self.pump.turn()

    def _switch(self, unit_id: int, relay: Relay) -> None:
        switch = self.master.request_stop if relay is Relay.OPEN else self.master.request_start
        try:
            switch(unit_id, self._loop.time())
        except NotAllowed as refused:
            log.debug("%s: relay of %04X not switched: %s", self.facts.name, unit_id, refused)

    async def send(self, body: bytes) -> bytes | None:
        """Send a debug message and wait for its answer, None when there is none. Raises NotAllowed."""
        if not self.pump.connected:
            raise NotAllowed(f"bus {self.facts.name} has no connection to its adapter now")
        answer: asyncio.Future[bytes | None] = self._loop.create_future()
        self._answers[self.master.debug_send(body, self._loop.time())] = answer
        self.pump.turn()
        return await answer

    def connectors(self) -> tuple[WallConnector, ...]:
        """What is known of every connector of this bus now."""
        now = self._loop.time()
        return tuple(self._view(unit, now) for unit in self.master.units.values())

    def decided(self) -> None:
        """A decision has been made on what is known now."""
        units = self.master.units.values()
        self._decided_on = {unit.id: (unit.actual_ca or 0, _told(unit)) for unit in units}

    def _view(self, unit: Unit, now: float) -> WallConnector:
        facts = self.facts.connectors.get(unit.id)
        wires_a = facts.limit_a if facts else self.facts.connector_limit_a
        half_amps = unit.half_amps
        return WallConnector(
            key=f"{self.facts.name}/{unit.id:04X}",
            name=facts.name if facts else f"{unit.id:04X}",
            bus=self.facts.name,
            circuit=facts.circuit if facts else self.facts.circuit,
            protocol=unit.protocol,
            phases=facts.phases if facts else self.phases,
            limit_a=min(wires_a, unit.max_ca / 100) if unit.max_ca else wires_a,
            minimum_a=self.facts.minimum_a,
            presence=Presence(unit.presence(now).value),
            linked_at=unit.linked_at,
            heard_at=unit.heard_at,
            beat_at=unit.beat_at,
            activity=self._activity_of(unit),
            echo_a=None if unit.limit_ca is None else unit.limit_ca / 100,
            actual_a=None if unit.actual_ca is None else unit.actual_ca / 100,
            sent_a=None if unit.sent_ca is None else unit.sent_ca / 100,
            sent_at=self._sent_since(unit),
            plugged=_plugged(unit, now),
            phase_a=None if half_amps is None else (half_amps[0] / 2, half_amps[1] / 2, half_amps[2] / 2),
            duplicate=unit.duplicate,
            foreign_master=self.master.second_master,
            can_stop=unit.protocol == 1,
        )

    def _sent_since(self, unit: Unit) -> float | None:
        """Since when the limit on the wire has been the same: protocol 1 hears it again in every heartbeat."""
        before = self._limit_since.get(unit.id)
        if before is None or before[0] != unit.sent_ca or before[1] is None:
            before = self._limit_since[unit.id] = (unit.sent_ca, unit.sent_at)
        return before[1]

    def _activity_of(self, unit: Unit) -> Activity | None:
        """The unit's state in our words; a passing state keeps the meaning of the one before."""
        if unit.state is None:
            return None
        known = _ACTIVITY.get(unit.state)
        if known is not None:
            self._activity[unit.id] = known
        return known or self._activity.get(unit.id)

    def health(self) -> Mapping[str, object]:
        """Link and line, for status views."""
        own = {"link": self.pump.url, "connected": self.pump.connected, "reconnects": self.pump.reconnects}
        return own | self.master.health()


def _told(unit: Unit) -> object:
    """What a unit has told, its draw aside."""
    return unit.state, unit.limit_ca, unit.plug, unit.heard_at is None


def _plugged(unit: Unit, now: float) -> bool | None:
    if unit.plug is None or unit.plug_at is None or now - unit.plug_at > PLUG_FRESH_S:
        return None
    return unit.plug != UNPLUGGED
