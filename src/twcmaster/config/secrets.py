"""Secrets: what keeps them out of everything that is shown. Where they may stand is in `secret_places.py`."""

from __future__ import annotations

import re
import stat
from pathlib import Path

#: Keys whose values are secret, and tables all of whose values are.
SECRET_KEY = re.compile(r"pass(word|phrase|wd)?$|secret|token|api_?key|credential|authorization|^body$", re.IGNORECASE)
SECRET_TABLES = frozenset(("headers", "query"))
#: The login in a URL, and the values of its parameters that sound secret.
SECRET_IN_URL = re.compile(
    r"(?P<login>(?<=://)[^/@\s?#]+(?=@))"
    r"|(?P<key>[?&][^=&#\s]*(?:key|token|pass|pwd|secret|auth|sid|session|user)[^=&#\s]*=)(?P<value>[^&#\s]+)",
    re.IGNORECASE,
)
HIDDEN = "…"
#: The bits of everybody but the owner.
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def others_can_read(path: Path) -> bool:
    """Whether a file is open to more than its owner."""
    return bool(path.stat().st_mode & OTHERS)


def is_secret_key(key: str) -> bool:
    """Whether a key's value is nobody's business."""
    return SECRET_KEY.search(key) is not None


def without_secrets(url: str, hidden: str = HIDDEN) -> str:
    """The URL for messages: no login, and no values of parameters that sound secret."""
    return SECRET_IN_URL.sub(lambda found: (found["key"] or "") + hidden, url)


def secrets_in(url: str) -> dict[str, str]:
    """The secrets that a URL holds, by the parameter (or "login") that they stand in."""
    return {found["key"] or "login": found["value"] or found["login"] for found in SECRET_IN_URL.finditer(url)}
