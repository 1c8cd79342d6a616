"""Meters read over Modbus TCP. The connection stays open between readings.

pymodbus is imported at the first reading (some 65 ms, 3 MB). It is pinned to one minor version: all of it that is
used stands in this file. It connects, asks and matches answers to questions; what is in an answer is read here: its
own decoder raises errors in the loop's callback, where nobody waits for them, and makes zeros of answers to other
questions.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from twcmaster.config.meters import ModbusMeterSection, RegisterTerm
from twcmaster.meters.answer import BadAnswer, reading_of, shown, to_number
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient

_FUNCTION_CODES = {"holding": 3, "input": 4}
_FAILED = 0x80
#: struct's letter for each type; its size gives the number of registers.
_LETTERS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "float32": "f", "float64": "d"}
_WORD_BYTES = 2
#: The protocol's own bound for one request.
_MOST_REGISTERS = 125
#: Of no measurement; some devices fill a float with its largest number.
_LARGEST_REAL = 1e30
#: Exponents beyond these are a device's way to say "none".
_EXPONENTS = range(-10, 11)
_REMEDIES = {
    1: "the device does not know this kind of request. Try the other table (holding, input).",
    2: "the device has no such register. Check register (counted from 0) and table.",
    3: "the device does not like the number of registers. Check type.",
    4: "the device failed. Look at the device.",
    6: "the device is busy. Raise every_s.",
    10: "the gateway does not know this unit. Check unit.",
    11: "the device behind the gateway does not answer. Check unit and its wiring.",
}
_NO_ANSWER = "Check port and unit, that no other client disturbs the device, and look for an update of it."


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring registers that one request reads."""

    table: str
    first: int
    count: int

    def __str__(self) -> str:
        return f"{self.table} registers {self.first} to {self.first + self.count - 1}"


class AsItCame:
    """For pymodbus a decoder and a decoded answer in one: the bytes as they came, with what it notes on an answer."""

    def __init__(self, pdu: bytes = b"") -> None:
        self.pdu = pdu
        self.dev_id = 0
        self.transaction_id = 0
        self.retries = 0

    def decode(self, pdu: bytes) -> AsItCame:
        return AsItCame(pdu)


class ModbusMeter:
    """A meter with registers."""

    def __init__(self, settings: ModbusMeterSection) -> None:
        self._settings = settings
        self._client: AsyncModbusTcpClient | None = None
        self._spans = spans_of(term for _, terms in settings.fields() for term in terms)

    async def read(self) -> Reading:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                registers = await self._read_spans()
        except TimeoutError:
            await self.close()  # a late answer must not be taken for that to the next question
            raise self._error(
                f"no answer within {self._settings.timeout_s:g} s. Is Modbus TCP switched on, and is unit right?"
            ) from None
        try:
            return reading_of(self._settings, registers, asyncio.get_running_loop().time())
        except BadAnswer as problem:
            raise self._error(str(problem)) from problem

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _read_spans(self) -> Registers:
        from pymodbus.exceptions import ModbusException

        client = await self._connected()
        words: dict[tuple[str, int], int] = {}
        try:
            for span in self._spans:
                found = words_in(await self._ask(client, span), span)
                words.update(((span.table, span.first + index), word) for index, word in enumerate(found))
        except ModbusException as problem:
            await self.close()
            raise self._error(f"{problem}. Is the device on, and does it serve another client?") from problem
        except BadAnswer as problem:
            await self.close()  # what else comes on this connection may be amiss too
            raise self._error(str(problem)) from problem
        return Registers(words)

    async def _ask(self, client: AsyncModbusTcpClient, span: Span) -> bytes:
        """The answer, from its function code on. Raises MeterError for one that says no."""
        ask = client.read_input_registers if span.table == "input" else client.read_holding_registers
        answer = await ask(span.first, count=span.count, device_id=self._settings.unit)
        pdu = cast("AsItCame", answer).pdu
        if len(pdu) > 1 and pdu[0] == _FUNCTION_CODES[span.table] | _FAILED:
            raise self._error(f"{span}: error {pdu[1]}: {_REMEDIES.get(pdu[1], 'look it up in the manual.')}")
        return pdu

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is not None and self._client.connected:
            return self._client
        await self.close()
        self._client = self._make_client()
        try:
            connected = await self._client.connect()
        except ValueError as problem:  # UnicodeError is one
            await self.close()
            raise self._error(f"the host cannot be a name or an address ({problem}). Check host.") from problem
        if not connected:
            await self.close()
            raise self._error("cannot connect. Check host and port, and that Modbus TCP is switched on.")
        return self._client

    def _make_client(self) -> AsyncModbusTcpClient:
        from pymodbus.client import AsyncModbusTcpClient

        settings = self._settings
        # Retries and reconnecting are the caller's, at its own pace.
        client = AsyncModbusTcpClient(
            settings.host, port=settings.port, timeout=settings.timeout_s, retries=0, reconnect_delay=0
        )
        client.ctx.framer.decoder = AsItCame()  # type: ignore[assignment]
        return client

    def _error(self, text: str) -> MeterError:
        settings = self._settings
        return MeterError(f"{settings.name}: asked modbus {settings.host}:{settings.port} unit {settings.unit}: {text}")


