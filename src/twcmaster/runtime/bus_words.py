"""What the bus tells, in words for a person: a level and a sentence with the next step where there is one."""

from __future__ import annotations

from twcmaster.protocol import events as wire

Told = tuple[str, str]


def describe(event: wire.Event) -> Told | None:  # noqa: C901, PLR0911, PLR0912 - one case per event
    """Level and sentence; None for what only matters to the decision."""
    match event:
        case wire.UnitFound(unit_id, protocol, max_ca):
            return "info", f"connector {unit_id:04X} found: protocol {protocol}, up to {max_ca / 100:g} A"
        case wire.UnitOnline(unit_id):
            return "info", f"connector {unit_id:04X} answers"
        case wire.UnitSilent(unit_id, silent_s):
            return "warning", f"connector {unit_id:04X} has not answered for {silent_s:.0f} s. Its last limit stands"
        case wire.UnitLost(unit_id, silent_s):
            text = f"connector {unit_id:04X} lost after {silent_s:.0f} s of silence. Check its power and the bus cable"
            return "error", text + "; its amps stay reserved until its car must have stopped"
        case wire.UnitForgotten(unit_id):
            return "info", f"connector {unit_id:04X} is gone; its amps are free"
        case wire.LeaseEnded(unit_id, _, after_ca):
            return "error", f"no decision for connector {unit_id:04X} in time: fallen back to {after_ca / 100:g} A"
        case wire.VinRead(unit_id, vin):
            return "info", f"connector {unit_id:04X}: car {vin[:3]}…{vin[-4:]}"
        case wire.TooManyUnits(unit_id):
            return "error", f"connector {unit_id:04X} is one too many: a bus carries three. Put it on a bus of its own"
        case wire.IdConflict(unit_id):
            return "warning", f"a connector uses our own id {unit_id:04X}: asking it to pick another"
        case wire.DuplicateId(unit_id):
            return (
                "error",
                f"two connectors answer to {unit_id:04X}: power-cycle one of them. No amps for either until then",
            )
        case wire.SecondMaster(master_id):
            who = "Another master" if master_id is None else f"Another master ({master_id:04X})"
            return (
                "error",
                f"{who} speaks on this bus: silent until it is gone. Set its rotary switch to F, or unplug it",
            )
        case wire.SecondMasterGone(quiet_s):
            return "info", f"the other master has been quiet for {quiet_s:.0f} s: speaking again"
        case wire.EchoDetected():
            return "info", "the adapter returns our own frames; they are ignored"
        case wire.RelayAnswered(unit_id, start, answered):
            done = "closed" if start else "opened"
            if answered:
                return "info", f"connector {unit_id:04X} has {done} its contactor"
            return "warning", f"connector {unit_id:04X} did not confirm that its contactor is {done}"
        case _:
            return None
