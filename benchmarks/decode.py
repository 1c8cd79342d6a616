"""Frames per second from raw bytes to messages, on one core.

The stream is what a busy bus carries: heartbeats both ways, answers, turnaround bytes, a few escapes, and some
damage, in chunks as a serial port hands them out.

    python -m benchmarks.decode
"""

from __future__ import annotations

from itertools import islice
from statistics import median
from time import process_time

from tests.fuzz.bad_line import bad_line
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import decode

#: What one read of a serial port or socket returns when the program is kept busy.
CHUNK_BYTES = 256
RUNS = 7
PIECES = 100_000
#: Lines to measure: name, share of damaged frames.
LINES = (("clean", 0.0), ("5 % damaged", 0.05), ("half damaged", 0.5))


def stream(damaged_share: float) -> list[bytes]:
    """The same bytes at every call, chunked."""
    line = b"".join(piece.data for piece in islice(bad_line(7, damaged_share), PIECES))
    return [line[at : at + CHUNK_BYTES] for at in range(0, len(line), CHUNK_BYTES)]


def frames_per_s(chunks: list[bytes]) -> float:
    """One run over all chunks, by processor time: what else the machine does is not our speed."""
    decoder = FrameDecoder()
    started = process_time()
    for chunk in chunks:
        for body in decoder.feed(chunk):
            decode(body)
    return decoder.counters.frames / (process_time() - started)


def main() -> None:
    """Print the median of several runs for each line."""
    for name, damaged_share in LINES:
        chunks = stream(damaged_share)
        rates = sorted(frames_per_s(chunks) for _ in range(RUNS))
        print(f"{name:13} {median(rates):>9,.0f} frames/s (of {RUNS} runs: {rates[0]:,.0f} to {rates[-1]:,.0f})")


if __name__ == "__main__":
    main()
