"""Run the benchmarks: all of them, or those named. Each is a module of its own with options of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("decode", "bus", "day", "solar", "web", "week", "fuzz_long")


def main() -> int:
    """Each benchmark in a process of its own; the exit status of the first that fails."""
    there = [name for name in ORDER if (HERE / f"{name}.py").is_file()]
    for name in sys.argv[1:] or there:
        print(f"── {name} ──", flush=True)
        status = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
