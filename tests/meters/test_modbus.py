"""The Modbus meter: registers by hand, and against a real server."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.links.ends import free_port, tcp_server, until
from tests.meters.device import section
from twcmaster.config.meters import RegisterTerm
from twcmaster.meters.answer import BadAnswer
from twcmaster.meters.modbus import ModbusMeter, Registers, Span, decode, size, spans_of, words_in
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

UNIT = 3


def term(register: int = 0, **keys: Any) -> RegisterTerm:
    return RegisterTerm(register=register, **keys)


@pytest.mark.parametrize(
    "words, keys, expected",
    [
        ([0x04D2], {}, 1234),
        ([0xFB2E], {}, -1234),
        ([0xFB2E], {"type": "u16"}, 64302),
        ([0xD204], {"bytes": "little"}, 1234),
        ([0x0001, 0xE240], {"type": "u32"}, 123456),
        ([0xE240, 0x0001], {"type": "u32", "words": "little"}, 123456),
        ([0x0100, 0x40E2], {"type": "u32", "bytes": "little"}, 123456),
        ([0x40E2, 0x0100], {"type": "u32", "words": "little", "bytes": "little"}, 123456),
        ([0xFFFE, 0x1DC0], {"type": "s32"}, -123456),
        ([0, 0, 0x0001, 0xE240], {"type": "u64"}, 123456),
        ([0xFFFF, 0xFFFF, 0xFFFE, 0x1DC0], {"type": "s64"}, -123456),
        ([0x449A, 0x5000], {"type": "float32"}, 1234.5),
        ([0x5000, 0x449A], {"type": "float32", "words": "little"}, 1234.5),
        ([0x4093, 0x4A00, 0, 0], {"type": "float64"}, 1234.5),
    ],
)
def test_registers_are_decoded(words: list[int], keys: dict[str, Any], expected: float) -> None:
    assert size(term(**keys)) == len(words)
    assert decode(words, term(**keys)) == expected


@pytest.mark.parametrize(
    "words, keys, expected",
    [
        ([0x8000], {}, None),
        ([0x8001], {}, -32767.0),
        ([0x7FFF], {}, None),
        ([0x7FFE], {}, 32766.0),
        ([0xFFFF], {}, -1.0),
        ([0xFFFF], {"type": "u16"}, None),
        ([0xFFFE], {"type": "u16"}, 65534.0),
        ([0x1234], {"type": "u16", "unknown": [0x1234]}, None),
        ([0x8000, 0x0000], {"type": "s32"}, None),
        ([0x7FFF, 0xFFFF], {"type": "s32"}, None),
        ([0xFFFF, 0xFFFF], {"type": "s32"}, -1.0),
        ([0xFFFF, 0xFFFF], {"type": "u32"}, None),
        ([0xFFFF, 0x7FFF], {"type": "s32", "words": "little"}, None),
        ([0x8000, 0, 0, 0], {"type": "s64"}, None),
        ([0xFFFF] * 4, {"type": "u64"}, None),
        ([0xFF7F, 0xFFFF], {"type": "float32"}, None),  # the most negative float32
        ([0x7F7F, 0xFFFF], {"type": "float32"}, None),
        ([0x7FC0, 0x0000], {"type": "float32"}, None),  # NaN
        ([0x7F80, 0x0000], {"type": "float32"}, None),  # infinite
        ([0xFF80, 0x0000], {"type": "float32"}, None),
        ([0x0000], {}, 0.0),
        ([1234, 0x0002], {"exponent_register": 1}, 123400.0),
        ([1234, 0xFFFE], {"exponent_register": 1}, pytest.approx(12.34)),
        ([1234, 0x8000], {"exponent_register": 1}, None),  # SunSpec's "not implemented"
    ],
)
def test_what_a_device_marks_as_unknown_is_unknown(words: list[int], keys: dict[str, Any], expected: object) -> None:
    registers = Registers({("holding", index): word for index, word in enumerate(words)})
    assert registers.number(term(**keys)) == expected


LETTERS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "float32": "f", "float64": "d"}


@given(st.sampled_from(sorted(LETTERS)), st.binary(min_size=8, max_size=8), st.booleans(), st.booleans())
def test_every_order_of_words_and_bytes_undoes_itself(
    kind: str, raw: bytes, swap_words: bool, swap_bytes: bool
) -> None:
    width = struct.calcsize(LETTERS[kind])
    expected = struct.unpack(f">{LETTERS[kind]}", raw[:width])[0]
    pairs = [raw[index : index + 2] for index in range(0, width, 2)]
    pairs = pairs[::-1] if swap_words else pairs
    words = [int.from_bytes(pair, "little" if swap_bytes else "big") for pair in pairs]
    orders: dict[str, Any] = {"words": "little" if swap_words else "big", "bytes": "little" if swap_bytes else "big"}
    got = decode(words, term(type=kind, **orders))
    assert got == expected or (math.isnan(got) and math.isnan(expected))


@pytest.mark.parametrize(
    "terms, spans",
    [
        ([term(5)], [Span("holding", 5, 1)]),
        ([term(5, type="u32"), term(7)], [Span("holding", 5, 3)]),
        ([term(9), term(5), term(5)], [Span("holding", 5, 1), Span("holding", 9, 1)]),
        ([term(5), term(6, table="input")], [Span("holding", 5, 1), Span("input", 6, 1)]),
        ([term(5, exponent_register=6)], [Span("holding", 5, 2)]),
        ([term(4 * n, type="u64") for n in range(40)], [Span("holding", 0, 125), Span("holding", 125, 35)]),
    ],
)
def test_neighbours_are_read_together_and_nothing_else(terms: list[RegisterTerm], spans: list[Span]) -> None:
    assert spans_of(terms) == spans


@asynccontextmanager
async def modbus_device(holding: Mapping[int, int], inputs: Mapping[int, int], port: int = 0) -> AsyncIterator[int]:
    """A Modbus TCP server with these registers and no others; gives its port."""

    def block(words: Mapping[int, int]) -> list[SimData]:
        return [SimData(address, values=word, datatype=DataType.REGISTERS) for address, word in words.items()]

    nothing = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    device = SimDevice(UNIT, (nothing, nothing, block(holding), block(inputs)))
    port = port or free_port()
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


HOLDING = {0: 1234, 1: 0xFB2E, 2: 0x0001, 3: 0xE240, 10: 0x449A, 11: 0x5000, 12: 0xFFFF}
INPUTS = {0: 55, 1: 2301, 2: 2302, 3: 2303}


def meter_at(port: int, **keys: Any) -> ModbusMeter:
    return ModbusMeter(section(kind="modbus", host="127.0.0.1", port=port, **{"unit": UNIT, **keys}))


async def read_once(port: int, **keys: Any) -> Reading:
    meter = meter_at(port, **keys)
    try:
        return await meter.read()
    finally:
        await meter.close()


async def failure_of(port: int, **keys: Any) -> str:
    with pytest.raises(MeterError) as failure:
        await read_once(port, **keys)
    return str(failure.value)


async def test_a_device_is_read() -> None:
    async with modbus_device(HOLDING, INPUTS) as port:
        reading = await read_once(
            port,
            power_w=[{"register": 10, "type": "float32"}, {"register": 1, "scale": -1}],
            soc_percent={"register": 0, "table": "input"},
            energy_kwh={"register": 2, "type": "u32", "unit": "Wh"},
            volts=[{"register": number, "table": "input", "scale": 0.1} for number in (1, 2, 3)],
        )
        now = asyncio.get_running_loop().time()
    assert reading.power_w == 1234.5 + 1234
    assert reading.soc_percent == 55
    assert reading.energy_kwh == pytest.approx(123.456)
    assert reading.volts == pytest.approx((230.1, 230.2, 230.3))
    assert now - 1 < reading.taken_at <= now


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"power_w": 99}, ["holding registers 99 to 99: error 2: the device has no such register"]),
        ({"power_w": {"register": 9, "table": "input"}}, ["input registers 9 to 9: error 2"]),
        ({"power_w": {"register": 12, "type": "u16", "unknown": [0xFFFF]}}, ["register 12 as u16 holds FFFF"]),
        ({"power_w": 0, "unit": 4, "timeout_s": 0.3}, ["holding registers 0 to 0: error 4"]),
    ],
)
async def test_a_failure_says_what_was_asked_and_what_came(keys: dict[str, Any], words: list[str]) -> None:
    async with modbus_device(HOLDING, INPUTS) as port:
        text = await failure_of(port, **keys)
    assert text.startswith(f"grid: asked modbus 127.0.0.1:{port} unit {keys.get('unit', UNIT)}: ")
    assert [word for word in words if word not in text] == []


async def test_a_device_that_is_off_says_so() -> None:
    assert "cannot connect. Check host and port" in await failure_of(free_port(), power_w=0)


async def test_a_silent_device_ends_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with tcp_server(silent) as port:
        assert "no answer within 0.2 s" in await failure_of(port, power_w=0, timeout_s=0.2)


async def test_a_device_that_hangs_up_ends_in_time() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with tcp_server(rude) as port:
        assert "no answer within 0.2 s" in await failure_of(port, power_w=0, timeout_s=0.2)


async def test_readings_share_one_connection_and_a_lost_one_is_replaced() -> None:
    port = free_port()
    meter = meter_at(port, power_w=0, timeout_s=1)
    async with modbus_device({0: 1}, {0: 0}, port):
        for _ in range(3):
            assert (await meter.read()).power_w == 1
        first = meter._client
        assert (await meter.read()).power_w == 1
        assert meter._client is first
    await until(lambda: first is not None and not first.connected)
    with pytest.raises(MeterError):
        await meter.read()
    async with modbus_device({0: 2}, {0: 0}, port):
        assert (await meter.read()).power_w == 2
        await meter.close()


ONE_WORD = bytes.fromhex("03 02 04 D2")


@asynccontextmanager
async def odd_device(*answers: bytes, raw: bool = False) -> AsyncIterator[int]:
    """A server that gives these answers, one a question and the last for ever, whatever is asked; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(7):
            question, _, length, unit = struct.unpack(">HHHB", head)
            await reader.readexactly(length - 1)
            pdu = left.pop(0) if len(left) > 1 else left[0]
            writer.write(pdu if raw else struct.pack(">HHHB", question, 0, len(pdu) + 1, unit) + pdu)

    left = list(answers)
    async with tcp_server(serve) as port:
        yield port


