"""Documentation under test: links resolve, promises name the tests that hold them, commands exist."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
INVARIANT = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
HELD_BY = re.compile(r"^Held by:((?:.+\n?)+)", re.MULTILINE)
TEST_REFERENCE = re.compile(r"(tests/[\w./-]+\.py)::([\w:]+)")
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^(?:```|~~~)[^\n]*\n(.*?)^(?:```|~~~)|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"^\s*(?:\$ )?make ((?:[A-Z_]+=\S+ )*)([a-z][\w-]*)", re.MULTILINE)
CLI = re.compile(r"(?:^|\s|/)twcmaster((?: [a-z][a-z-]*)+)", re.MULTILINE)
TARGET = re.compile(r"^([a-z][\w-]*):(?!=)", re.MULTILINE)


def broken_links(pages: Iterable[Path]) -> list[str]:
    """Links to files or headings that are not there; addresses elsewhere are not looked at."""
    return [
        f"{page.name}: {target}"
        for page in pages
        for target in _local_targets(page.read_text(encoding="utf-8"))
        if not _resolves(page, target)
    ]


def unheld_invariants(text: str, root: Path) -> list[str]:
    """Invariants out of order, without a `Held by:` paragraph, or naming a test that does not exist."""
    headings = list(INVARIANT.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)] * bool(headings)
    findings = [] if headings else ["no invariant at all: each is a heading `## 1. …`"]
    for expected, (heading, end) in enumerate(zip(headings, ends, strict=True), start=1):
        if int(heading.group(1)) != expected:
            findings.append(f"invariant {heading.group(1)} stands where {expected} is due")
        findings += _unheld(f"invariant {heading.group(1)}", text[heading.end() : end], root)
    return findings


def make_targets_named(text: str) -> set[str]:
    """Targets of every `make …` in code."""
    return {target for code in _code(text) for _, target in MAKE.findall(code)}


def cli_commands_named(text: str) -> set[str]:
    """The words after `twcmaster` in code, up to the first argument or option: `run`, `meter test`, …"""
    return {words.strip() for code in _code(text) for words in CLI.findall(code)}


def make_targets(makefile: str) -> set[str]:
    """Targets that a Makefile defines."""
    return set(TARGET.findall(makefile))


def _local_targets(text: str) -> list[str]:
    prose = FENCE.sub("", text)
    targets = [inline or reference for inline, reference in LINK.findall(prose)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _resolves(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    if not path.exists():
        return False
    return not anchor or path.suffix != ".md" or anchor in _anchors(path.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    titles = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _unheld(label: str, section: str, root: Path) -> list[str]:
    held_by = HELD_BY.search(section)
    references = TEST_REFERENCE.findall(held_by.group(1)) if held_by else []
    if not references:
        return [f"{label}: names no test (`Held by: tests/….py::test_…`)"]
    missing = [(file, name) for file, name in references if not _test_exists(root / file, name)]
    return [f"{label}: {file}::{name} does not exist" for file, name in missing]


def _test_exists(path: Path, name: str) -> bool:
    if not path.is_file():
        return False
    scope = ast.parse(path.read_text(encoding="utf-8")).body
    for part in name.split("::"):
        found = [node for node in scope if part in _names(node)]
        if not found:
            return False
        scope = found[0].body if isinstance(found[0], ast.ClassDef) else []
    return name.rsplit("::", maxsplit=1)[-1].lower().startswith("test")


def _names(node: ast.stmt) -> set[str]:
    """What a statement defines; hypothesis's state machines become tests by assignment."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


def _code(text: str) -> list[str]:
    return [block or span for block, span in CODE.findall(text)]
