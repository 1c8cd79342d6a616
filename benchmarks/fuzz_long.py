"""Tens of millions of bytes of a bad line: no exception, bounded memory, nothing accepted that the rules forbid.

Real frames are mutated in a dozen ways (bits flipped, bytes lost, doubled and inserted, delimiters lost, collisions,
noise) and compared with a second, plain decoder. Ends with status 1 when anything differs.

    python -m benchmarks.fuzz_long [BYTES] [SEED]
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter

from tests.fuzz.rig import run

DEFAULT_BYTES = 20_000_000
DEFAULT_SEED = 1


def main(least_bytes: int, seed: int) -> int:
    """Run, report, and return the exit status."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = perf_counter()
    outcome = run(seed, least_bytes)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(f"{outcome.fed_bytes:,} bytes in {perf_counter() - started:.0f} s, seed {seed}")
    print(f"{outcome.sent_whole:,} undamaged frames sent, {len(outcome.lost)} of them lost")
    print(f"{outcome.damaged:,} damaged frames, {outcome.invented} gave a message that was never sent")
    print(f"{len(outcome.differences)} differences from the plain decoder")
    print(f"at most {outcome.most_held} bytes held; the process grew by {grown_kib:,} KiB")
    print(", ".join(f"{kind} {count:,}" for kind, count in outcome.counters.items()))
    return 1 if outcome.lost or outcome.differences else 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    sys.exit(main(*given, *(DEFAULT_BYTES, DEFAULT_SEED)[len(given) :]))
