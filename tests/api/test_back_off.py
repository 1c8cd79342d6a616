"""Slowing down guesses."""

from __future__ import annotations

import pytest

from twcmaster.api.auth import back_off
from twcmaster.api.auth.back_off import BackOff


def after(failures: int, address: str = "192.168.1.20", account: str = "owner") -> BackOff:
    tried = BackOff()
    for second in range(failures):
        tried.failed(address, account, float(second))
    return tried


@pytest.mark.parametrize(
    "failures,wait_s", [(0, 0), (1, 0), (2, 0), (3, 2), (4, 4), (5, 8), (6, 16), (12, 900), (40, 900)]
)
def test_an_address_waits_twice_as_long_each_time(failures: int, wait_s: float) -> None:
    assert after(failures).wait_s("192.168.1.20", "somebody else", failures - 1.0) == wait_s


def test_an_account_is_never_locked_for_long() -> None:
    tried = after(40)
    assert tried.wait_s("192.168.1.99", "owner", 39.0) == back_off.LONGEST_ACCOUNT_WAIT_S
    assert tried.wait_s("192.168.1.99", "OWNER", 39.0) == back_off.LONGEST_ACCOUNT_WAIT_S, "capitals are no way round"
    assert tried.wait_s("192.168.1.99", "guest", 39.0) == 0


def test_the_wait_ends_and_success_forgives() -> None:
    tried = after(4)
    assert tried.wait_s("192.168.1.20", "owner", 6.9) == pytest.approx(0.1)
    assert tried.wait_s("192.168.1.20", "owner", 7.0) == 0
    tried.succeeded("192.168.1.20", "owner")
    assert tried.wait_s("192.168.1.20", "owner", 3.0) == 0


def test_time_forgives() -> None:
    tried = after(6)
    tried.failed("192.168.1.20", "owner", 6 + back_off.FORGIVEN_AFTER_S)
    assert tried.wait_s("192.168.1.20", "owner", 7 + back_off.FORGIVEN_AFTER_S) == 0


@pytest.mark.parametrize(
    "one,other,same",
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.168.1.20", "192.168.1.20", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.168.1.20", "192.168.1.21", False),
        ("local", "local", True),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (after(5, one, "a").wait_s(other, "b", 4.0) > 0) is same


def test_memory_is_bounded() -> None:
    tried = BackOff(most=10)
    for number in range(1000):
        tried.failed(f"10.0.{number // 256}.{number % 256}", f"name {number}", 0.0)
    assert len(tried._tallies) == 10
