"""How much a request may bring."""

from __future__ import annotations

#: A schedule with a hundred windows has a tenth of this.
LARGEST_REQUEST_BYTES = 256 * 1024
#: Ten years of history have half of this; it goes through the folder for temporary files, often in memory.
LARGEST_BACKUP_BYTES = 256 << 20


def largest_bytes(path: str) -> int:
    """The largest body that an address takes."""
    return LARGEST_BACKUP_BYTES if path.endswith("/backup") else LARGEST_REQUEST_BYTES
