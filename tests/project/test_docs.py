import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import doc_rules
from tests.project.repository import ROOT

README = ROOT / "README.md"
INVARIANTS = ROOT / "docs" / "invariants.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_links_resolve() -> None:
    assert README in PAGES
    assert doc_rules.broken_links(PAGES) == []


def test_each_invariant_names_the_tests_that_hold_it() -> None:
    if not INVARIANTS.exists():
        pytest.skip("docs/invariants.md is not written yet")
    assert doc_rules.unheld_invariants(read(INVARIANTS), ROOT) == []


def test_documented_make_targets_exist() -> None:
    named = set().union(*(doc_rules.make_targets_named(read(page)) for page in PAGES))
    assert named >= {"demo", "test"}
    assert named - doc_rules.make_targets(read(ROOT / "Makefile")) == set()


def test_documented_commands_exist() -> None:
    if not (ROOT / "src" / "twcmaster" / "cli" / "main.py").exists():
        pytest.skip("the command line is not written yet")
    named = set().union(*(doc_rules.cli_commands_named(read(page)) for page in PAGES))
    refused = [command for command in sorted(named) if not _has_help(command)]
    assert refused == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "test" in doc_rules.make_targets_named(read(README))
    assert "make test" in read(ROOT / ".ci" / "run").splitlines()


def _has_help(command: str) -> bool:
    answer = subprocess.run(
        [sys.executable, "-m", "twcmaster", *command.split(), "--help"], check=False, capture_output=True, timeout=60
    )
    return answer.returncode == 0


HELD = """\
# Invariants

## 1. Lower first

Prose.

Held by: `tests/a/test_a.py::test_lower`,
tests/a/test_a.py::TestMachine

## 2. Whole amps

Held by: tests/a/test_a.py::TestAmps::test_whole
"""
TESTS = """\
async def test_lower(): ...
TestMachine = Machine.TestCase
class TestAmps:
    def test_whole(self): ...
def helper(): ...
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "a").mkdir(parents=True)
    (tmp_path / "tests" / "a" / "test_a.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def test_held_invariants_are_accepted(tree: Path) -> None:
    assert doc_rules.unheld_invariants(HELD, tree) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("::test_lower", "::test_gone"),
        ("::test_lower", "::helper"),
        ("TestAmps::test_whole", "TestAmps::test_half"),
        ("TestAmps::test_whole", "test_whole"),
        ("tests/a/test_a.py::TestMachine", "tests/b/test_b.py::TestMachine"),
        ("Held by: tests/a/test_a.py::TestAmps::test_whole", "Trust us."),
        ("Held by: tests/a/test_a.py::TestAmps::test_whole", "Held by: good will"),
        ("## 2.", "## 3."),
        ("## ", "### "),
    ],
)
def test_an_unheld_invariant_is_found(old: str, new: str, tree: Path) -> None:
    assert old in HELD
    assert len(doc_rules.unheld_invariants(HELD.replace(old, new), tree)) == 1


@pytest.mark.parametrize(
    "target, broken",
    [
        ("other.md", False),
        ("other.md#two-words-here", False),
        ("#own", False),
        ("https://example.org/nothing", False),
        ("gone.md", True),
        ("other.md#gone", True),
        ("#gone", True),
    ],
)
@pytest.mark.parametrize("form", ["see [this]({}).", "[this]: {}", '![this]({} "title")'])
def test_broken_links_are_found(target: str, broken: bool, form: str, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other\n\n## Two words, here\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"# Own\n\n{form.format(target)}\n\n```\n[not](a-link.md)\n```\n", encoding="utf-8")
    assert bool(doc_rules.broken_links([page])) is broken


def test_commands_are_read_from_code_only() -> None:
    text = "We make sure that twcmaster runs. `make demo`\n\n```sh\nmake PYTHON=python3.13 test  # all\n"
    text += ".venv/bin/twcmaster meter test --config FILE\ntwcmaster run --config FILE\n```\n"
    assert doc_rules.make_targets_named(text) == {"demo", "test"}
    assert doc_rules.cli_commands_named(text) == {"meter test", "run"}


def test_targets_are_read_from_the_makefile() -> None:
    makefile = "PYTHON ?= python3\nVENV := .venv\n\ntest: $(VENV)/.dev\n\t@pytest\ndocs-check:\n"
    assert doc_rules.make_targets(makefile) == {"test", "docs-check"}
