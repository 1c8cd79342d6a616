"""Rules about what the repository's text may say: the product only, and nothing of the machine it was made on."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.project.repository import text_of


def _any_of(words: str) -> str:
    """A pattern for the words, which are written with a ~ inside so that this file keeps its own rule."""
    return "|".join(re.escape(word.replace("~", "")) for word in words.split())


FORBIDDEN = {
    "a machine's path": rf"(?<![\w.-])/(?:{_any_of('wo~rk ro~ot')})/",
    "a machine's package folder": rf"/opt/(?:{_any_of('wh~eels py~pi')})",
    "a Python version manager": rf"\b(?:{_any_of('py~env')})\b",
    "a package registry's host": rf"\b(?:{_any_of('py~pi.org python~hosted.org npm~js.org npm~js.com')})\b",
    "the making of, not the product": rf"(?i)\b(?:{_any_of('clau~de anthro~pic chat~gpt copi~lot')})\b|\bissue #?\d",
}
SIBLING_FOLDER = re.compile(r"\.\./sha" + r"red")
SIBLING_FOLDER_ALLOWED = (Path(".ci/run"), "../sha" + "red/data")
URL = re.compile(r"\w+://|^\s*-{1,2}(?:i|f|index|extra|find)", re.MULTILINE)
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def forbidden_words(files: Iterable[Path], root: Path) -> list[str]:
    """Lines that speak of the machine, the registries or the making instead of the product."""
    return [
        f"{path.relative_to(root)}:{number}: {what}: {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        for what in _offences(line, path.relative_to(root))
    ]


def urls_in_lock(lock: str) -> list[str]:
    """Addresses and index options: a lock names packages and hashes, where they come from is the reader's choice."""
    return [match.group() for match in URL.finditer(lock)]


def unhashed(lock: str) -> list[str]:
    """Pinned packages without a hash."""
    entries = re.split(r"\n(?=\S)", lock)
    return [entry.split()[0] for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry]


def pins(lock: str) -> set[tuple[str, str]]:
    """(normalised name, version) of every pin; one name may have several versions under markers."""
    return {(_normal(name), version) for name, version in PIN.findall(lock)}


def declared_dependencies(pyproject: str) -> set[str]:
    """Normalised names of the run-time dependencies."""
    declared = tomllib.loads(pyproject)["project"]["dependencies"]
    return {_normal(match.group()) for match in map(NAME.match, declared) if match}


def _offences(line: str, path: Path) -> list[str]:
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, line)]
    allowed_path, allowed_text = SIBLING_FOLDER_ALLOWED
    told = line.replace(allowed_text, "") if path == allowed_path else line
    return [*found, "a folder outside the repository"] if SIBLING_FOLDER.search(told) else found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
