"""Voices on the line that should not be there: our own echo, a second master, two connectors with one id.

*Echo.* Some adapters return what we write. An echo is a frame identical to one that we have just sent, it comes at
most once per sending and before the answer. The type byte is left out of the comparison: the checksum does not
cover it, so it may arrive damaged.

*Second master.* Only masters send FB and FC frames. Two masters wear each other's connectors out, so the one that can
tell steps back. One such frame may be noise or another's start-up: hold our tongue for `HOLD_S`. A second one within
`CONFIRM_S`: stay silent until none has been heard for `GONE_S`, plus up to `SPREAD_S` that differs between two
copies of this program, so that they do not resume in step.

*Two connectors with one id* both answer each heartbeat, with different content; or both ask for a master, each
with its own sign.
"""

from __future__ import annotations

from collections import deque

from twcmaster.protocol.events import SecondMaster, SecondMasterGone

#: Serial adapters echo within the frame's own 20 ms, network adapters within their latency.
ECHO_S = 1.0
#: Our frames that may still come back: strict turn-taking leaves one or two on the way.
_ECHO_MEMORY = 4

HOLD_S = 1.5
CONFIRM_S = 10.0
GONE_S = 20.0
SPREAD_S = 10.0

#: Evidence of a shared id must repeat within this time, and is forgotten after `FORGET_S` without more.
EVIDENCE_S = 30.0
FORGET_S = 300.0


class EchoFilter:
    """Tells our own frames from those of others."""

    def __init__(self) -> None:
        self.detected = False
        self._expected: deque[tuple[bytes, float]] = deque(maxlen=_ECHO_MEMORY)

    def sent(self, body: bytes, now: float) -> None:
        self._expected.append((body[1:], now))

    def answered(self) -> None:
        """Somebody has answered our last frame, so its echo cannot be still to come."""
        self._expected.clear()

    def is_echo(self, body: bytes, now: float) -> bool:
        while self._expected and now - self._expected[0][1] > ECHO_S:
            self._expected.popleft()
        if not self._expected:
            return False
        covered = body[1:]
        for expected in self._expected:
            if expected[0] == covered:
                self._expected.remove(expected)
                return True
        return False


class SecondMasterWatch:
    """Whether somebody else is master on this line, and until when we are therefore silent."""

    def __init__(self, master_id: int, sign: int) -> None:
        self.active = False
        #: We do not transmit before this time.
        self.quiet_until = float("-inf")
        self._seen_at = float("-inf")
        # Any fixed mixing of the two will do: it only has to differ between two copies.
        self._patience_s = GONE_S + SPREAD_S * ((master_id * 31 + sign * 97) % 256) / 256

    def sighted(self, master_id: int | None, now: float) -> SecondMaster | None:
        """A frame that only another master can have sent; the event when that makes it certain."""
        again = now - self._seen_at <= CONFIRM_S
        self._seen_at = now
        if self.active:
            self.quiet_until = now + self._patience_s
        elif again:
            self.active = True
            self.quiet_until = now + self._patience_s
            return SecondMaster(master_id)
        else:
            self.quiet_until = now + HOLD_S
        return None

    def check(self, now: float) -> SecondMasterGone | None:
        """The event when the other master has been silent for long enough."""
        if not self.active or now < self.quiet_until:
            return None
        self.active = False
        return SecondMasterGone(now - self._seen_at)


class DuplicateWatch:
    """Gathers evidence that two units share one id."""

    def __init__(self, sign: int | None) -> None:
        self.found_at: float | None = None
        self._extra_at = float("-inf")
        self._sign = sign
        self._other_sign: int | None = None

    def extra_answer(self, now: float) -> bool:
        """A second, different answer to one heartbeat; True when that makes it certain."""
        again = now - self._extra_at <= EVIDENCE_S
        self._extra_at = now
        return again and self._found(now)

    def sign_heard(self, sign: int, now: float) -> bool:
        """The unit, although it answers us, asks for a master with this sign; True when signs alternate."""
        if sign == self._sign:
            return False
        alternates = sign == self._other_sign
        self._sign, self._other_sign = sign, self._sign
        return alternates and self._found(now)

    def is_over(self, now: float) -> bool:
        """Whether there was evidence once, but none of late."""
        if self.found_at is None or now - self.found_at < FORGET_S:
            return False
        self.found_at = None
        return True

    def _found(self, now: float) -> bool:
        news = self.found_at is None or now - self.found_at >= EVIDENCE_S
        self.found_at = now
        return news