@pytest.mark.parametrize(
    "pdu",
    [
        "03",
        "03 00",
        "03 C8 00 00",  # announces more than it has
        "03 02 04",
        "03 01 04",
        "03 03 00 04 D2",  # an odd number of bytes
        "03 04 04 D2 04 D2",  # more than was asked for
        "04 02 04 D2",  # from the other table
        "06 00 00 00 00",
        "07",
        "11 05",
        "18 00 00",
        "2B",
        "60 00 00",
        "00 02 04 D2",
        "83",
        "84 02",
        "FF FF",
    ],
)
@pytest.mark.usefixtures("nothing_escapes")
async def test_what_is_no_answer_to_the_question_is_an_error_of_that_reading(pdu: str) -> None:
    async with odd_device(bytes.fromhex(pdu), ONE_WORD) as port:
        meter = meter_at(port, power_w=0, timeout_s=5)
        with pytest.raises(MeterError) as failure:
            await meter.read()
        assert f"holding registers 0 to 0: {pdu} came instead of 03 02 and so many bytes" in str(failure.value)
        assert (await meter.read()).power_w == 1234
        await meter.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 600,
        b"\x00" * 50,
        bytes.fromhex("0001 0000 0000 01"),  # a length of nothing
        bytes.fromhex("0001 0000 0001 03"),  # no function code
        bytes.fromhex("0009 0000 0005 03 03 02 04 D2"),  # to another question
        bytes.fromhex("0001 0000 0005 09 03 02 04 D2"),  # from another unit
    ],
)
@pytest.mark.usefixtures("nothing_escapes")
async def test_what_is_no_modbus_ends_in_time(raw: bytes) -> None:
    async with odd_device(raw, raw=True) as port:
        assert f"asked modbus 127.0.0.1:{port}" in await failure_of(port, power_w=0, timeout_s=0.2)


@given(st.binary(max_size=20))
def test_any_answer_is_as_many_words_as_were_asked_for_or_a_bad_one(pdu: bytes) -> None:
    try:
        words = words_in(pdu, Span("input", 0, 2))
    except BadAnswer:
        return
    assert pdu[:2] == b"\x04\x04"
    assert len(words) == 2


def test_what_stands_behind_the_registers_does_not_matter() -> None:
    assert words_in(ONE_WORD + b"\x00", Span("holding", 0, 1)) == [1234]


async def test_a_device_that_says_no_keeps_its_connection() -> None:
    async with odd_device(bytes.fromhex("83 06"), ONE_WORD) as port:
        meter = meter_at(port, power_w=0)
        with pytest.raises(MeterError, match=r"error 6: the device is busy\. Raise every_s"):
            await meter.read()
        first = meter._client
        assert (await meter.read()).power_w == 1234
        assert meter._client is first
        await meter.close()


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "a\0b"])
async def test_a_host_that_cannot_be_one_says_so(host: str) -> None:
    meter = ModbusMeter(section(kind="modbus", host=host, power_w=0))
    with pytest.raises(MeterError, match=r"cannot be a name or an address.*Check host"):
        await meter.read()
