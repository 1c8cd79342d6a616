import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from tests.sim.wire import Ear, heartbeat, make_unit
from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import ConnectorHeartbeat, ConnectorLinkReady, MasterLinkReady2, UnitState, encode
from twcmaster.sim.car import VirtualCar
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.faults import ROUGH, Faults, damage
from twcmaster.sim.line import BYTE_S, SINGLE_BYTES, WHOLE_FRAMES, Line

SILENT: dict[str, Any] = {"boot_ready_s": 1e6}


def test_a_frame_arrives_whole_at_the_time_of_its_last_bit() -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        line.attach(Ear()).write(heartbeat())
        await asyncio.sleep(1.0)
        return ear

    ear = run_virtual(main())
    assert ear.data == heartbeat()
    assert [at for at, _ in ear.chunks] == [pytest.approx(18 * BYTE_S)]


def test_byte_by_byte_each_arrives_at_its_own_time() -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1), chunk_bytes=SINGLE_BYTES), Ear()
        line.attach(ear)
        line.attach(Ear()).write(heartbeat())
        await asyncio.sleep(1.0)
        return ear

    ear = run_virtual(main())
    assert ear.data == heartbeat()
    assert [at for at, _ in ear.chunks] == [pytest.approx((number + 1) * BYTE_S) for number in range(18)]


@pytest.mark.parametrize("chunk_bytes", [SINGLE_BYTES, WHOLE_FRAMES])
def test_a_unit_answers_after_the_frame_and_its_delay_with_its_tail_byte(chunk_bytes: int) -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1), chunk_bytes=chunk_bytes), Ear()
        line.seat(make_unit(reply_delay_s=0.1, **SILENT))
        line.seat(make_unit(0x1111, protocol=1, reply_delay_s=0.1, **SILENT))
        adapter = line.attach(ear)
        adapter.write(heartbeat())
        await asyncio.sleep(1.0)
        adapter.write(heartbeat(0x1111))
        await asyncio.sleep(1.0)
        return ear

    ear = run_virtual(main())
    assert ear.answers == [ConnectorHeartbeat(0x2433, 0x7777, 0, 0, 0), ConnectorHeartbeat(0x1111, 0x7777, 0, 0, 0)]
    body_end_s = (18 + 18) * BYTE_S + 0.1
    assert ear.messages[0][0] == pytest.approx(body_end_s, abs=1.5 * BYTE_S)
    assert ear.data.count(b"\xc0\xfc") == 1
    assert ear.data.endswith(b"\xc0\xfe")


def test_two_at_once_garble_each_other_and_a_third_hears_the_mess() -> None:
    async def main() -> tuple[Ear, Line]:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        one, two = line.attach(Ear()), line.attach(Ear())
        one.write(heartbeat(0x1111))
        await asyncio.sleep(5 * BYTE_S)
        two.write(heartbeat(0x2222))
        await asyncio.sleep(1.0)
        one.write(heartbeat(0x3333))
        await asyncio.sleep(1.0)
        return ear, line

    ear, line = run_virtual(main())
    assert len(ear.data) == 5 + 18 + 18
    assert ear.data[:5] == heartbeat(0x1111)[:5]
    assert ear.data[18:23] == heartbeat(0x2222)[-5:]
    assert len(ear.messages) == 1
    assert line.counts.collisions == 1


def test_a_unit_does_not_hear_a_frame_that_it_talks_over() -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        line.seat(make_unit(reply_delay_s=0.1, **SILENT))
        adapter = line.attach(ear)
        adapter.write(heartbeat())
        await asyncio.sleep(18 * BYTE_S + 0.105)
        adapter.write(heartbeat())
        await asyncio.sleep(1.0)
        return ear

    assert run_virtual(main()).answers == []


@pytest.mark.parametrize("echo, heard", [(False, b""), (True, heartbeat())])
def test_only_an_echoing_adapter_hears_itself(echo: bool, heard: bytes) -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear, echo=echo).write(heartbeat())
        await asyncio.sleep(1.0)
        return ear

    assert run_virtual(main()).data == heard


def test_two_writes_of_one_adapter_follow_each_other() -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        adapter = line.attach(Ear())
        adapter.write(heartbeat(0x1111))
        adapter.write(heartbeat(0x2222))
        await asyncio.sleep(1.0)
        return ear

    ear = run_virtual(main())
    assert ear.data == heartbeat(0x1111) + heartbeat(0x2222)
    assert ear.messages[-1][0] == pytest.approx(36 * BYTE_S)


def test_an_endless_talker_is_heard_while_it_talks() -> None:
    async def main() -> int:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        line.attach(Ear()).write(bytes(4000))
        await asyncio.sleep(1.0)
        return len(ear.data)

    assert run_virtual(main()) == 960 // WHOLE_FRAMES * WHOLE_FRAMES


def test_an_adapter_pulled_out_breaks_off_and_hears_no_more() -> None:
    async def main() -> tuple[Ear, Ear]:
        line, ear, gone = Line(random.Random(1)), Ear(), Ear()
        line.attach(ear)
        adapter = line.attach(gone)
        adapter.write(heartbeat())
        await asyncio.sleep(7.5 * BYTE_S)
        line.detach(adapter)
        await asyncio.sleep(1.0)
        line.attach(Ear()).write(heartbeat())
        await asyncio.sleep(1.0)
        return ear, gone

    ear, gone = run_virtual(main())
    assert ear.data == heartbeat()[:7] + heartbeat()
    assert gone.data == b""
    assert len(ear.messages) == 1


