"""The built page and its source: small enough, every string in every language, types as the API describes itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from tests.web.conftest import ROOT, STATIC

WEB = ROOT / "web"
BUDGET_BYTES = 120_000
WORDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "src/i18n").glob("??.json")}


def test_every_language_has_the_same_strings() -> None:
    assert set(WORDS) == {"en", "de"}
    assert WORDS["de"].keys() == WORDS["en"].keys()


@pytest.mark.parametrize("key", sorted(WORDS["en"]))
def test_translations_fill_in_the_same_values(key: str) -> None:
    values = [sorted(re.findall(r"\{(\w+)\}", words[key])) for words in WORDS.values()]
    assert values[0] == values[1]


def test_the_page_keeps_its_budget() -> None:
    if not (STATIC / "index.html").exists():
        pytest.skip("the page is not built: make page")
    sent = sum(path.stat().st_size for path in STATIC.rglob("*.gz"))
    assert 20_000 < sent <= BUDGET_BYTES


def test_everything_in_the_manifest_and_the_offline_shell_exists() -> None:
    if not (STATIC / "index.html").exists():
        pytest.skip("the page is not built: make page")
    manifest = json.loads((STATIC / "manifest.webmanifest").read_text(encoding="utf-8"))
    shell = re.search(r"FILES = (\[.*\])", (STATIC / "sw.js").read_text(encoding="utf-8"))
    assert shell is not None
    names = [icon["src"] for icon in manifest["icons"]] + json.loads(shell[1])
    assert [name for name in names if not (STATIC / name).exists()] == []


def test_nothing_is_inline_so_that_the_content_security_policy_can_be_strict() -> None:
    source = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", source)


def test_types_are_those_of_the_api() -> None:
    npx = shutil.which("npm")
    if npx is None or not (WEB / "node_modules").is_dir():
        pytest.skip("npm and web/node_modules are needed: npm ci in web/")
    done = subprocess.run(
        [npx, "run", "--silent", "check:types"], cwd=WEB, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"web/src/api/schema.d.ts is old: npm run types\n{done.stdout}{done.stderr}"


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
