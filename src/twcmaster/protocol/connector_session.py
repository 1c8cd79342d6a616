"""The power side of a wall connector: plug, pilot signal, contactor, meter, and the state it reports of them.

    plug in ──► 04 asks for a limit ──limit──► 08 starting ──► 01 charging ◄──► 09 / 06 / 07 / 0A adjusting
                     │ none for a minute                          │ car full or stopped
                     ▼                                            ▼
                  02 error  ◄── no heartbeats ── any state    03 plugged, not charging

Two currents must be told apart. `limit_ca` is what the unit *reports* ("offered"); `pilot_ca` is what it *allows*
the car. They part in one case: a unit that lost its master reports 0 while the car may go on drawing for 20 to
30 s. Protocol 2 cannot be stopped by a limit: 0 A acts as 6 A, and the report says 6.00. Protocol 1 can.
State codes, times and their sources: docs/protocol.md.
"""

from __future__ import annotations

from twcmaster.protocol.connector_car import Car
from twcmaster.protocol.connector_parts import LEAST_CA, NUDGE_CA, Adjustment, Contactor, Fault, Meter, Trouble
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.messages import MasterCommand, UnitState

#: After a stop by relay that the car was not told of, units that will not restart turn red.
RELAY_SULK_S = 35.0
#: What a car is asked about when no limit has been told yet.
_PROBE_A = LEAST_CA / 100


