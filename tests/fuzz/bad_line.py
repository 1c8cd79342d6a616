"""A seeded bus with everything that goes wrong on a real one: good frames between damaged ones and plain noise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    MasterHeartbeat,
    MasterLinkReady2,
    Opcode,
    Request,
    SerialAnswer,
    VinAnswer,
    encode,
)

#: What connectors and adapters put between two frames.
TURNAROUND = (b"", b"\xfc", b"\xfe", b"\xf8", b"\xff", b"\xfa")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes on the line, and what they were before the damage."""

    data: bytes
    body: bytes | None
    whole: bool
    #: Whether the line falls silent afterwards.
    silence: bool


def bad_line(seed: int, damaged_share: float = 0.5) -> Iterator[Piece]:
    """Endless; about every `damaged_share`-th frame is damaged in one of many ways."""
    random = Random(seed)
    while True:
        body = some_body(random)
        whole = frame(body)
        silence = random.random() < 0.3
        if random.random() < damaged_share:
            yield Piece(random.choice(DAMAGE)(random, whole), body, whole=False, silence=silence)
        else:
            # A doubled delimiter keeps an undamaged frame whole whatever noise came before.
            yield Piece(b"\xc0" + whole, body, whole=True, silence=silence)
        yield Piece(random.choice(TURNAROUND), None, whole=False, silence=False)


def some_body(random: Random) -> bytes:
    unit, master = random.choice((0x2433, 0x022C, 0xC0DB, 0xDBC0, 0x1839)), 0x7777
    any_ca = random.choice((0, 600, 1600, 3200, 0xC0C0, 0xDBDD, random.randrange(0x10000)))
    length = random.choice((14, 16))
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: encode(MasterHeartbeat(master, unit, random.choice((0, 5, 9)), any_ca), length),
        lambda: encode(ConnectorHeartbeat(unit, master, random.randrange(11), any_ca, random.randrange(4000)), length),
        lambda: encode(ConnectorLinkReady(unit, random.randrange(256), any_ca), length),
        lambda: encode(MasterLinkReady2(master, 0x77), length),
        lambda: encode(Request(Opcode.ENERGY_REQUEST, master, unit), random.choice((13, 15, 16))),
        lambda: encode(EnergyAnswer(unit, random.randrange(1 << 32), (230, 231, 0xC0), (0, 33, 0xDB)), 20),
        lambda: encode(VinAnswer(Opcode.VIN_START_ANSWER, unit, "5YJ3E1E"), 20),
        lambda: encode(SerialAnswer(unit, "A17I0039393"), 20),
    )
    return random.choice(kinds)()


def _flip(random: Random, whole: bytes) -> bytes:
    at = random.randrange(len(whole))
    return whole[:at] + bytes((whole[at] ^ 1 << random.randrange(8),)) + whole[at + 1 :]


def _replace(random: Random, whole: bytes) -> bytes:
    at = random.randrange(len(whole))
    return whole[:at] + random.choice((b"\xc0", b"\xdb", random.randbytes(1))) + whole[at + 1 :]


def _lose(random: Random, whole: bytes) -> bytes:
    at, lost = random.randrange(len(whole)), random.choice((1, 1, 1, 2, 5))
    return whole[:at] + whole[at + lost :]


def _insert(random: Random, whole: bytes) -> bytes:
    at = random.randrange(len(whole) + 1)
    return whole[:at] + random.choice((b"\xc0", b"\xdb", random.randbytes(random.randrange(1, 6)))) + whole[at:]


def _double_byte(random: Random, whole: bytes) -> bytes:
    at = random.randrange(len(whole))
    return whole[:at] + whole[at : at + 1] + whole[at:]


def _no_opening(random: Random, whole: bytes) -> bytes:
    return whole[1:]


def _no_closing(random: Random, whole: bytes) -> bytes:
    return whole[:-1]


def _escape_before_end(random: Random, whole: bytes) -> bytes:
    return whole[:-1] + b"\xdb\xc0"


def _collide(random: Random, whole: bytes) -> bytes:
    """Two drivers at once: where either pulls low, the line is low. The tail of the other is cut with it."""
    offset = random.randrange(len(whole))
    return whole[:offset] + bytes(a & b for a, b in zip(whole[offset:], frame(some_body(random)), strict=False))


def _noise(random: Random, whole: bytes) -> bytes:
    return random.randbytes(random.choice((1, 3, 15, 60, 300)))


def _babble(random: Random, whole: bytes) -> bytes:
    return random.choice((b"\xc0", b"\xdb", b"\x00", b"\xff")) * random.randrange(1, 200)


def _echo(random: Random, whole: bytes) -> bytes:
    return whole[: random.randrange(1, len(whole))] + whole


DAMAGE: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip,
    _replace,
    _lose,
    _insert,
    _double_byte,
    _no_opening,
    _no_closing,
    _escape_before_end,
    _collide,
    _noise,
    _babble,
    _echo,
)
