"""Where a secret of the config file may stand.

password = { env = "GRID_PASSWORD" }     # in the environment of the program
password = { file = "secrets/grid" }     # beside the config file, readable for its owner only
password = "swordfish"                   # in the config file itself, which must then be as private
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationInfo

from twcmaster.config.secrets import OTHERS

LONGEST_SECRET = 65_536


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
    if mode & OTHERS:
        raise ValueError(f"is to come from {path}, which others can read: `chmod 600 {path}`")
