"""Secrets: where they may stand, and what keeps them out of everything that is shown.

password = { env = "GRID_PASSWORD" }     # in the environment of the program
password = { file = "secrets/grid" }     # beside the config file, readable for its owner only
password = "swordfish"                   # in the config file itself, which must then be as private
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationInfo

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
LONGEST_SECRET = 65_536
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretPlace(BaseModel):
    """Where a secret is, instead of the secret itself: one of both."""

    model_config = ConfigDict(extra="forbid")

    env: str | None = None
    #: Relative to the config file's folder.
    file: Path | None = None


def _resolved(value: Any, info: ValidationInfo) -> Any:
    """The secret that a place names; what is none is left as it is. Raises ValueError."""
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"env"} and isinstance(value["env"], str):
        return _from_environment(value["env"])
    if value.keys() == {"file"} and isinstance(value["file"], str):
        folder: Path = (info.context or {}).get("folder", Path())
        return _from_file(folder / Path(value["file"]).expanduser())
    raise ValueError('must be a text, { env = "NAME" } or { file = "path" }')


#: A secret in a section. Validated with the config file's folder as `folder` in the context.
Secret = Annotated[SecretStr, BeforeValidator(_resolved, json_schema_input_type=str | SecretPlace)]


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(
            f"is to come from the environment variable {name}, which is not set: set it where twcmaster starts"
        )
    return value


def _from_file(path: Path) -> str:
    try:
        # A pipe without a writer must not hold up the program.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _check_mode(path, os.fstat(handle).st_mode)
            secret = os.read(handle, LONGEST_SECRET).decode("utf-8").rstrip("\r\n")
        finally:
            os.close(handle)
    except OSError as problem:
        raise ValueError(f"is to come from {path}, which cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError:
        raise ValueError(f"is to come from {path}, which is no text") from None
    if not secret:
        raise ValueError(f"is to come from {path}, which is empty")
    return secret


def _check_mode(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise ValueError(f"is to come from {path}, which is no file")
    if mode & _OTHERS:
        raise ValueError(f"is to come from {path}, which others can read: `chmod 600 {path}`")


def others_can_read(path: Path) -> bool:
    """Whether a file is open to more than its owner."""
    return bool(path.stat().st_mode & _OTHERS)


def is_secret_key(key: str) -> bool:
    """Whether a key's value is nobody's business."""
    return SECRET_KEY.search(key) is not None


def without_secrets(url: str, hidden: str = HIDDEN) -> str:
    """The URL for messages: no login, and no values of parameters that sound secret."""
    return SECRET_IN_URL.sub(lambda found: (found["key"] or "") + hidden, url)


def secrets_in(url: str) -> dict[str, str]:
    """The secrets that a URL holds, by the parameter (or "login") that they stand in."""
    return {found["key"] or "login": found["value"] or found["login"] for found in SECRET_IN_URL.finditer(url)}
