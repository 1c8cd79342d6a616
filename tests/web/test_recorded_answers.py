"""The answers that the page's tests put behind it are answers that the daemon could give."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

WEB = Path(__file__).parents[2] / "web"
RECORDED = sorted((WEB / "dev/recorded").glob("*.json"))


def _answers() -> list[Any]:
    return [
        pytest.param(place, answer, id=f"{scene.stem}:{place}")
        for scene in RECORDED
        for place, answer in json.loads(scene.read_text(encoding="utf-8")).items()
    ]


@pytest.fixture(scope="module")
def described() -> Any:
    return json.loads((WEB / "openapi.json").read_text(encoding="utf-8"))


def _shapes(described: Any, place: str) -> list[Any]:
    """The JSON that this place is said to answer with when all is well."""
    operations = [
        operation
        for template, methods in described["paths"].items()
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), f"/api/v1/{place}")
        for operation in methods.values()
    ]
    good = [answer for one in operations for code, answer in one["responses"].items() if code.startswith("2")]
    return [
        one["content"]["application/json"]["schema"] for one in good if "application/json" in one.get("content", {})
    ]


def _faults(described: Any, shape: Any, answer: Any) -> list[str]:
    rules = jsonschema_rs.Draft202012Validator(shape | {"components": described["components"]})
    return [f"{error.instance_path}: {error.message}" for error in rules.iter_errors(answer)]


def test_there_are_the_scenes_that_the_tests_visit() -> None:
    assert {path.stem for path in RECORDED} >= {"base", "silence", "nometer", "thirty", "first", "door"}


@pytest.mark.parametrize("place,answer", _answers())
def test_a_recorded_answer_fits_the_api(described: Any, place: str, answer: Any) -> None:
    shapes = _shapes(described, place)
    assert shapes, f"the API has no {place}"
    assert min((_faults(described, shape, answer) for shape in shapes), key=len) == []
