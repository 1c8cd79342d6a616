"""How the C library keeps memory, told to be frugal. Where it is not glibc, nothing is told.

Left alone it gives every thread a pool of its own, and learns from the 16 MB of each password check to keep blocks of
that size for ever: several megabytes that no other program on the machine can use.
"""

from __future__ import annotations

import ctypes

#: Blocks from this size on go back to the system when they are freed.
LARGE_BLOCK_BYTES = 1 << 20
#: Numbers of mallopt(3).
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8


def be_frugal() -> None:
    """One pool for all threads, large blocks given back. For before threads are started that need much."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def give_back() -> None:
    """Return what is free: for after something that needed much once, such as importing half a library."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
