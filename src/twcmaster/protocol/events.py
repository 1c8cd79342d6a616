"""What a bus master has to tell: small facts, each with what a log line needs. Ids are the wire's two-byte ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnitFound:
    """A connector asked for a master (FDE2), or a remembered one is being tried. It has not answered yet."""

    unit_id: int
    protocol: int
    max_ca: int
    #: Whether it had been lost or silent before.
    again: bool


@dataclass(frozen=True, slots=True)
class UnitOnline:
    """A connector answered its first heartbeat since it was found."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class UnitSilent:
    """A connector has not answered for more than four seconds. It is still spoken to."""

    unit_id: int
    silent_s: float


@dataclass(frozen=True, slots=True)
class UnitLost:
    """A connector was silent too long: no more heartbeats, so that it stops by itself. It may still be drawing."""

    unit_id: int
    silent_s: float


@dataclass(frozen=True, slots=True)
class UnitForgotten:
    """A lost connector has freed its place on the bus."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A connector reports another state; `before` is None for its first report."""

    unit_id: int
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """Nobody renewed an offer in time; the bus has lowered it by itself."""

    unit_id: int
    before_ca: int
    after_ca: int


@dataclass(frozen=True, slots=True)
class VinRead:
    """The plugged-in car's VIN, complete and well-formed."""

    unit_id: int
    vin: str


@dataclass(frozen=True, slots=True)
class TooManyUnits:
    """A further connector asks for a master, but three have one already, and three is what the wire's design allows."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class IdConflict:
    """A connector uses the master's own id; announcements make it pick another."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class DuplicateId:
    """Two connectors answer to one id: neither can be controlled reliably. Power-cycle one of them."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class SecondMaster:
    """Another master speaks on this bus; we are silent until it is gone. `master_id` None: its frame names none."""

    master_id: int | None


@dataclass(frozen=True, slots=True)
class SecondMasterGone:
    """The other master has not been heard for `quiet_s`; we speak again."""

    quiet_s: float


@dataclass(frozen=True, slots=True)
class EchoDetected:
    """The adapter returns our own frames. They are dropped from now on as before."""


@dataclass(frozen=True, slots=True)
class DebugAnswer:
    """What came back for a debug message: the verified body, None when nothing did, empty when none was due."""

    ticket: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class RelayAnswered:
    """The outcome of a start or stop request. `answered` False: unconfirmed, it may have acted all the same."""

    unit_id: int
    start: bool
    answered: bool


Event = (
    UnitFound
    | UnitOnline
    | UnitSilent
    | UnitLost
    | UnitForgotten
    | StateChanged
    | LeaseEnded
    | VinRead
    | TooManyUnits
    | IdConflict
    | DuplicateId
    | SecondMaster
    | SecondMasterGone
    | EchoDetected
    | DebugAnswer
    | RelayAnswered
)
