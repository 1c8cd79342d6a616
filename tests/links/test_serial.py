"""The serial link on real pseudo-terminals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
from pathlib import Path

import pytest

from tests.links.ends import HEARTBEAT, Ear, Pty, open_files, pseudo_terminal, python_program, until
from twcmaster.links.serial import SerialLink
from twcmaster.model.address import SerialAddress
from twcmaster.model.ports import LinkError


def link_to(path: str) -> SerialLink:
    return SerialLink(SerialAddress(path))


async def opened(pty: Pty, ear: Ear) -> SerialLink:
    link = link_to(pty.name)
    await link.open(ear.on_bytes, ear.on_lost)
    return link


async def test_bytes_pass_both_ways_unchanged() -> None:
    every_byte = bytes(range(256)) * 3
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        sent = bytearray()

        def far_side_has_it() -> bool:
            sent.extend(pty.receive())
            return len(sent) >= len(every_byte)

        link.write(every_byte)
        await until(far_side_has_it)
        pty.send(every_byte)
        await until(lambda: len(ear.data) >= len(every_byte))
        await link.close()
    assert sent == ear.data == every_byte
    assert ear.lost == []


async def test_split_chunks_arrive_as_they_come() -> None:
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        for byte in HEARTBEAT:
            before = ear.chunks
            pty.send(bytes((byte,)))
            await until(lambda: ear.chunks > before)  # noqa: B023 - awaited before the loop goes on
        await link.close()
    assert ear.data == HEARTBEAT
    assert ear.chunks == len(HEARTBEAT)


async def test_the_port_is_set_to_9600_8n1_raw() -> None:
    with pseudo_terminal() as pty:
        link = await opened(pty, Ear())
        near = os.open(pty.name, os.O_RDWR | os.O_NOCTTY)
        iflag, oflag, cflag, lflag, ispeed, ospeed, _ = termios.tcgetattr(near)
        os.close(near)
        await link.close()
    assert ispeed == ospeed == termios.B9600
    assert cflag & termios.CSIZE == termios.CS8
    assert not cflag & (termios.PARENB | termios.CSTOPB)
    assert not iflag & (termios.IXON | termios.IXOFF | termios.ICRNL)
    assert not oflag & termios.OPOST
    assert not lflag & (termios.ECHO | termios.ICANON)


async def test_an_adapter_that_vanishes_is_reported_once_and_leaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pseudo_terminal() as first:
        await (await opened(first, Ear())).close()  # the loop's own files exist from here on
    before = open_files()
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        pty.hang_up()
        await until(lambda: ear.lost)
        link.write(HEARTBEAT)
        link.write(HEARTBEAT)
        await link.close()
        await link.close()
        assert len(ear.lost) == 1
        assert "unplugged" in ear.lost[0]
    assert open_files() == before
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_writing_to_a_vanished_adapter_is_harmless() -> None:
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        pty.hang_up()
        link.write(HEARTBEAT)  # before the loop has noticed
        await until(lambda: ear.lost)
        await link.close()
    assert len(ear.lost) == 1


async def test_the_same_link_opens_again_after_a_loss(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    link = link_to(str(port))
    ear = Ear()
    for attempt in range(3):
        with pseudo_terminal() as pty:
            port.unlink(missing_ok=True)
            port.symlink_to(pty.name)
            await link.open(ear.on_bytes, ear.on_lost)
            pty.send(b"again")
            await until(lambda: ear.data == b"again")
            pty.hang_up()
            await until(lambda: len(ear.lost) == attempt + 1)  # noqa: B023 - awaited at once
            ear.data.clear()
    await link.close()


async def test_opening_an_open_link_replaces_the_connection() -> None:
    with pseudo_terminal() as pty:
        old, new = Ear(), Ear()
        link = await opened(pty, old)
        await link.open(new.on_bytes, new.on_lost)
        pty.send(b"x")
        await until(lambda: new.data)
        await link.close()
    assert old == Ear()
    assert new.lost == []


async def test_nothing_is_reported_after_close() -> None:
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        pty.send(b"late")
        await link.close()
        link.write(HEARTBEAT)
        pty.hang_up()
        await asyncio.sleep(0.02)
    assert ear == Ear()


async def test_a_second_open_in_this_program_is_refused_in_words() -> None:
    with pseudo_terminal() as pty:
        link = await opened(pty, Ear())
        with pytest.raises(LinkError, match="has it open already") as failure:
            await link_to(pty.name).open(Ear().on_bytes, Ear().on_lost)
        await link.close()
        await (await opened(pty, Ear())).close()
    assert pty.name in str(failure.value)


async def test_a_port_locked_by_another_program_names_it() -> None:
    lock = "import fcntl, sys; f = open(sys.argv[1], 'r+b', 0); fcntl.flock(f, 2); print('ready', flush=True); input()"
    with pseudo_terminal() as pty, python_program(lock, pty.name) as other:
        link = link_to(pty.name)
        with pytest.raises(LinkError, match="in use by") as failure:
            await link.open(Ear().on_bytes, Ear().on_lost)
    assert f"(pid {other.pid})" in str(failure.value)
    assert "python" in str(failure.value)


async def test_a_port_in_use_is_locked_against_others() -> None:
    with pseudo_terminal() as pty:
        link = await opened(pty, Ear())
        rival = os.open(pty.name, os.O_RDWR | os.O_NOCTTY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(rival, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(rival)
        await link.close()


async def test_a_missing_port_says_so(tmp_path: Path) -> None:
    before = open_files()
    path = str(tmp_path / "ttyUSB9")
    with pytest.raises(LinkError, match="there is no such port") as failure:
        await link_to(path).open(Ear().on_bytes, Ear().on_lost)
    assert str(failure.value).startswith(path)
    assert "erial port" in str(failure.value)
    assert open_files() <= before + 3  # the loop's own


@pytest.mark.parametrize("kind", ["file", "folder"])
async def test_what_is_no_port_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "file":
        path.write_bytes(b"")
    else:
        path.mkdir()
    with pytest.raises(LinkError, match="is not a serial port"):
        await link_to(str(path)).open(Ear().on_bytes, Ear().on_lost)


async def test_an_adapter_that_takes_no_bytes_is_given_up() -> None:
    with pseudo_terminal() as pty:
        ear = Ear()
        link = await opened(pty, ear)
        for _ in range(2000):  # the far side never reads: the system's own buffer fills, then ours
            link.write(HEARTBEAT)
        assert len(ear.lost) == 1
        assert "no more bytes" in ear.lost[0]
        await link.close()


async def test_the_url_is_the_path() -> None:
    assert link_to("/dev/ttyUSB0").url == "/dev/ttyUSB0"