def test_a_mute_unit_says_nothing_until_it_may_again() -> None:
    async def main() -> list[int]:
        line, ear = Line(random.Random(1)), Ear()
        seat = line.seat(make_unit(**SILENT))
        adapter = line.attach(ear)
        counts = []
        for mute in (False, True, False):
            seat.mute = mute
            adapter.write(heartbeat())
            await asyncio.sleep(1.0)
            counts.append(len(ear.answers))
        return counts

    assert run_virtual(main()) == [1, 1, 2]


def test_a_unit_taken_off_the_line_is_gone() -> None:
    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        seat = line.seat(make_unit())
        adapter = line.attach(ear)
        line.unseat(seat)
        adapter.write(heartbeat())
        await asyncio.sleep(5.0)
        return ear

    assert run_virtual(main()).data == b""


def test_units_that_answer_an_announcement_collide_but_all_get_through_in_the_end() -> None:
    async def main() -> tuple[set[int], int]:
        line, ear = Line(random.Random(3)), Ear()
        for number in range(3):
            line.seat(make_unit(0x1000 + number, seed=number))
        adapter = line.attach(ear)
        for _ in range(5):
            adapter.write(frame(encode(MasterLinkReady2(0x7777, 0x77))))
            await asyncio.sleep(0.1)
        await asyncio.sleep(10.0)
        heard = {message.sender for _, message in ear.messages if isinstance(message, ConnectorLinkReady)}
        return heard, line.counts.collisions

    heard, collisions = run_virtual(main())
    assert heard == {0x1000, 0x1001, 0x1002}
    assert collisions > 0


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

GOOD = heartbeat()


@pytest.mark.parametrize(
    "faults, expected",
    [
        (Faults(), {GOOD}),
        (Faults(lose_frame=1.0), {b""}),
        (Faults(truncate_frame=1.0), {GOOD[:length] for length in range(1, 19)}),
        (Faults(lose_delimiter=1.0), {GOOD[1:], GOOD[:-1]}),
        (Faults(double_delimiter=1.0), {b"\xc0" + GOOD + b"\xc0"}),
    ],
)
def test_each_fault_does_what_it_says(faults: Faults, expected: set[bytes]) -> None:
    rng = random.Random(5)
    assert {damage(GOOD, faults, rng) for _ in range(500)} == expected


def test_noise_flips_single_bits_as_often_as_told() -> None:
    rng = random.Random(5)
    flips = Counter(
        (before ^ after).bit_count()
        for _ in range(2000)
        for before, after in zip(GOOD, damage(GOOD, Faults(flip_per_byte=0.05), rng), strict=True)
    )
    assert set(flips) == {0, 1}
    assert flips[1] / flips.total() == pytest.approx(0.05, rel=0.1)


def test_late_answers_are_late_and_not_lost() -> None:
    async def main() -> list[float]:
        line, ear = Line(random.Random(1), Faults(delay_reply=1.0, delay_s=0.4)), Ear()
        line.seat(make_unit(reply_delay_s=0.05, **SILENT))
        adapter = line.attach(ear)
        asked_at = []
        for _ in range(50):
            asked_at.append(asyncio.get_running_loop().time())
            adapter.write(heartbeat())
            await asyncio.sleep(1.0)
        answered_at = [at for at, message in ear.messages if isinstance(message, ConnectorHeartbeat)]
        return [answered - asked for asked, answered in zip(asked_at, answered_at, strict=True)]

    delays_s = run_virtual(main())
    assert min(delays_s) < 0.15
    assert 0.35 < max(delays_s) < 0.5


async def rough_hour(seed: int) -> tuple[bytes, int, float]:
    """An hour of heartbeats on a bad line to a charging car."""
    line, ear = Line(random.Random(seed), ROUGH), Ear()
    car = VirtualCar(CarSpec(), seed)
    unit = make_unit(car=car, seed=seed)
    line.seat(unit)
    adapter = line.attach(ear)
    car.plug_in(0.0)
    for _ in range(3600):
        adapter.write(heartbeat(unit.unit_id, 9, 1600))
        await asyncio.sleep(1.0)
    return ear.data, len(ear.answers), unit.session.trouble.error_s


def test_equal_seeds_give_equal_hours_and_a_bad_line_is_survivable() -> None:
    data, answers, error_s = run_virtual(rough_hour(1))
    assert run_virtual(rough_hour(1)) == (data, answers, error_s)
    assert run_virtual(rough_hour(2))[0] != data
    assert 0.75 * 3600 < answers < 0.95 * 3600
    assert error_s < 60


def test_resets_happen_and_the_unit_comes_back() -> None:
    async def main() -> tuple[int, UnitState]:
        line, ear = Line(random.Random(1), Faults(resets_per_hour=20.0)), Ear()
        unit = make_unit()
        line.seat(unit)
        adapter = line.attach(ear)
        signs = set()
        for _ in range(3600):
            adapter.write(heartbeat())
            signs.add(unit.sign)
            await asyncio.sleep(1.0)
        return len(signs), unit.session.state(asyncio.get_running_loop().time())

    resets, state = run_virtual(main())
    assert 10 < resets < 35
    assert state is UnitState.READY
