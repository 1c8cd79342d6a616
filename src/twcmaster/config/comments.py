"""Secrets in the comments of a config file: lines that somebody has commented out are as secret as the others. Pure."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator

from twcmaster.config.secrets import SECRET_TABLES, is_secret_key, without_secrets

#: Of a file that is valid TOML: texts, in which # begins no comment; the heads of tables; comments.
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|(?P<table>^[ \t]*\[{1,2}[^\[\]\n]+\])"
    r"|(?P<comment>#[^\n]*)",
    re.DOTALL | re.MULTILINE,
)
_COMMENTED_TABLE = re.compile(r"^[#\s]*(\[{1,2}[^\[\]\n]+\])")
_KEY = re.compile(r"""(?<![\w.?&-])(?P<key>[\w.-]+|"[^"]*"|'[^']*')\s*[=:]\s*""")
#: A value without quotes goes on to the end: such a line was never TOML.
_VALUE = re.compile(r"""\{[^}]*\}|"(?!"")(?:\\.|[^"\\])*"|'(?!'')[^']*'|\S.*""")
_PLACE = re.compile(r"""\{\s*(?:env|file)\s*=\s*(?:"[^"]*"|'[^']*')\s*\}""")


def without_secret_comments(text: str, hidden: str) -> str:
    """The file with `hidden` in the place of every secret in a comment."""
    return _replaced(text, (shown for _, shown in _comments(text, hidden)))


def with_secret_comments(text: str, old: str, hidden: str) -> str:
    """The file with the comments of `old` where it has them as they were shown."""
    before: dict[str, deque[str]] = defaultdict(deque)
    for comment, shown in _comments(old, hidden):
        if shown != comment:
            before[shown].append(comment)
    comments = (comment for comment, _ in _comments(text, hidden))
    return _replaced(text, (before[comment].popleft() if before[comment] else comment for comment in comments))


def _replaced(text: str, comments: Iterator[str]) -> str:
    return _PIECE.sub(lambda piece: piece[0] if piece["comment"] is None else next(comments), text)


def _comments(text: str, hidden: str) -> Iterator[tuple[str, str]]:
    """Each comment as it is and as it may be shown."""
    table = ""
    for piece in _PIECE.finditer(text):
        comment: str | None = piece["comment"]
        head = _COMMENTED_TABLE.match(comment or "")
        table = head[1] if head else piece["table"] or table
        if comment is not None:
            all_secret = table.strip("[] \t").rpartition(".")[2] in SECRET_TABLES
            yield comment, "".join(_parts(without_secrets(comment, hidden), f'"{hidden}"', all_secret=all_secret))


def _parts(comment: str, instead: str, *, all_secret: bool) -> Iterator[str]:
    done = 0
    for setting in _KEY.finditer(comment):
        key = setting["key"].strip("\"'").rpartition(".")[2]
        if setting.start() < done or not (all_secret or is_secret_key(key) or key in SECRET_TABLES):
            continue
        value = _VALUE.match(comment, setting.end())
        if value is not None and not _PLACE.fullmatch(value[0]):
            yield comment[done : value.start()] + instead
            done = value.end()
    yield comment[done:]
