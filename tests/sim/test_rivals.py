import asyncio
import random

from tests.sim.wire import Ear, heartbeat, make_unit
from twcmaster.protocol.messages import (
    EnergyAnswer,
    FirmwareAnswer,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Unknown,
    checksum,
)
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.line import Line
from twcmaster.sim.rivals import Flood, RivalMaster

NOTHING = bytes((0xFB, 0xF7)) + bytes(13)


def test_a_rival_announces_itself_then_talks_to_its_units_and_publishes_its_figures() -> None:
    async def main() -> tuple[Ear, int]:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        line.seat(make_unit(0x2433, boot_ready_s=1e6))
        rival = RivalMaster(line, 0x6090, (0x2433,))
        rival.start()
        await asyncio.sleep(60.0)
        rival.stop()
        heard = len(ear.data)
        await asyncio.sleep(5.0)
        assert len(ear.data) == heard
        rival.start()
        await asyncio.sleep(5.0)
        rival.stop()
        return ear, heard

    ear, heard = run_virtual(main())
    kinds = [type(message) for _, message in ear.messages]
    assert kinds.count(MasterLinkReady1) == 5 * 2
    assert kinds.count(MasterLinkReady2) >= 5
    assert {message.sender for _, message in ear.messages if isinstance(message, FirmwareAnswer | EnergyAnswer)} == {
        0x6090
    }
    assert {message.receiver for _, message in ear.messages if isinstance(message, MasterHeartbeat)} == {0x2433}
    assert len(ear.answers) > 15
    assert len(ear.data) > heard


def test_a_flood_of_rubbish_leaves_no_gap() -> None:
    async def main() -> tuple[Ear, Line]:
        line, ear = Line(random.Random(1)), Ear()
        adapter = line.attach(ear)
        line.seat(make_unit(boot_ready_s=1e6))
        flood = Flood(line, random.Random(2))
        flood.start()
        for _ in range(20):
            adapter.write(heartbeat())
            await asyncio.sleep(1.0)
        flood.stop()
        await asyncio.sleep(1.0)
        adapter.write(heartbeat())
        await asyncio.sleep(1.0)
        return ear, line

    ear, line = run_virtual(main())
    assert len(ear.answers) == 1
    assert line.counts.bytes > 20 * 900
    assert line.counts.collisions >= 20


def test_a_flood_of_empty_words_fills_its_share_of_the_line() -> None:
    body = NOTHING + bytes((checksum(NOTHING),))

    async def main() -> Ear:
        line, ear = Line(random.Random(1)), Ear()
        line.attach(ear)
        flood = Flood(line, random.Random(2), share=0.5, body=body)
        flood.start()
        await asyncio.sleep(10.0)
        flood.stop()
        return ear

    ear = run_virtual(main())
    assert {message for _, message in ear.messages} == {Unknown(body)}
    assert 0.45 * 9600 < len(ear.data) < 0.55 * 9600
