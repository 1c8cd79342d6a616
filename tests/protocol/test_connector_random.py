"""Whatever arrives, a unit raises nothing, stays bounded, and keeps to what a contactor may do."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.connector_bench import MASTER_ID, UNIT_ID, ConnectorBench, PlainCar
from twcmaster.protocol.connector import LONGEST_QUEUE
from twcmaster.protocol.framing import LONGEST_RAW_FRAME, frame
from twcmaster.protocol.messages import MasterHeartbeat, Opcode, checksum, encode

COMMANDS = st.sampled_from((0x00, 0x00, 0x05, 0x05, 0x06, 0x07, 0x08, 0x09, 0x03, 0xFF))
LIMITS_CA = st.sampled_from((0, 0, 100, 600, 1600, 3200, 0xFFFF))
STEPS = st.one_of(
    st.tuples(st.just("beat"), COMMANDS, LIMITS_CA),
    st.tuples(st.just("wait"), st.sampled_from((0.1, 1.0, 9.0, 11.0, 30.0)), st.just(0)),
    st.tuples(st.just("plug"), st.booleans(), st.just(0)),
    st.tuples(st.just("hunger"), st.booleans(), st.just(0)),
    st.tuples(st.just("sleep"), st.booleans(), st.just(0)),
    st.tuples(st.just("relay"), st.sampled_from((Opcode.START_REQUEST, Opcode.STOP_REQUEST)), st.just(0)),
    st.tuples(st.just("power"), st.just(0), st.just(0)),
)


def act(bench: ConnectorBench, step: tuple[str, float, int]) -> None:
    kind, what, limit_ca = step
    match kind:
        case "beat":
            bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID, int(what), limit_ca), bench.settings.length)
            bench.wait(1.0)
        case "wait":
            bench.wait(what)
        case "plug":
            bench.car.plugged = bool(what)
        case "hunger":
            bench.car.hungry = bool(what)
        case "sleep":
            bench.car.awake = not what
        case "relay":
            bench.ask(Opcode(int(what)))
        case "power":
            bench.unit.power_cycle(bench.now)


@given(st.sampled_from((1, 2)), st.lists(STEPS, max_size=40))
def test_any_history_keeps_the_contactor_honest(protocol: int, history: list[tuple[str, float, int]]) -> None:
    bench = ConnectorBench(protocol)
    session = bench.session
    for step in history:
        act(bench, step)
        session.step(bench.now)
        present = bench.car.plugged and bench.car.awake
        assert not session.contactor.closed or present
        assert session.contactor.closed or session.meter.draw_a == 0
        assert session.meter.draw_a <= session.pilot_ca / 100
        if protocol == 2:
            assert present or session.limit_ca == 0
            assert session.contactor.chatter == 0
        assert len(session.state(bench.now).name) > 0


@given(st.floats(0.0, 1e6), st.integers(0, 1000))
def test_time_never_stands_still_whatever_the_clock_shows(now: float, seed: int) -> None:
    bench = ConnectorBench(seed=seed, start_at=now)
    for silent_s in (0.0, 30.0):
        bench.beat()
        bench.wait(silent_s)
    assert bench.session.trouble.count == 1


@given(st.sampled_from((1, 2)), st.lists(STEPS, max_size=20), st.integers(0, 9))
def test_equal_histories_and_seeds_give_equal_words(
    protocol: int, history: list[tuple[str, float, int]], seed: int
) -> None:
    benches = [ConnectorBench(protocol, PlainCar(), seed, reply_jitter_s=0.05) for _ in range(2)]
    for bench in benches:
        for step in history:
            act(bench, step)
    assert benches[0].said == benches[1].said


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_raise_nothing_and_leave_nothing_behind(chunks: list[bytes]) -> None:
    bench = ConnectorBench()
    for data in chunks:
        bench.unit.receive_data(data, bench.now)
        bench.wait(0.01)
    assert len(bench.unit._pending) <= LONGEST_QUEUE
    assert len(bench.unit.decoder._pending) <= LONGEST_RAW_FRAME


@given(
    st.sampled_from((0xFB, 0xFC, 0xFD)),
    st.integers(0, 255),
    st.sampled_from((10, 11, 12, 13, 17)),
    st.randoms(use_true_random=False),
)
def test_any_body_with_a_good_checksum_raises_nothing(kind: int, command: int, size: int, rng: random.Random) -> None:
    bench = ConnectorBench(car=PlainCar(plugged=True))
    addressed = MASTER_ID.to_bytes(2, "big") + UNIT_ID.to_bytes(2, "big")
    for ids in (addressed, rng.randbytes(4)):
        head = bytes((kind, command)) + ids + rng.randbytes(size - 4)
        bench.unit.receive_data(frame(head + bytes((checksum(head),))), bench.now)
        bench.wait(1.0)


def test_a_long_night_of_noise_and_damaged_frames() -> None:
    rng = random.Random(7)
    bench = ConnectorBench(car=PlainCar(plugged=True))
    good = frame(encode(MasterHeartbeat(MASTER_ID, UNIT_ID, 5, 2000)))
    for _ in range(20_000):
        data = bytearray(rng.choice((good, rng.randbytes(rng.randrange(1, 40)), good[: rng.randrange(len(good))])))
        if data and rng.random() < 0.3:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        bench.unit.receive_data(bytes(data), bench.now)
        bench.now += rng.choice((0.002, 0.02, 0.5))
        bench.unit.handle_timer(bench.now)
        bench.unit.frames_to_send()
    counters = bench.unit.decoder.counters
    assert counters.frames > 4000
    assert counters.damaged > 5000
    assert bench.session.limit_ca == 2000
