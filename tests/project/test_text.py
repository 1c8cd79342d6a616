from pathlib import Path

import pytest

from tests.project import text_rules
from tests.project.repository import ROOT, repository_files

LOCKS = ["build.txt", "run.txt", "dev.txt"]
OFFENCES = [
    "log = '/wo" + "rk/main/x.log'",
    "see /ro" + "ot/notes",
    "pip install --find-links /opt/wh" + "eels",
    "py" + "env install 3.13",
    "from https://py" + "pi.org/simple",
    "https://registry.npm" + "js.org/svelte",
    "written with Clau" + "de",
    "as issue" + " 2 asks",
    "cp ../sha" + "red/design .",
]
DECENT = [
    "homework/workshop",
    "ls network/wo" + "rk/",
    "a session of 12 kWh",
    "tissue 2",
    "[issues](https://example.org)",
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_repository_speaks_only_of_the_product() -> None:
    assert text_rules.forbidden_words(repository_files(), ROOT) == []


@pytest.mark.parametrize("line", OFFENCES)
def test_forbidden_words_are_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(f"fine\n{line}\n", encoding="utf-8")
    findings = text_rules.forbidden_words([tmp_path / "notes.md"], tmp_path)
    assert findings
    assert all(finding.startswith("notes.md:2:") for finding in findings)


@pytest.mark.parametrize("line", DECENT)
def test_ordinary_words_are_left_alone(line: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(line, encoding="utf-8")
    assert text_rules.forbidden_words([tmp_path / "notes.md"], tmp_path) == []


def test_only_ci_may_look_for_field_data_beside_the_repository(tmp_path: Path) -> None:
    data, design = "ls ../sha" + "red/data\n", "ls ../sha" + "red/design\n"
    script, other = tmp_path / ".ci" / "run", tmp_path / "Makefile"
    script.parent.mkdir()
    script.write_text(data + design, encoding="utf-8")
    other.write_text(data, encoding="utf-8")
    places = [finding.split(": ")[0] for finding in text_rules.forbidden_words([script, other], tmp_path)]
    assert places == [".ci/run:2", "Makefile:1"]


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_hashes_and_no_addresses(name: str) -> None:
    lock = read(f"requirements/{name}")
    assert text_rules.pins(lock)
    assert text_rules.urls_in_lock(lock) == []
    assert text_rules.unhashed(lock) == []


def test_tests_run_what_people_run() -> None:
    run, dev = (text_rules.pins(read(f"requirements/{name}")) for name in ("run.txt", "dev.txt"))
    assert run - dev == set()


def test_every_declared_dependency_is_locked() -> None:
    locked = {name for name, _ in text_rules.pins(read("requirements/run.txt"))}
    declared = text_rules.declared_dependencies(read("pyproject.toml"))
    assert declared
    assert declared - locked == set()


@pytest.mark.parametrize(
    "line",
    ["-i https://example.org/simple", "--index-url x", "--find-links /srv", "thing @ git+https://example.org/thing"],
)
def test_an_address_in_a_lock_is_found(line: str) -> None:
    assert text_rules.urls_in_lock(f"a==1 \\\n    --hash=sha256:00\n{line}\n")


def test_a_pin_without_hash_is_found() -> None:
    assert text_rules.unhashed("a==1 \\\n    --hash=sha256:00\nb==2 ; python_version < '3.12'\n") == ["b==2"]
