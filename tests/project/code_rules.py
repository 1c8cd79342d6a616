"""Rules about the shape of the code that neither ruff nor import-linter knows. Each returns its findings."""

import ast
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 500
FUNCTION_LINES = 50
BROAD_EXCEPT_ALLOWED = Path("runtime/supervise.py")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_modules(package: Path) -> list[str]:
    """Modules above MODULE_LINES lines."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _modules(package)}
    return [f"{path}: {count} lines, at most {MODULE_LINES}" for path, count in counts.items() if count > MODULE_LINES]


def long_functions(package: Path) -> list[str]:
    """Functions above FUNCTION_LINES lines, docstring included, decorators not."""
    return [
        f"{path}:{node.lineno}: {node.name} has {_length(node)} lines, at most {FUNCTION_LINES}"
        for path, node in _nodes(package)
        if isinstance(node, Function) and _length(node) > FUNCTION_LINES
    ]


def filled_inits(package: Path) -> list[str]:
    """`__init__.py` files with anything in them: re-exports are where import cycles come from."""
    return [f"{path}: must be empty" for path in package.rglob("__init__.py") if path.stat().st_size]


def broad_excepts(package: Path) -> list[str]:
    """Handlers for everything outside the one place that may; cleaning up and raising on is not handling."""
    return [
        f"{path}:{node.lineno}: catches everything; only {BROAD_EXCEPT_ALLOWED} may"
        for path, node in _nodes(package)
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node)
        and not _raises_on(node)
        and path != package / BROAD_EXCEPT_ALLOWED
    ]


def silent_excepts(package: Path) -> list[str]:
    """Handlers whose whole body is `pass` or `...`."""
    return [
        f"{path}:{node.lineno}: swallows an error without a word"
        for path, node in _nodes(package)
        if isinstance(node, ast.ExceptHandler) and all(_does_nothing(statement) for statement in node.body)
    ]


def _modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def _nodes(package: Path) -> Iterator[tuple[Path, ast.AST]]:
    for path in _modules(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            yield path, node


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"} for one in caught)


def _raises_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
