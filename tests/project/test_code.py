from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import code_rules
from tests.project.repository import ROOT

Rule = Callable[[Path], list[str]]

FORTY_NINE = "    x = 1\n" * 49
OFFENCES: list[tuple[Rule, str, str]] = [
    (code_rules.long_modules, "big.py", "x = 1\n" * 501),
    (code_rules.long_functions, "f.py", f"def f():\n    x = 1\n{FORTY_NINE}"),
    (code_rules.long_functions, "g.py", f"async def f():\n    x = 1\n{FORTY_NINE}"),
    (code_rules.filled_inits, "part/__init__.py", "from part import thing\n"),
    (code_rules.broad_excepts, "a.py", "try:\n    f()\nexcept:\n    g()\n"),
    (code_rules.broad_excepts, "b.py", "try:\n    f()\nexcept Exception:\n    g()\n"),
    (code_rules.broad_excepts, "c.py", "try:\n    f()\nexcept (OSError, BaseException) as error:\n    g()\n"),
    (code_rules.broad_excepts, "supervise.py", "try:\n    f()\nexcept Exception:\n    g()\n"),
    (code_rules.silent_excepts, "d.py", "try:\n    f()\nexcept OSError:\n    pass\n"),
    (code_rules.silent_excepts, "e.py", "try:\n    f()\nexcept OSError:\n    ...\n"),
]
DECENT: list[tuple[Rule, str, str]] = [
    (code_rules.long_modules, "big.py", "x = 1\n" * 500),
    (code_rules.long_functions, "f.py", f"def f():\n{FORTY_NINE}"),
    (code_rules.filled_inits, "part/__init__.py", ""),
    (code_rules.broad_excepts, "runtime/supervise.py", "try:\n    f()\nexcept Exception:\n    g()\n"),
    (code_rules.broad_excepts, "r.py", "try:\n    f()\nexcept BaseException:\n    close()\n    raise\n"),
    (code_rules.broad_excepts, "a.py", "try:\n    f()\nexcept (OSError, ValueError):\n    g()\n"),
    (code_rules.silent_excepts, "d.py", "try:\n    f()\nexcept OSError:\n    lost += 1\n"),
]
RULES: list[Rule] = sorted({rule for rule, _, _ in OFFENCES}, key=lambda rule: rule.__name__)


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps(rule: Rule) -> None:
    assert rule(ROOT / "src" / "twcmaster") == []


@pytest.mark.parametrize("rule, name, source", OFFENCES)
def test_an_offence_is_found(rule: Rule, name: str, source: str, tmp_path: Path) -> None:
    _write(tmp_path / name, source)
    assert len(rule(tmp_path)) == 1


@pytest.mark.parametrize("rule, name, source", DECENT)
def test_decent_code_is_left_alone(rule: Rule, name: str, source: str, tmp_path: Path) -> None:
    _write(tmp_path / name, source)
    assert rule(tmp_path) == []


def _write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
