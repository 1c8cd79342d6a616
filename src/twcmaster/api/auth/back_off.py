"""Slowing down whoever guesses passwords: each failure after the first few doubles the wait.

An address waits up to a quarter of an hour. An account waits at most half a minute, or a stranger on the network could
lock its owner out. Memory is bounded: the longest untouched entries are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from twcmaster.api.web_settings import ip_of

FREE_FAILURES = 3
FIRST_WAIT_S = 2.0
LONGEST_ADDRESS_WAIT_S = 900.0
LONGEST_ACCOUNT_WAIT_S = 30.0
#: Without a further failure for this long, all is forgiven.
FORGIVEN_AFTER_S = 3600.0
MOST_ENTRIES = 2000
#: Providers and home routers hand out whole networks of this size.
IPV6_NETWORK_BITS = 64


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    last_at: float = 0.0


class BackOff:
    """Failures by address and by account. Times are the caller's monotonic seconds."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    def wait_s(self, address: str, account: str, now: float) -> float:
        """How long this one must wait before the next try; 0: none."""
        of_address = self._left_s(_address_key(address), LONGEST_ADDRESS_WAIT_S, now)
        return max(of_address, self._left_s(_account_key(account), LONGEST_ACCOUNT_WAIT_S, now))

    def failed(self, address: str, account: str, now: float) -> None:
        """Count a failure."""
        for key in (_address_key(address), _account_key(account)):
            tally = self._tallies.get(key)
            if tally is None or now - tally.last_at > FORGIVEN_AFTER_S:
                tally = self._tallies[key] = _Tally()
            tally.failures += 1
            tally.last_at = now
            self._tallies.move_to_end(key)
        while len(self._tallies) > self._most:
            self._tallies.popitem(last=False)

    def succeeded(self, address: str, account: str) -> None:
        """Forget the failures of both."""
        for key in (_address_key(address), _account_key(account)):
            self._tallies.pop(key, None)

    def _left_s(self, key: str, longest_s: float, now: float) -> float:
        tally = self._tallies.get(key)
        if tally is None or tally.failures < FREE_FAILURES:
            return 0.0
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(tally.failures - FREE_FAILURES, 20), longest_s)
        return max(0.0, tally.last_at + wait_s - now)


def _account_key(account: str) -> str:
    return f"account {account[:80].casefold()}"


def _address_key(address: str) -> str:
    ip = ip_of(address)
    if isinstance(ip, IPv6Address):
        return f"address {IPv6Network((ip, IPV6_NETWORK_BITS), strict=False)}"
    return f"address {ip or address[:80]}"
