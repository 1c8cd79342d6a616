"""The framing rules once more, a byte at a time and as plainly as possible, to compare the fast decoder with.

Nothing here is shared with the product: a mistake would have to be made twice to go unseen.
"""

from collections import Counter

GOOD_LENGTHS = (13, 14, 15, 16, 20)


class ReferenceDecoder:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.seen: Counter[str] = Counter()
        self._held: list[int] = []

    def feed(self, data: bytes) -> None:
        for byte in data:
            if byte == 0xC0:
                self._end()
            else:
                self._held.append(byte)

    def silence(self) -> None:
        if len(self._held) > 40:
            self.seen["too_long"] += 1
        elif len(self._held) > 2:
            self.seen["cut_short"] += 1
        else:
            self.seen["gap_bytes"] += len(self._held)
        self._held = []

    def _end(self) -> None:
        held, self._held = self._held, []
        if len(held) <= 2:
            self.seen["gap_bytes"] += len(held)
        else:
            self.seen[self._verdict(held)] += 1

    def _verdict(self, held: list[int]) -> str:
        if len(held) > 40:
            return "too_long"
        body = self._without_escapes(held)
        if body is None:
            return "bad_escape"
        if len(body) not in GOOD_LENGTHS:
            return "bad_length"
        total = 0
        for byte in body[1:-1]:
            total = (total + byte) % 256
        if total != body[-1]:
            return "bad_checksum"
        if body[0] not in (0xFB, 0xFC, 0xFD):
            return "bad_type"
        if body[0] == 0xFD and len(body) % 2 == 1:
            return "bad_length"
        self.bodies.append(bytes(body))
        return "frames"

    def _without_escapes(self, held: list[int]) -> list[int] | None:
        body = []
        escaped = False
        for byte in held:
            if escaped:
                if byte not in (0xDC, 0xDD):
                    return None
                body.append(0xC0 if byte == 0xDC else 0xDB)
                escaped = False
            elif byte == 0xDB:
                escaped = True
            else:
                body.append(byte)
        return None if escaped else body
