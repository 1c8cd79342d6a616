"""What a wall connector answers to a question: energy, firmware, serial, VIN, plug, relay, model.

Protocol-1 units know only the three unaddressed questions; protocol 2 adds energy; firmware 4.5.3 adds the rest,
half of it in 20-byte bodies. A question that a unit does not know gets no answer at all.
"""

from __future__ import annotations

from twcmaster.protocol.connector_session import Session
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.messages import (
    EXTENDED_LENGTH,
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    EnergyAnswer,
    FirmwareAnswer,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    VinAnswer,
    encode,
)

_VIN_PARTS = {
    Opcode.VIN_START_REQUEST: (Opcode.VIN_START_ANSWER, slice(0, 7)),
    Opcode.VIN_MIDDLE_REQUEST: (Opcode.VIN_MIDDLE_ANSWER, slice(7, 14)),
    Opcode.VIN_END_REQUEST: (Opcode.VIN_END_ANSWER, slice(14, 17)),
}
_RELAY = {
    Opcode.START_REQUEST: Opcode.START_ANSWER,
    Opcode.STOP_REQUEST: Opcode.STOP_ANSWER,
}


def answer(request: Request | BusRequest, settings: ConnectorSettings, session: Session, unit_id: int) -> bytes | None:
    """The body of the answer, or None where this unit stays silent."""
    if isinstance(request, BusRequest):
        return _bus_answer(request.opcode, settings)
    if request.opcode is Opcode.ENERGY_REQUEST:
        return _energy(settings, session, unit_id) if settings.protocol != 1 else None
    if not settings.extended:
        return None
    if request.opcode in _VIN_PARTS:
        return _vin(request.opcode, settings, session, unit_id)
    if request.opcode in _RELAY:
        return encode(RelayAnswer(_RELAY[request.opcode], unit_id))
    if request.opcode is Opcode.FIRMWARE_REQUEST:
        return encode(FirmwareAnswer(unit_id, settings.firmware))
    if request.opcode is Opcode.SERIAL_REQUEST:
        return encode(SerialAnswer(unit_id, settings.serial), EXTENDED_LENGTH)
    return encode(PlugAnswer(unit_id, session.plug))


def _bus_answer(opcode: Opcode, settings: ConnectorSettings) -> bytes:
    if opcode is Opcode.BUS_FIRMWARE_REQUEST:
        return encode(BusFirmwareAnswer(settings.firmware[:3]), settings.length)
    if opcode is Opcode.BUS_SERIAL_REQUEST:
        return encode(BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, settings.serial[:11]), settings.length)
    return encode(BusTextAnswer(Opcode.BUS_MODEL_ANSWER, settings.model[:11]), settings.length)


def _energy(settings: ConnectorSettings, session: Session, unit_id: int) -> bytes:
    counted = settings.energy_start_raw + int(session.meter.energy_wh / settings.energy_unit_wh)
    one, two, three = (min(255, round(amps * 2)) for amps in session.phase_a)
    half_amps = (one, two, three) if settings.extended else None
    message = EnergyAnswer(unit_id, counted & 0xFFFFFFFF, settings.volts, half_amps)
    return encode(message, EXTENDED_LENGTH if settings.extended else settings.length)


def _vin(opcode: Opcode, settings: ConnectorSettings, session: Session, unit_id: int) -> bytes:
    answered, part = _VIN_PARTS[opcode]
    told = settings.tells_vin and session.car.plugged and session.car.awake
    return encode(VinAnswer(answered, unit_id, session.car.vin[part] if told else ""), EXTENDED_LENGTH)
