"""The lowest sending layer: what leaves the program passes through here, or not at all.

Every write is taken apart into its body again, and the body must pass the checker. Checking the decoded bytes right
before they are written means that no layer above, no debug command and no spelling of a frame can get around the
list of what is allowed (`protocol/allowlist.py`). A write that is not exactly one whole frame is refused as well:
otherwise two harmless halves could join into one harmful frame on the wire.
"""

from __future__ import annotations

from collections.abc import Callable

from twcmaster.model.ports import Link
from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.protocol.framing import unframe

#: Raises NotAllowed for a body (checksum included) that must not be sent.
Checker = Callable[[bytes], None]
#: Told why something was not sent, and its bytes.
Refusal = Callable[[str, bytes], None]


class GuardedLink:
    """Any link, which now sends only what `check` lets pass. Refusals are counted and reported, never raised."""

    def __init__(self, link: Link, check: Checker, on_refused: Refusal) -> None:
        self._link = link
        self._check = check
        self._on_refused = on_refused
        self.refused = 0

    @property
    def url(self) -> str:
        return self._link.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        await self._link.open(on_bytes, on_lost)

    def write(self, data: bytes) -> None:
        """Send `data` if it is one whole frame, and allowed; otherwise none of it."""
        body = unframe(data)
        if body is None:
            self._refuse("only one whole frame with a right checksum may be sent at a time", data)
            return
        try:
            self._check(body)
        except NotAllowed as problem:
            self._refuse(problem.reason, body)
            return
        self._link.write(data)

    async def close(self) -> None:
        await self._link.close()

    def _refuse(self, reason: str, data: bytes) -> None:
        self.refused += 1
        self._on_refused(reason, data)


def nothing_allowed(_body: bytes) -> None:
    """The checker of a link that only listens."""
    raise NotAllowed("this link only listens")
