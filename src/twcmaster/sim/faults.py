"""What goes wrong on a real RS-485 line, by chance but repeatably."""

from __future__ import annotations

import random
from dataclasses import dataclass

from twcmaster.protocol.framing import DELIMITER


@dataclass(frozen=True, slots=True)
class Faults:
    """Each field is the probability that it happens to one transmission, unless its name says otherwise."""

    flip_per_byte: float = 0.0
    lose_frame: float = 0.0
    truncate_frame: float = 0.0
    lose_delimiter: float = 0.0
    double_delimiter: float = 0.0
    #: A unit's answer starts up to `delay_s` late.
    delay_reply: float = 0.0
    delay_s: float = 0.3
    #: A unit's power fails for a moment.
    resets_per_hour: float = 0.0


NO_FAULTS = Faults()
#: A bad day: a tenth of all frames suffers, in one way or another.
ROUGH = Faults(
    flip_per_byte=0.001,
    lose_frame=0.03,
    truncate_frame=0.02,
    lose_delimiter=0.02,
    double_delimiter=0.01,
    delay_reply=0.1,
    resets_per_hour=2.0,
)


def damage(data: bytes, faults: Faults, rng: random.Random) -> bytes:
    """One transmission as it reaches the line; empty when it is lost."""
    if rng.random() < faults.lose_frame:
        return b""
    if rng.random() < faults.truncate_frame:
        data = data[: rng.randrange(1, len(data) + 1)]
    if rng.random() < faults.lose_delimiter:
        data = _without_one(data, rng)
    if rng.random() < faults.double_delimiter:
        data = data.replace(DELIMITER, DELIMITER * 2)
    return _flipped(data, faults.flip_per_byte, rng) if faults.flip_per_byte else data


def _without_one(data: bytes, rng: random.Random) -> bytes:
    places = [index for index, byte in enumerate(data) if byte == DELIMITER[0]]
    if not places:
        return data
    place = rng.choice(places)
    return data[:place] + data[place + 1 :]


def _flipped(data: bytes, per_byte: float, rng: random.Random) -> bytes:
    out = bytearray(data)
    for index in range(len(out)):
        if rng.random() < per_byte:
            out[index] ^= 1 << rng.randrange(8)
    return bytes(out)
