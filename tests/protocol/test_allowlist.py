from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.protocol.allowlist import NotAllowed, Role, SendPolicy, check
from twcmaster.protocol.messages import Encodable, MasterHeartbeat, Opcode, Request, checksum, encode

MASTER = SendPolicy(Role.MASTER, max_ca=3200)
RELAY = SendPolicy(Role.MASTER, max_ca=3200, allow_relay=True)
ERROR = SendPolicy(Role.MASTER, max_ca=3200, allow_error_command=True)
CONNECTOR = SendPolicy(Role.CONNECTOR)
LISTEN = SendPolicy(Role.LISTEN)

MASTER_OPCODES = {
    0xFCE1, 0xFBE2, 0xFBE0, 0xFBEB, 0xFBEC, 0xFBED, 0xFBEE, 0xFBEF, 0xFBF1, 0xFBB4, 0xFB19, 0xFB1A, 0xFB1B,
}  # fmt: skip
RELAY_OPCODES = {0xFCB1, 0xFCB2}
CONNECTOR_OPCODES = {
    0xFDE2, 0xFDE0, 0xFDEB, 0xFDEC, 0xFDED, 0xFDEE, 0xFDEF, 0xFDF1, 0xFDB4, 0xFDB1, 0xFDB2, 0xFD19, 0xFD1A, 0xFD1B,
}  # fmt: skip


def sealed(opcode: int, payload: bytes = b"", length: int = 16) -> bytes:
    body = opcode.to_bytes(2, "big") + payload
    body += bytes(length - 1 - len(body))
    return body + bytes((checksum(body),))


def beat(command: int, limit_ca: int, length: int = 16) -> bytes:
    return encode(MasterHeartbeat(0x7777, 0x1234, command, limit_ca), length)


def allowed(body: bytes, policy: SendPolicy) -> bool:
    try:
        check(body, policy)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    "policy, expected",
    [
        (MASTER, MASTER_OPCODES),
        (RELAY, MASTER_OPCODES | RELAY_OPCODES),
        (CONNECTOR, CONNECTOR_OPCODES),
        (LISTEN, set()),
    ],
)
def test_exactly_the_listed_opcodes_pass(policy: SendPolicy, expected: set[int]) -> None:
    passed = {opcode for opcode in range(0x10000) if allowed(sealed(opcode), policy)}
    assert passed == expected


@pytest.mark.parametrize("opcode", [0xFC19, 0xFC1A, 0xFBE8, 0xFCA1, 0xFC1D, 0xFBA4])
@pytest.mark.parametrize("policy", [MASTER, RELAY, ERROR, CONNECTOR, LISTEN])
def test_harmful_and_unknown_messages_never_pass(opcode: int, policy: SendPolicy) -> None:
    for length in (13, 14, 15, 16, 20):
        with pytest.raises(NotAllowed):
            check(sealed(opcode, length=length), policy)


@pytest.mark.parametrize(
    "command, limit_ca, length, policy, passes",
    [
        (0x00, 0, 16, MASTER, True),
        (0x05, 0, 16, MASTER, True),
        (0x05, 600, 16, MASTER, True),
        (0x05, 599, 16, MASTER, False),
        (0x05, 1, 16, MASTER, False),
        (0x05, 3200, 16, MASTER, True),
        (0x05, 3201, 16, MASTER, False),
        (0x09, 65535, 16, MASTER, False),
        (0x08, 1600, 16, MASTER, True),
        (0x05, 500, 14, MASTER, True),
        (0x05, 499, 14, MASTER, False),
        (0x05, 500, 16, MASTER, False),
        (0x00, 500, 14, MASTER, True),
        (0x06, 0, 16, MASTER, True),
        (0x07, 0, 16, MASTER, True),
        (0x01, 0, 16, MASTER, False),
        (0x03, 0, 16, MASTER, False),
        (0x0A, 0, 16, MASTER, False),
        (0xFF, 0, 16, MASTER, False),
        (0x02, 0x0100, 16, MASTER, False),
        (0x02, 0x0100, 16, ERROR, True),
        (0x02, 0xEF00, 16, ERROR, True),
        (0x02, 0xF000, 16, ERROR, False),
        (0x02, 0xF7FF, 16, ERROR, False),
        (0x02, 0xF800, 16, ERROR, True),
    ],
)
def test_heartbeat_commands_and_amps(
    command: int, limit_ca: int, length: int, policy: SendPolicy, passes: bool
) -> None:
    assert allowed(beat(command, limit_ca, length), policy) is passes


@pytest.mark.parametrize("length", [13, 15, 17, 20])
def test_wrong_lengths_are_refused(length: int) -> None:
    with pytest.raises(NotAllowed, match="bytes long"):
        check(sealed(0xFBEB, length=length), MASTER)


def test_only_long_answers_may_be_long() -> None:
    assert allowed(sealed(0xFDEB, length=20), CONNECTOR)
    assert not allowed(sealed(0xFDE0, length=20), CONNECTOR)


@given(st.integers(0, 15), st.integers(1, 255))
def test_any_damaged_byte_is_refused_or_harmless(index: int, change: int) -> None:
    body = bytearray(beat(0x05, 1600))
    body[index] ^= change
    if index == 0:
        # Not covered by the checksum, but FD and FC with this command are not on a master's list.
        assert not allowed(bytes(body), MASTER)
    else:
        with pytest.raises(NotAllowed):
            check(bytes(body), MASTER)


@given(st.binary(max_size=24), st.sampled_from([MASTER, RELAY, ERROR, CONNECTOR, LISTEN]))
def test_any_bytes_are_judged_without_another_exception(body: bytes, policy: SendPolicy) -> None:
    allowed(body, policy)


@given(st.integers(0, 255), st.integers(0, 65535), st.sampled_from([14, 16]))
def test_no_limit_between_nothing_and_the_least_or_above_the_most(command: int, limit_ca: int, length: int) -> None:
    if allowed(beat(command, limit_ca, length), MASTER):
        assert limit_ca == 0 or (500 if length == 14 else 600) <= limit_ca <= 3200


def test_relay_needs_the_switch() -> None:
    message: Encodable = Request(Opcode.STOP_REQUEST, 0x7777, 0x1234)
    with pytest.raises(NotAllowed, match="not switched on"):
        check(encode(message), MASTER)
    check(encode(message), RELAY)
