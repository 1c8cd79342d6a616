"""The decoder and its reference on the same bad line, chunked at random, compared after every piece."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import islice
from random import Random

from tests.fuzz.bad_line import Piece, bad_line
from tests.fuzz.reference import ReferenceDecoder
from twcmaster.protocol.describe import as_dict
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import decode


@dataclass
class Outcome:
    """What a run showed. `lost` and `differences` must stay empty."""

    fed_bytes: int = 0
    sent_whole: int = 0
    accepted: int = 0
    damaged: int = 0
    #: Messages that came out of damage and were never sent: what an eight-bit checksum lets pass.
    invented: int = 0
    #: Undamaged frames that did not come out.
    lost: list[bytes] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    most_held: int = 0
    counters: dict[str, int] = field(default_factory=dict)


def run(seed: int, least_bytes: int) -> Outcome:
    """Feed at least `least_bytes` bytes of a bad line."""
    random = Random(seed ^ 0x5EED)
    decoder, reference, outcome = FrameDecoder(), ReferenceDecoder(), Outcome()
    line = bad_line(seed)
    while outcome.fed_bytes < least_bytes:
        pieces = list(islice(line, 200))
        bodies = [body for piece in pieces for body in _feed(decoder, piece, random, outcome)]
        # The batch ends in silence, so that nothing in it waits for bytes of the next.
        decoder.drop_unfinished()
        _compare(bodies, pieces, reference, outcome)
    outcome.counters = asdict(decoder.counters)
    expected = {**dict.fromkeys(outcome.counters, 0), **reference.seen, "bytes": outcome.fed_bytes}
    if outcome.counters != expected:
        outcome.differences.append(f"counters {outcome.counters} instead of {expected}")
    return outcome


def _feed(decoder: FrameDecoder, piece: Piece, random: Random, outcome: Outcome) -> list[bytes]:
    bodies = []
    left = piece.data
    outcome.fed_bytes += len(left)
    while left:
        size = random.choice((1, 2, 7, len(left)))
        bodies += decoder.feed(left[:size])
        left = left[size:]
        outcome.most_held = max(outcome.most_held, len(decoder._pending))
    if piece.silence:
        decoder.drop_unfinished()
    return bodies


def _compare(bodies: list[bytes], pieces: list[Piece], reference: ReferenceDecoder, outcome: Outcome) -> None:
    reference.bodies.clear()
    for piece in pieces:
        reference.feed(piece.data)
        if piece.silence:
            reference.silence()
    reference.silence()
    if bodies != reference.bodies:
        outcome.differences.append(f"{bodies} instead of {reference.bodies}")
    messages = [decode(body) for body in bodies]
    for message in messages:
        as_dict(message)
    whole = Counter(piece.body for piece in pieces if piece.body is not None and piece.whole)
    sent = {decode(piece.body) for piece in pieces if piece.body is not None}
    outcome.sent_whole += whole.total()
    outcome.damaged += sum(piece.body is not None and not piece.whole for piece in pieces)
    outcome.accepted += len(bodies)
    outcome.lost += (whole - Counter(bodies)).elements()
    outcome.invented += sum(message not in sent for message in messages)
