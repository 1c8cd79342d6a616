"""What holds for a master whatever it hears and whatever is asked of it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sized
from dataclasses import fields

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from twcmaster.protocol import events as ev
from twcmaster.protocol.allowlist import NotAllowed, check
from twcmaster.protocol.framing import FrameDecoder, frame
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    FirmwareAnswer,
    MasterHeartbeat,
    MasterLinkReady1,
    Opcode,
    PlugAnswer,
    VinAnswer,
    checksum,
    decode,
    encode,
)
from twcmaster.protocol.seats import MOST_UNITS
from twcmaster.protocol.settings import KnownUnit, MasterSettings
from twcmaster.protocol.unit import Unit

IDS = (0x1111, 0x2222, 0x3333, 0x4444, 0x7777, 0x0000)
WIRING_CA = 2000

ids = st.sampled_from(IDS)
words = st.integers(0, 0xFFFF)
bytes_ = st.integers(0, 0xFF)
lengths = st.sampled_from([14, 16])


def sealed(head: bytes, length: int) -> bytes:
    body = (head + bytes(length))[: length - 1]
    return body + bytes((checksum(body),))


class AnyLife(RuleBasedStateMachine):
    """Any sequence of bytes, messages, waits and requests. Every frame sent is judged as it leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 50.0
        self.master_silent = False
        self.offered: dict[int, tuple[int, float]] = {}

    @initialize(relay=st.booleans(), known=st.lists(ids, max_size=4, unique=True), fallback=st.sampled_from([0, 600]))
    def start(self, relay: bool, known: list[int], fallback: int) -> None:
        self.settings = MasterSettings(
            connector_limit_ca=WIRING_CA,
            allow_relay=relay,
            fallback_ca=fallback,
            known_units=tuple(KnownUnit(unit_id, 2, 3200) for unit_id in known),
        )
        self.master = Master(self.settings, self.now)
        self.collect()

    # ── what may happen ──

    @rule(data=st.binary(max_size=60))
    def noise(self, data: bytes) -> None:
        self.feed(data)

    @rule(head=st.binary(min_size=2, max_size=19), length=st.sampled_from([13, 14, 15, 16, 20]))
    def any_valid_body(self, head: bytes, length: int) -> None:
        self.feed(frame(sealed(bytes((0xFB + head[0] % 3,)) + head[1:], length)))

    @rule(unit_id=ids, sign=bytes_, max_ca=words, length=lengths)
    def link_ready(self, unit_id: int, sign: int, max_ca: int, length: int) -> None:
        self.feed(frame(encode(ConnectorLinkReady(unit_id, sign, max_ca), length)))

    @rule(unit_id=ids, state=bytes_, limit_ca=words, actual_ca=words, length=lengths)
    def answer(self, unit_id: int, state: int, limit_ca: int, actual_ca: int, length: int) -> None:
        self.feed(frame(encode(ConnectorHeartbeat(unit_id, 0x7777, state, limit_ca, actual_ca), length)))

    @rule(unit_id=ids, state=st.sampled_from([0, 1, 3, 4, 5, 8]), limit_ca=st.sampled_from([0, 600, 1600, 2000]))
    def sane_answer(self, unit_id: int, state: int, limit_ca: int) -> None:
        self.feed(frame(encode(ConnectorHeartbeat(unit_id, 0x7777, state, limit_ca, limit_ca))))

    @rule(unit_id=ids, value=bytes_)
    def facts(self, unit_id: int, value: int) -> None:
        self.feed(frame(encode(PlugAnswer(unit_id, value))))
        self.feed(frame(encode(FirmwareAnswer(unit_id, (4, 5, 3, value)))))
        self.feed(frame(encode(EnergyAnswer(unit_id, value, (230, 230, 230), None))))
        self.feed(frame(encode(VinAnswer(Opcode.VIN_START_ANSWER, unit_id, "5YJ3E7E"[: value % 8]), 20)))

    @rule(unit_id=ids, sign=bytes_)
    def other_master(self, unit_id: int, sign: int) -> None:
        self.feed(frame(encode(MasterLinkReady1(unit_id, sign))))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.2, 0.5, 1.0, 3.0, 12.0, 40.0]))
    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        turns = 0
        while (due := self.master.next_timer()) is not None and due <= until:
            turns += 1
            assert turns < 200 * (seconds + 1), "busy polling"
            self.now = max(self.now, due) + 1e-6
            self.master.handle_timer(self.now)
            self.collect()
        self.now = max(until, self.now)

    @rule(seconds=st.sampled_from([0.1, 5.0, 60.0]))
    def oversleep(self, seconds: float) -> None:
        self.now += seconds
        self.master.handle_timer(self.now)
        self.collect()

    @rule(
        unit_id=ids, limit_ca=st.integers(-200, 6000) | st.sampled_from([0, 600, 1600, 2000]), lease_s=st.floats(-5, 60)
    )
    def offer(self, unit_id: int, limit_ca: int, lease_s: float) -> None:
        try:
            self.master.set_offer(unit_id, limit_ca, self.now + lease_s)
        except KeyError:
            assert unit_id not in self.master.units
        except ValueError:
            assert limit_ca % 100 or 0 < limit_ca < 600
        else:
            self.offered[unit_id] = (max(0, limit_ca), self.now + lease_s)

    @rule(unit_id=ids, command=bytes_, limit_ca=words, seconds=st.floats(-1, 60))
    def override(self, unit_id: int, command: int, limit_ca: int, seconds: float) -> None:
        try:
            self.master.override(unit_id, command, limit_ca, self.now + seconds)
        except NotAllowed as refused:
            assert len(refused.reason) > 5  # noqa: PT017 - a reason is part of refusing

    @rule(unit_id=ids, command=st.sampled_from([5, 6, 7, 8, 9]), amps=st.integers(0, 20))
    def plausible_override(self, unit_id: int, command: int, amps: int) -> None:
        self.override(unit_id, command, amps * 100, 30.0)

    @rule(unit_id=ids, start=st.booleans())
    def relay(self, unit_id: int, start: bool) -> None:
        ask = self.master.request_start if start else self.master.request_stop
        try:
            ask(unit_id, self.now)
        except NotAllowed:
            return
        assert self.settings.allow_relay

    @rule(body=st.binary(max_size=18))
    def debug(self, body: bytes) -> None:
        self.debug_send(body)

    @rule(command=st.sampled_from([0xE0, 0xEB, 0x19, 0xB4, 0xE8]), unit_id=ids, rest=st.binary(max_size=5))
    def plausible_debug(self, command: int, unit_id: int, rest: bytes) -> None:
        self.debug_send(bytes((0xFB, command, 0x77, 0x77)) + unit_id.to_bytes(2, "big") + rest)

    @rule()
    def adapter_blinks(self) -> None:
        self.master.link_down(self.now)
        self.collect()
        self.now += 2.0
        self.master.handle_timer(self.now)
        assert not self.master.frames_to_send()
        self.master.link_up(self.now)

    # ── what must hold ──

    def feed(self, data: bytes) -> None:
        self.master.receive_data(data, self.now)
        assert not self.master.frames_to_send(), "receiving never transmits"
        self.collect()

    def debug_send(self, body: bytes) -> None:
        try:
            self.master.debug_send(body, self.now)
        except NotAllowed as refused:
            assert len(refused.reason) > 5  # noqa: PT017 - a reason is part of refusing

    def collect(self) -> None:
        for event in self.master.take_events():
            if isinstance(event, ev.SecondMaster):
                self.master_silent = True
            elif isinstance(event, ev.SecondMasterGone):
                self.master_silent = False
        frames = self.master.frames_to_send()
        assert len(frames) <= 1
        for data in frames:
            assert not self.master_silent, "spoke while another master is confirmed"
            (body,) = FrameDecoder().feed(data)
            check(body, self.master.policy)
            self.judge(body)

    def judge(self, body: bytes) -> None:
        message = decode(body)
        if not isinstance(message, MasterHeartbeat):
            return
        unit = self.master.units[message.receiver]
        limit_ca = message.limit_ca
        floor_ca = 500 if len(body) == 14 else 600
        assert limit_ca == 0 or limit_ca >= floor_ca
        if message.command in {5, 8, 9}:
            assert limit_ca % 100 == 0
            assert limit_ca <= min(unit.max_ca, WIRING_CA)
            offered = self.offered.get(message.receiver)
            if offered is not None and unit.protocol == 2:
                assert limit_ca <= offered[0]
                assert self.now < offered[1] or limit_ca <= self.settings.fallback_ca
        if len(body) == 14:
            assert (message.command, limit_ca) != (0, 0)

    @invariant()
    def at_most_three_units(self) -> None:
        if hasattr(self, "master"):
            assert len(self.master.units) <= MOST_UNITS
            assert not {0x7777, 0} & set(self.master.units)


AnyLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyLife = AnyLife.TestCase


def size_of(master: Master) -> int:
    """Everything that could grow: rough count of held objects."""
    health = master.health()
    unknown = health["unknown"]
    assert isinstance(unknown, dict)
    held: tuple[Sized, ...] = (
        master._desk.waiting,
        master._events,
        master._echo._expected,
        master._linking._complained,
    )
    return sum(len(each) for each in held) + len(unknown) + len(master.units) * len(fields(Unit))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_a_flood_of_random_bytes_neither_raises_nor_grows_nor_starves(seed: int) -> None:
    chance = random.Random(seed)
    master = Master(MasterSettings(connector_limit_ca=WIRING_CA), 0.0)
    master.receive_data(frame(encode(ConnectorLinkReady(0x1234, 1, 3200))), 0.0)
    master.receive_data(frame(encode(ConnectorHeartbeat(0x1234, 0x7777, 0, 0, 0))), 0.0)
    beats: list[float] = []
    alphabet = bytes((0xC0, 0xDB, 0xDC, 0xDD, 0xFB, 0xFC, 0xFD, 0xE0, 0xE2, 0x12, 0x34, 0x77, 0x00))
    for step in range(2000):
        now = step * 0.01
        noise = chance.randbytes(96) if step % 2 else bytes(chance.choices(alphabet, k=96))
        master.receive_data(noise, now)
        master.handle_timer(now)
        beats.extend(now for data in master.frames_to_send() if data[1:3] == b"\xfb\xe0")
    assert size_of(master) < 256 + 64 + 3 * 40 + 40
    if not any(isinstance(event, ev.SecondMaster) for event in master.take_events()):
        assert max(later - earlier for earlier, later in itertools.pairwise(beats)) <= 3.2


def test_the_table_of_unknown_messages_is_bounded() -> None:
    master = Master(MasterSettings(connector_limit_ca=WIRING_CA), 0.0)
    for command in range(256):
        master.receive_data(frame(sealed(bytes((0xFD, command, 1, 2)), 16)), 0.0)
    health = master.health()
    unknown = health["unknown"]
    assert isinstance(unknown, dict)
    assert len(unknown) == 64
    assert isinstance(health["unknown_more"], int)
    assert health["unknown_more"] > 100
