"""What a bus master must be told before it may speak. Currents are hundredths of an ampere (``_ca``)."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE_AMP_CA = 100


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A connector remembered from the last run, so that it hears its first heartbeat at once after a restart."""

    id: int
    protocol: int
    max_ca: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSettings:
    """Constants of one bus. Raises ValueError when they contradict each other."""

    #: Wiring of one connector. No offer goes above it, nor above what the unit itself says it can do.
    connector_limit_ca: int
    #: 7777 is the customary id of a master that is not a wall connector.
    master_id: int = 0x7777
    sign: int = 0x77
    #: Real masters speak to each connector about once a second; connectors give up after ~10 s.
    heartbeat_s: float = 1.0
    #: How long a connector may take to answer after the *end* of our frame: seen up to 160 ms, and
    #: 195 ms through slow adapters.
    reply_window_s: float = 0.25
    #: A connector unheard for this long is no longer spoken to, so that it stops charging by itself.
    silence_s: float = 26.0
    #: A pause this long inside a frame means that its rest was lost. Network adapters chop frames: allow them more.
    byte_gap_s: float = 0.05
    baud: int = 9600
    #: J1772 knows no current under 6 A; protocol-1 units take 5 A.
    minimum_ca: int = 600
    minimum_protocol_1_ca: int = 500
    #: Offers that nobody renews fall to this, never rise to it.
    fallback_ca: int = 0
    #: FCB1/FCB2 open and close the contactor without telling the car.
    allow_relay: bool = False
    #: Heartbeat command 02 puts a unit into error until it is reset.
    allow_error_command: bool = False
    known_units: tuple[KnownUnit, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.master_id <= 0xFFFF or not 0 <= self.sign <= 0xFF:
            raise ValueError("master_id is two bytes and not 0, sign is one byte")
        if min(self.heartbeat_s, self.reply_window_s, self.silence_s, self.byte_gap_s, self.baud) <= 0:
            raise ValueError("times and baud must be above 0")
        if not 0 < self.minimum_protocol_1_ca <= self.minimum_ca:
            raise ValueError("minimum_protocol_1_ca must be above 0 and not above minimum_ca")
        if not 0 <= self.connector_limit_ca <= 0xFFFF:
            raise ValueError("connector_limit_ca must be between 0 and 65535")
        if self.fallback_ca != 0 and not self.minimum_ca <= self.fallback_ca <= self.connector_limit_ca:
            raise ValueError("fallback_ca must be 0 or between minimum_ca and connector_limit_ca")
        if self.fallback_ca % WHOLE_AMP_CA:
            raise ValueError("fallback_ca must be whole amperes")
