"""What the program can say, read from its source: every text that becomes a reason, an alarm, a state or a notice.

Texts are f-strings, chosen and joined in small ways. Each becomes one or more samples with something in the place of
what is filled in. What cannot be read this way is named by `Unread`, and must then have samples of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

#: Stands for whatever is filled in.
BLANK = "\0"
#: Calls whose argument at this place (or of this name) is a text for people.
SPEAKERS = {"Reason": 1, "Alarm": 1, "Sentence": 1, "_Unknown": 0, "Guard": 99}
_KEYWORDS = ("text", "problem")


@dataclass(frozen=True)
class Unread:
    """A text that is put together in a way that cannot be read."""

    file: str
    function: str


@dataclass
class _Reader:
    """The function that is being read."""

    inside: ast.AST

    def texts(self, node: ast.expr) -> list[str]:
        """Every form of an expression; BLANK alone where it cannot be known."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return ["".join(chosen) for chosen in product(*(self.texts(part) for part in parts))]
            case ast.FormattedValue(value=value, format_spec=how):
                percent = "%" if how is not None and "%" in ast.unparse(how) else ""
                return [text + percent for text in self.texts(value)]
            case ast.BoolOp(values=values):
                return [text for value in values for text in self.texts(value)]
            case ast.IfExp(body=one, orelse=other):
                return [*self.texts(one), *self.texts(other)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return [one + other for one, other in product(self.texts(left), self.texts(right))]
            case ast.Name(id=name):
                return self._assigned(name)
            case _:
                return [BLANK]

    def _assigned(self, name: str) -> list[str]:
        found: list[str] = []
        for node in ast.walk(self.inside):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                return [BLANK]
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                found += self.texts(node.value)
        return found or [BLANK]


def said_in(path: Path, speakers: dict[str, int] = SPEAKERS) -> Iterator[str | Unread]:
    """Every text of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = {id(node): function for function in _functions(tree) for node in ast.walk(function)}
    for node in ast.walk(tree):
        spoken = _spoken(node, speakers)
        if spoken is not None:
            owner = owners.get(id(node))
            for text in _Reader(owner or tree).texts(spoken):
                yield Unread(path.name, owner.name if owner else "") if text == BLANK else text


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _spoken(node: ast.AST, speakers: dict[str, int]) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name not in speakers:
        return None
    for keyword in node.keywords:
        if keyword.arg in _KEYWORDS:
            return keyword.value
    place = speakers[name]
    return node.args[place] if place < len(node.args) else None


def returned_by(path: Path, function: str) -> Iterator[str]:
    """The texts that a function returns, alone or at the end of a tuple."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in _functions(tree) if node.name == function)
    for node in ast.walk(found):
        if isinstance(node, ast.Return) and node.value is not None:
            value = node.value.elts[-1] if isinstance(node.value, ast.Tuple) else node.value
            yield from (text for text in _Reader(found).texts(value) if text != BLANK)
