"""What benchmarks do with processes: virtual units beside them, CPU and memory as the kernel counts them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def virtual_units(folder: Path, arguments: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`benchmarks.units_server` and its addresses. When it has ended, its figures are in figures.json."""
    command = [sys.executable, "-m", "benchmarks.units_server", "--directory", str(folder), *arguments]
    command += ["--out", str(folder / "figures.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        if not ready:
            raise TimeoutError("the virtual units did not start")
        first = json.loads(process.stdout.readline())
        try:
            yield process, list(first["urls"])
        finally:
            process.terminate()


def cpu_s(pid: int) -> float:
    """User and system seconds so far; nanoseconds where the scheduler counts them (ticks are too coarse here)."""
    fields = Path(f"/proc/{pid}/schedstat").read_text().split()
    if fields and int(fields[0]):
        return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS_PER_S


def rss_kb(pid: int) -> int:
    """Resident memory now."""
    return _status_kb(pid, "VmRSS")


def peak_rss_kb(pid: int) -> int:
    """The most resident memory since the start or `forget_peak`."""
    return _status_kb(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Let the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_kb(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def written_bytes(pid: int) -> int:
    """Bytes that this process has sent towards a disk so far; 0 where its files lie in memory."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes"):
            return int(line.split()[1])
    return 0