def words_in(pdu: bytes, span: Span) -> list[int]:
    """The registers in an answer. Raises BadAnswer when it is no full answer to this question."""
    head = bytes((_FUNCTION_CODES[span.table], span.count * _WORD_BYTES))
    if not pdu.startswith(head) or len(pdu) < len(head) + head[1]:
        wanted = f"{_hex(head)} and so many bytes"
        raise BadAnswer(f"{span}: {shown(_hex(pdu))} came instead of {wanted}. {_NO_ANSWER}")
    return list(struct.unpack_from(f">{span.count}H", pdu, len(head)))


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()


class Registers:
    """What was read, for terms that name registers."""

    def __init__(self, words: Mapping[tuple[str, int], int]) -> None:
        self._words = words

    def number(self, term: RegisterTerm) -> float | None:
        raw = decode(self._of(term), term)
        number = None if raw in term.unknown or _is_extreme(raw, term) else to_number(raw)
        if number is None or term.exponent_register is None:
            return number
        word = self._words[term.table, term.exponent_register]
        exponent = word - 0x10000 if word >= 0x8000 else word  # noqa: PLR2004 - two's complement of a word
        return number * 10.0**exponent if exponent in _EXPONENTS else None

    def missing(self, term: RegisterTerm) -> str:
        words = " ".join(f"{word:04X}" for word in self._of(term))
        return f"{term.table} register {term.register_} as {term.type} holds {words}, which means unknown"

    def _of(self, term: RegisterTerm) -> list[int]:
        return [self._words[term.table, term.register_ + index] for index in range(size(term))]


def size(term: RegisterTerm) -> int:
    """How many registers the number takes."""
    return struct.calcsize(_LETTERS[term.type]) // _WORD_BYTES


def decode(words: Sequence[int], term: RegisterTerm) -> int | float:
    """The raw number in a term's registers."""
    ordered = words if term.words == "big" else words[::-1]
    data = b"".join(word.to_bytes(_WORD_BYTES, term.bytes_) for word in ordered)
    number: int | float = struct.unpack(f">{_LETTERS[term.type]}", data)[0]
    return number


def _is_extreme(raw: float, term: RegisterTerm) -> bool:
    """The ends of a type's range are what devices put where they have no value; nothing real is exactly there."""
    if term.type.startswith("float"):
        return not abs(raw) < _LARGEST_REAL
    bits = 8 * _WORD_BYTES * size(term)
    if term.type.startswith("u"):
        return raw == (1 << bits) - 1
    return raw in (-(1 << bits - 1), (1 << bits - 1) - 1)


def spans_of(terms: Iterable[RegisterTerm]) -> list[Span]:
    """The fewest requests that read every term's registers and none that nobody asked for.

    Devices refuse a whole request for one register that they do not have, so gaps are never bridged.
    """
    wanted: set[tuple[str, int]] = set()
    for term in terms:
        wanted.update((term.table, term.register_ + index) for index in range(size(term)))
        if term.exponent_register is not None:
            wanted.add((term.table, term.exponent_register))
    spans: list[Span] = []
    for table, register in sorted(wanted):
        last = spans[-1] if spans else None
        if last and last.table == table and register == last.first + last.count and last.count < _MOST_REGISTERS:
            spans[-1] = Span(table, last.first, last.count + 1)
        else:
            spans.append(Span(table, register, 1))
    return spans
