"""Meters in files, and meters that never change."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.meters.device import NOON, clock, section
from twcmaster.meters.constant import ConstantMeter
from twcmaster.meters.file import LONGEST_TAIL, FileMeter
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading


def write(path: Path, text: str, age_s: float = 0) -> None:
    path.write_text(text, encoding="utf-8")
    written = (NOON - timedelta(seconds=age_s)).timestamp()
    os.utime(path, (written, written))


async def read(path: Path, **keys: Any) -> tuple[Reading, float]:
    """The reading and its age."""
    meter = FileMeter(section(kind="file", path=path, **{"power_w": "power", **keys}), clock)
    reading = await meter.read()
    await meter.close()
    return reading, asyncio.get_running_loop().time() - reading.taken_at


@pytest.mark.parametrize(
    "text, keys, power_w",
    [
        ('{"power": -12.5}', {}, -12.5),
        ("4711\n", {"power_w": "@"}, 4711),
        ("12:00 100 W\n12:01 200 W\n", {"power_w": {"regex": r"([0-9]+) W$", "take": "last"}}, 200),
    ],
)
async def test_a_file_is_as_old_as_its_last_writing(
    tmp_path: Path, text: str, keys: dict[str, Any], power_w: float
) -> None:
    path = tmp_path / "meter"
    write(path, text, age_s=90)
    reading, age_s = await read(path, **keys)
    assert reading.power_w == power_w
    assert 90 <= age_s < 91


async def test_a_time_in_the_file_counts_more(tmp_path: Path) -> None:
    path = tmp_path / "meter.json"
    write(path, f'{{"power": 1, "at": {(NOON - timedelta(seconds=300)).timestamp()}}}')
    _, age_s = await read(path, taken_path="at")
    assert 300 <= age_s < 301


async def test_of_a_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "meter.log"
    write(path, "power=1\n" * LONGEST_TAIL + "power=2\n")
    reading, _ = await read(path, power_w={"regex": r"power=([0-9]+)", "take": "last"})
    assert reading.power_w == 2


@pytest.mark.parametrize(
    "text, keys, words",
    [
        (None, {}, "No such file or directory. Check path"),
        ("", {}, "not JSON but nothing"),
        ('{"power": "n/a"}', {}, "at 'power' stands \"n/a\""),
        ('{"power": 1}', {"taken_path": "at"}, "Check taken_path"),
    ],
)
async def test_a_useless_file_says_why(tmp_path: Path, text: str | None, keys: dict[str, Any], words: str) -> None:
    path = tmp_path / "meter.json"
    if text is not None:
        write(path, text)
    with pytest.raises(MeterError) as failure:
        await read(path, **keys)
    assert str(failure.value).startswith(f"grid: file {path}: ")
    assert words in str(failure.value)


@pytest.mark.parametrize(
    "path, words",
    [
        ("~nobody-of-that-name/x", "Could not determine home directory. Check path"),
        ("/tmp/a\0b", "embedded null byte. Check path"),
    ],
)
async def test_a_path_that_cannot_be_one_says_so(path: str, words: str) -> None:
    with pytest.raises(MeterError) as failure:
        await read(Path(path))
    assert words in str(failure.value)


async def test_a_time_that_cannot_be_one_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "meter.json"
    write(path, '{"power": 1}')
    far = os.stat_result([*path.stat()[:8], 10**12, 10**12])  # file systems differ in what they can keep
    monkeypatch.setattr(Path, "stat", lambda _: far)
    with pytest.raises(MeterError, match="Check path, and when the file was written"):
        await read(path)


async def test_a_disk_that_hangs_ends_in_time_and_holds_up_one_thread(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    os.mkfifo(path)  # whoever opens it waits until somebody writes
    meter = FileMeter(section(kind="file", path=path, power_w="power", timeout_s=0.05), clock)
    before = threading.active_count()
    try:
        for _ in range(3):
            with pytest.raises(MeterError, match=r"not read within 0\.05 s\. Is the disk there"):
                await meter.read()
        assert threading.active_count() == before + 1
    finally:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))  # a writer: every open that waits comes back
    with pytest.raises(MeterError, match="Check path"):
        await meter.read()
    path.unlink()
    write(path, '{"power": 5}')
    assert (await meter.read()).power_w == 5
    await meter.close()


async def test_a_constant_is_always_fresh() -> None:
    meter = ConstantMeter(section(kind="constant", power_w=350, scale=-1, phase_a=[1.5, None, 0], soc_percent=50))
    reading = await meter.read()
    await meter.close()
    assert reading == Reading(reading.taken_at, -350, (1.5, None, 0), soc_percent=50)
    assert asyncio.get_running_loop().time() - reading.taken_at < 1
