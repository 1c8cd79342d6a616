"""Hypothesis strategies: every message of the wire with every body length it comes in."""

from hypothesis import strategies as st

from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    Encodable,
    EnergyAnswer,
    FirmwareAnswer,
    Idle,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    VinAnswer,
)

REQUESTS = (
    Opcode.ENERGY_REQUEST,
    Opcode.FIRMWARE_REQUEST,
    Opcode.SERIAL_REQUEST,
    Opcode.VIN_START_REQUEST,
    Opcode.VIN_MIDDLE_REQUEST,
    Opcode.VIN_END_REQUEST,
    Opcode.PLUG_REQUEST,
    Opcode.START_REQUEST,
    Opcode.STOP_REQUEST,
)
BUS_REQUESTS = (Opcode.BUS_SERIAL_REQUEST, Opcode.BUS_MODEL_REQUEST, Opcode.BUS_FIRMWARE_REQUEST)
VIN_ANSWERS = ((Opcode.VIN_START_ANSWER, 7), (Opcode.VIN_MIDDLE_ANSWER, 7), (Opcode.VIN_END_ANSWER, 3))

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)

Sized = tuple[Encodable, int]


def letters(most: int) -> st.SearchStrategy[str]:
    """What a zero-padded text field can carry."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=most)


def _at(*lengths: int) -> st.SearchStrategy[int]:
    return st.sampled_from(lengths)


@st.composite
def _link_ready(draw: st.DrawFn) -> Sized:
    length = draw(_at(14, 16))
    return ConnectorLinkReady(draw(u16), draw(u8), draw(u16), protocol=1 if length == 14 else 2), length


@st.composite
def _vin(draw: st.DrawFn) -> Sized:
    opcode, most = draw(st.sampled_from(VIN_ANSWERS))
    return VinAnswer(opcode, draw(u16), draw(letters(most))), draw(_at(16, 20))


@st.composite
def _bus_text(draw: st.DrawFn) -> Sized:
    opcode = draw(st.sampled_from((Opcode.BUS_SERIAL_ANSWER, Opcode.BUS_MODEL_ANSWER)))
    length = draw(_at(14, 16, 20))
    return BusTextAnswer(opcode, draw(letters(length - 3))), length


def _sized(messages: st.SearchStrategy[Encodable], *lengths: int) -> st.SearchStrategy[Sized]:
    return st.tuples(messages, _at(*lengths))


KINDS: dict[str, st.SearchStrategy[Sized]] = {
    "master link-ready 1": _sized(st.builds(MasterLinkReady1, u16, u8, u16), 13, 14, 15, 16),
    "master link-ready 2": _sized(st.builds(MasterLinkReady2, u16, u8, u16), 13, 14, 15, 16),
    "connector link-ready": _link_ready(),
    "master heartbeat": _sized(st.builds(MasterHeartbeat, u16, u16, u8, u16, u8), 13, 14, 15, 16),
    "connector heartbeat": _sized(st.builds(ConnectorHeartbeat, u16, u16, u8, u16, u16), 14, 16),
    "request": _sized(st.builds(Request, st.sampled_from(REQUESTS), u16, u16), 13, 14, 15, 16),
    "bus request": _sized(st.builds(BusRequest, st.sampled_from(BUS_REQUESTS), u16), 13, 14, 15, 16),
    "energy": _sized(st.builds(EnergyAnswer, u16, u32, st.tuples(u16, u16, u16), st.none()), 16),
    "energy and amps": _sized(st.builds(EnergyAnswer, u16, u32, st.tuples(u16, u16, u16), st.tuples(u8, u8, u8)), 20),
    "firmware": _sized(st.builds(FirmwareAnswer, u16, st.tuples(u8, u8, u8, u8)), 16),
    "serial": _sized(st.builds(SerialAnswer, u16, letters(11)), 16, 20),
    "VIN": _vin(),
    "plug": _sized(st.builds(PlugAnswer, u16, u8), 14, 16),
    "relay": _sized(st.builds(RelayAnswer, st.sampled_from((Opcode.START_ANSWER, Opcode.STOP_ANSWER)), u16), 14, 16),
    "bus text": _bus_text(),
    "bus firmware": _sized(st.builds(BusFirmwareAnswer, st.tuples(u8, u8, u8)), 14, 16),
    "idle": _sized(st.just(Idle()), 14, 16),
}
sized_messages: st.SearchStrategy[Sized] = st.one_of(*KINDS.values())
