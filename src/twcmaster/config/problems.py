"""What is wrong with a config file, in words: where, what was expected, what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: What some editors put in front of a text; no problem.
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` is like ``circuit[1].limit_a``."""

    path: str
    what: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" + (f" {self.suggestion}" if self.suggestion else "")


class ConfigError(Exception):
    """The config cannot be used. Carries every problem found, not only the first."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{source}: {count}\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


def no_such(path: str, section: str, name: str, known: Iterable[str]) -> Problem:
    """A section names one of another kind that does not exist."""
    return Problem(path, f'there is no [[{section}]] named "{name}".', f"There is: {', '.join(known)}.")


def path_text(location: tuple[int | str, ...]) -> str:
    """``('circuit', 1, 'limit_a')`` as ``circuit[1].limit_a``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"
