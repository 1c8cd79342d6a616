"""What distinguishes one wall connector from another, and every delay that a unit on the wire keeps.

Times are in seconds, currents in hundredths of an ampere (``_ca``). Sources and certainty: docs/protocol.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from twcmaster.protocol.messages import PROTOCOL_1_LENGTH, PROTOCOL_2_LENGTH

#: Firmware from which on units answer 20-byte messages: serial, VIN, plug state, amps per phase, relay commands.
EXTENDED_FIRMWARE = (4, 5, 3)


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """One unit. The defaults are a North American protocol-2 unit with firmware 4.5.3."""

    unit_id: int
    sign: int = 0x5F
    protocol: int = 2
    max_ca: int = 8000
    firmware: tuple[int, int, int, int] = (4, 5, 3, 2)
    serial: str = "A17I0039393"
    model: str = "EVWTS80HL"
    #: Line voltage on L1, L2, L3; 0 where no conductor is wired.
    volts: tuple[int, int, int] = (240, 0, 0)
    #: Lifetime counter at the start, and what one count is worth: 1000 on most units, 1 on some.
    energy_start_raw: int = 924
    energy_unit_wh: int = 1000
    #: Calibration error of the ammeter, also seen without a car (0.25 A on one real unit).
    ammeter_offset_ca: int = 0
    #: Units up to serial A18E do not pass the VIN on.
    tells_vin: bool = True
    #: After a stop by relay, whether a start by relay works; on many real units it needs a re-plug.
    relay_restarts: bool = True

    #: From the end of a request to the start of the answer; real units stay below 0.16 s.
    reply_delay_s: float = 0.08
    reply_jitter_s: float = 0.0
    #: Link-ready cadence from power-up until the first heartbeat, and after a master was lost.
    boot_ready_s: float = 1.3
    ready_s: float = 10.0
    #: Without a heartbeat for this long the unit calls its master lost (4 red blinks) ...
    silence_s: float = 10.0
    #: ... and after this long it takes the power from the car (20 to 30 s on real units).
    stop_s: float = 25.0
    #: A car that asked for a limit and got none for this long goes to error.
    limit_wait_s: float = 60.0
    #: How long "starting" (08) lasts after the contactor closed, and "busy" (05) after a plug moved.
    start_s: float = 5.0
    busy_s: float = 0.8
    #: Sessions cut by a lost master until the unit stays in error; a re-plug clears it.
    cuts_allowed: int = 5

    @property
    def length(self) -> int:
        """Body length of this unit's protocol."""
        return PROTOCOL_1_LENGTH if self.protocol == 1 else PROTOCOL_2_LENGTH

    @property
    def extended(self) -> bool:
        """Whether the firmware knows the messages of 4.5.3."""
        return self.protocol != 1 and self.firmware[:3] >= EXTENDED_FIRMWARE

    @property
    def wired_phases(self) -> int:
        """Conductors that carry a voltage."""
        return sum(1 for volts in self.volts if volts)
