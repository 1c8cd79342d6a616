"""Edits of a config file's text: sections replaced with comments kept, secrets hidden and put back. Pure.

Secrets never leave this computer by way of the page. Where one stands in the file, the page sees UNCHANGED; a file
that comes back with it gets the secret from the file that it replaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from operator import is_
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from twcmaster.config.comments import with_secret_comments, without_secret_comments
from twcmaster.config.problems import BYTE_ORDER_MARK
from twcmaster.config.secrets import SECRET_IN_URL, SECRET_TABLES, is_secret_key, secrets_in, without_secrets

UNCHANGED = "(unchanged)"
#: What tells the tables of a list apart.
_NAMES = ("name", "id")

Doc = MutableMapping[str, Any]


class EditError(ValueError):
    """The text cannot be edited. Says why."""


def redacted(text: str) -> str:
    """The text with every secret replaced. Raises EditError."""
    document = _parse(text)
    for table, key in _leaves(document):
        table[key] = _hidden(key, table[key])
    for table in _secret_tables(document):
        for key in list(table):
            if not isinstance(table[key], MutableMapping):
                table[key] = UNCHANGED
    return without_secret_comments(tomlkit.dumps(document), UNCHANGED)


def inline_secrets(text: str) -> list[str]:
    """Where in the text secrets stand themselves, and not only the place to find them. Raises EditError."""
    return list(_differences(values(text), values(redacted(text)), ""))


def with_secrets(text: str, old: str) -> str:
    """The text with the secrets of `old` where it says UNCHANGED. Raises EditError."""
    document, before = _parse(text), _parse(old)
    _put_back(document, before, "")
    return with_secret_comments(tomlkit.dumps(document), old, UNCHANGED)


def merged(text: str, changes: Mapping[str, Any]) -> str:
    """The text with whole sections replaced; None removes one. What stays equal keeps its comments.

    Raises EditError.
    """
    document = _parse(text)
    for name, wanted in changes.items():
        if wanted is None:
            document.pop(name, None)
        elif isinstance(wanted, list):
            _merge_list(document, name, wanted)
        elif isinstance(wanted, Mapping):
            if not isinstance(document.get(name), MutableMapping):
                document[name] = tomlkit.table()
            _merge_table(document[name], wanted)
        else:
            raise EditError(f"{name}: a section is a table or a list of tables.")
    return tomlkit.dumps(document)


def values(text: str) -> dict[str, Any]:
    """The text as plain values. Raises EditError."""
    plain: dict[str, Any] = _parse(text).unwrap()
    return plain


def _parse(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text.removeprefix(BYTE_ORDER_MARK))
    except (TOMLKitError, ValueError) as error:
        raise EditError(f"This is not valid TOML: {error}.") from error


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _merge_table(table: Doc, wanted: Mapping[str, Any]) -> None:
    for key in [key for key in table if wanted.get(key) is None]:
        del table[key]
    for key, value in wanted.items():
        if value is None:
            continue
        old = table.get(key)
        if isinstance(value, Mapping) and isinstance(old, MutableMapping):
            _merge_table(old, value)
        elif old != value or isinstance(old, bool) != isinstance(value, bool):
            table[key] = _without_nothing(value)


def _merge_list(document: Doc, name: str, wanted: Sequence[Any]) -> None:
    if not all(isinstance(entry, Mapping) for entry in wanted):
        raise EditError(f"{name}: must be a list of tables.")
    old = document.get(name)
    tables = list(old) if isinstance(old, AoT) else []
    kept = [_same(tables, entry, index) for index, entry in enumerate(wanted)]
    if not wanted:
        document.pop(name, None)
    elif len(kept) == len(tables) and all(map(is_, kept, tables)):
        for table, entry in zip(tables, wanted, strict=True):
            _merge_table(table, entry)
    else:
        document[name] = _list_of(kept, wanted)


def _list_of(kept: Sequence[Any], wanted: Sequence[Mapping[str, Any]]) -> AoT:
    fresh = tomlkit.aot()
    for table, entry in zip(kept, wanted, strict=True):
        table = tomlkit.table() if table is None else table  # noqa: PLW2901 - a new one where there is none
        _merge_table(table, entry)
        fresh.append(table)
    return fresh


def _same(tables: Sequence[Any], entry: Mapping[str, Any], index: int) -> Any | None:
    """The table that an entry is a new version of: the one with its name, else the one in its place if none has one."""
    for key in _NAMES:
        if key in entry:
            return next((table for table in tables if table.get(key) == entry[key]), None)
    return tables[index] if index < len(tables) else None


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nothing(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_nothing(inner) for inner in value if inner is not None]
    return value


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _leaves(table: Doc) -> Iterator[tuple[Doc, str]]:
    for key in list(table):
        value = table[key]
        if isinstance(value, MutableMapping):
            yield from _leaves(value)
        elif isinstance(value, list) and value and all(isinstance(entry, MutableMapping) for entry in value):
            for entry in value:
                yield from _leaves(entry)
        else:
            yield table, key


def _secret_tables(table: Doc) -> Iterator[Doc]:
    for key in list(table):
        value = table[key]
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, MutableMapping):
                if key in SECRET_TABLES:
                    yield entry
                yield from _secret_tables(entry)


def _hidden(key: str, value: Any) -> Any:
    if is_secret_key(key):
        return UNCHANGED
    return without_secrets(value, UNCHANGED) if isinstance(value, str) and SECRET_IN_URL.search(value) else value


def _differences(value: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _differences(value[key], other[key], f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _differences(entry, other[index], f"{path}[{index}]")
    elif value != other:
        yield path


def _put_back(table: Doc, before: Mapping[str, Any], path: str) -> None:
    for key in list(table):
        value, old, here = table[key], before.get(key), f"{path}.{key}" if path else key
        if isinstance(value, MutableMapping):
            _put_back(value, old if isinstance(old, Mapping) else {}, here)
        elif isinstance(value, list):
            olds = old if isinstance(old, list) else []
            for index, entry in enumerate(value):
                if isinstance(entry, MutableMapping):
                    _put_back(entry, _same(olds, entry, index) or {}, f"{here}[{index}]")
        elif isinstance(value, str) and UNCHANGED in value:
            table[key] = _secret_of(value, old, here)


def _secret_of(value: str, old: Any, path: str) -> str:
    if isinstance(old, str) and value == UNCHANGED:
        return str(old)
    before = secrets_in(old) if isinstance(old, str) else {}
    asked = secrets_in(value)
    if not asked or any(secret == UNCHANGED and name not in before for name, secret in asked.items()):
        raise EditError(f'{path}: says "{UNCHANGED}", but there is no secret of before to keep. Enter it again.')

    def kept(found: re.Match[str]) -> str:
        secret = found["value"] or found["login"]
        return (found["key"] or "") + (before[found["key"] or "login"] if secret == UNCHANGED else secret)

    return SECRET_IN_URL.sub(kept, value)