class Session:
    """One unit's power side. Every method that takes `now` must be called with times that never go back."""

    def __init__(self, settings: ConnectorSettings, car: Car, now: float) -> None:
        self.settings = settings
        self.car = car
        self.limit_ca = 0
        self.pilot_ca = 0
        self.contactor = Contactor()
        self.meter = Meter(now)
        self.trouble = Trouble()
        self._adjustment = Adjustment()
        self._plugged = False
        self._present = False
        self._present_since = now - settings.busy_s
        self._asked_at: float | None = None
        self._told_zero = False
        self._relay_stopped_at: float | None = None
        #: It reports "starting" until it is told a limit: after a lost master, and when a car resumes by itself.
        self._restarting = False

    # ── what it reports ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def actual_ca(self) -> int:
        """What the ammeter shows, its offset included."""
        return max(0, round(self.meter.draw_a * 100) + self.settings.ammeter_offset_ca)

    @property
    def phases_used(self) -> int:
        return min(self.car.phases, self.settings.wired_phases)

    @property
    def phase_a(self) -> tuple[float, float, float]:
        """Amperes on L1, L2, L3 of the unit."""
        used, draw_a = self.phases_used, self.meter.draw_a
        return (draw_a, draw_a if used > 1 else 0.0, draw_a if used > 2 else 0.0)

    @property
    def power_w(self) -> float:
        return self.meter.draw_a * self._volts

    @property
    def _volts(self) -> int:
        return sum(self.settings.volts[: self.phases_used])

    @property
    def plug(self) -> int:
        """Plug state as FDB4 tells it: 0 none, 1 charging, 3 plugged and not charging."""
        if not self.car.plugged:
            return 0
        return 1 if self.contactor.closed else 3

    @property
    def asking(self) -> bool:
        """Whether the car waits for a first limit."""
        return self._asked_at is not None

    def state(self, now: float) -> UnitState:
        """The state byte of a heartbeat."""
        if self.trouble.fault is not None:
            return UnitState.ERROR
        if now - self._present_since < self.settings.busy_s:
            return UnitState.BUSY
        if not self._present:
            return UnitState.READY
        if self.contactor.closed:
            return self._closed_state(now)
        if self._asked_at is not None:
            return UnitState.STARTING if self._restarting else UnitState.PLUGGED_READY
        return UnitState.PLUGGED_NOT_CHARGING

    def _closed_state(self, now: float) -> UnitState:
        if self._told_zero:
            return UnitState.CHARGING
        if self._restarting or now - self.contactor.closed_at < self.settings.start_s:
            return UnitState.STARTING
        return self._adjustment.state or UnitState.CHARGING

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def step(self, now: float) -> None:
        """Let car, meter and contactor live until `now`."""
        car = self.car
        car.advance(self.pilot_ca / 100, now, closed=self.contactor.closed)
        if self.trouble.fault is not None:
            self.trouble.error_s += now - self.meter.at
        self.meter.measure(car.draw_a, self._volts, now)
        if car.plugged is not self._plugged:
            self._cable_moved()
        present = car.plugged and car.awake
        if present is not self._present:
            self._presence_changed(now, present=present)
        if self.contactor.closed:
            self._while_closed(now)
        elif present:
            self._while_open(now)

    def _cable_moved(self) -> None:
        self._plugged = self.car.plugged
        self._relay_stopped_at = None
        self.trouble.cuts = 0
        if self.trouble.fault in {Fault.NO_LIMIT, Fault.WORN_OUT, Fault.RELAY}:
            self.trouble.fault = None

    def _presence_changed(self, now: float, *, present: bool) -> None:
        self._present = present
        self._present_since = now
        self._release()
        self._asked_at = None
        self._restarting = False
        self._told_zero = False
        # A protocol-1 unit goes on reporting an older limit while idle; a new car asks afresh on both.
        if present or self.settings.protocol != 1:
            self.limit_ca = self.pilot_ca = 0

    def _while_closed(self, now: float) -> None:
        if self.trouble.fault is not None:
            if now - self.trouble.at >= self.settings.stop_s - self.settings.silence_s:
                self._cut_off()
        elif not self._told_zero and not self.car.wants(self.pilot_ca / 100):
            self._release()
            self._fall_to_least()
            self._restarting = self.settings.protocol != 1
        elif self._asked_at is not None:
            self._wait_for_limit(self._asked_at, now)
        elif self._adjustment.state is not None:
            moved_ca = self._adjustment.step(self.meter.change_a, now)
            self.limit_ca = self.pilot_ca = self.pilot_ca + moved_ca

    def _while_open(self, now: float) -> None:
        if self.trouble.fault is not None:
            return
        if self._relay_stopped_at is not None:
            if not self.settings.relay_restarts and now - self._relay_stopped_at >= RELAY_SULK_S:
                self.fail(Fault.RELAY, now)
        elif self.pilot_ca and self.car.wants(self.pilot_ca / 100):
            self._asked_at = None
            self.contactor.close(now)
        elif self.limit_ca == 0 and not self._told_zero and self.car.wants(_PROBE_A):
            if self._asked_at is None:
                self._asked_at = now
            self._wait_for_limit(self._asked_at, now)
        else:
            self._asked_at = None

    def _wait_for_limit(self, since: float, now: float) -> None:
        if now - since >= self.settings.limit_wait_s:
            self.fail(Fault.NO_LIMIT, now)

    def _release(self) -> None:
        """Open after the car has stopped drawing by itself."""
        self.meter.draw_a = 0.0
        self._break()

    def _break(self) -> None:
        """Open whatever flows."""
        if self.contactor.closed:
            self.contactor.open(self.meter.draw_a)
            self.meter.draw_a = 0.0
            self._adjustment.state = None

    def _fall_to_least(self) -> None:
        if self.settings.protocol != 1:
            self.limit_ca = self.pilot_ca = LEAST_CA

    def _cut_off(self) -> None:
        self._break()
        self.pilot_ca = 0
        self.trouble.cuts += 1
        if self.trouble.cuts >= self.settings.cuts_allowed:
            self.trouble.fault = Fault.WORN_OUT

    # ── what the master does to it ───────────────────────────────────────────────────────────────────────────────

    def command(self, command: int, limit_ca: int, now: float) -> None:
        """A heartbeat's command. What does not apply now is ignored, as real units do."""
        if command == MasterCommand.KEEP:
            if self._told_zero and limit_ca == 0:
                self._chatter(now)
        elif command in {MasterCommand.LIMIT, MasterCommand.LIMIT_AT_START}:
            if self.settings.protocol == 1 or not self._charging(now):
                self._tell(limit_ca, now)
        elif self.settings.protocol != 1:
            self._adjust(command, limit_ca, now)

    def _adjust(self, command: int, limit_ca: int, now: float) -> None:
        """09, 06 and 07. 09 is also taken before charging: a whole generation of masters sends nothing else."""
        charging = self._charging(now)
        if command == MasterCommand.SESSION_LIMIT:
            self._tell(limit_ca, now)
            if charging:
                self._adjustment.start(UnitState.ADJUSTED, now)
        elif charging and command == MasterCommand.RAISE_2A:
            self._nudge(UnitState.RAISING, NUDGE_CA, now)
        elif charging and command == MasterCommand.LOWER_2A:
            before_ca = self.pilot_ca
            self._nudge(UnitState.LOWERING, -NUDGE_CA, now)
            self._adjustment.give_back_ca = before_ca - self.pilot_ca

    def _nudge(self, state: UnitState, by_ca: int, now: float) -> None:
        self.limit_ca = self.pilot_ca = max(LEAST_CA, self.pilot_ca + by_ca)
        self._adjustment.start(state, now)

    def _charging(self, now: float) -> bool:
        """Past the start: from here on protocol 2 ignores 05."""
        return self.contactor.closed and self._closed_state(now) is not UnitState.STARTING

    def _tell(self, limit_ca: int, now: float) -> None:
        if self.trouble.fault is Fault.NO_LIMIT:
            self.trouble.fault = None
        if self.trouble.fault is not None:
            return
        if self.settings.protocol == 1:
            self._told_zero = limit_ca == 0 and self._present
        elif not self._present:
            return
        elif limit_ca == 0:
            limit_ca = LEAST_CA
        self.limit_ca = self.pilot_ca = limit_ca
        self._asked_at = None
        if self._restarting:
            self._restarting = False
            self.contactor.closed_at = now
        if self._told_zero and not self.car.wants(0.0):
            self._release()
        self.step(now)

    def _chatter(self, now: float) -> None:
        """Protocol 1, held at 0 A by a plain heartbeat instead of a repeated 05: tries and stops every second."""
        if self.contactor.closed:
            self._break()
        elif self.car.wants(_PROBE_A) and self.trouble.fault is None:
            self.contactor.close(now)
        else:
            return
        self.contactor.chatter += 1

    def stop_by_relay(self, now: float) -> None:
        """FCB2: the contactor opens and the car is not told."""
        self.step(now)
        if self.contactor.closed:
            self._break()
            self._fall_to_least()
        if self._present:
            self._relay_stopped_at = now

    def start_by_relay(self, now: float) -> None:
        """FCB1: a unit that was stopped by relay asks for a limit again; on others nothing changes."""
        if self._relay_stopped_at is not None and self.settings.relay_restarts:
            self._relay_stopped_at = None
            self.limit_ca = self.pilot_ca = 0
        self.step(now)

    # ── trouble ──────────────────────────────────────────────────────────────────────────────────────────────────

    def fail(self, fault: Fault, now: float) -> None:
        """Go to error. Only a lost master leaves the car its power for a while."""
        self.trouble.begin(fault, now)
        self._asked_at = None
        self._restarting = False
        self.limit_ca = 0
        if fault is not Fault.MASTER_LOST:
            self._break()
        if not self.contactor.closed:
            self.pilot_ca = 0

    def lose_master(self, now: float) -> None:
        """No heartbeats for long. A unit that is in error already has nothing to add."""
        self.step(now)
        if self.trouble.fault is None:
            self.fail(Fault.MASTER_LOST, now)

    def find_master(self, now: float) -> None:
        """Heartbeats are back: a car that lost its master asks for a limit again."""
        if self.trouble.fault is not Fault.MASTER_LOST:
            return
        self.trouble.fault = None
        self._restarting = self._present
        self._told_zero = False
        if self.contactor.closed:
            self._asked_at = now
        self.step(now)

    def reset(self, now: float) -> None:
        """Power-up: everything but the meter and the figures starts afresh."""
        self.step(now)
        self._break()
        self.trouble.fault = None
        self.limit_ca = self.pilot_ca = 0
        self._plugged = self._present = False
        self._asked_at = None
        self._restarting = self._told_zero = False
