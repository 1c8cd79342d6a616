"""What a meter section that is to be tried may use of this computer: what the config gives that very meter, no more.

Trying asks for no password. Without this, whoever may try could have any private file sent to a device of theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twcmaster.api.ports import NotPossible
from twcmaster.config.secrets import SECRET_TABLES

#: What says which device is asked.
_DEVICE = ("kind", "url", "host", "port")
_PLACES = frozenset(("env", "file"))


def section_to_try(section: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The section with what the config has where it says that something is unchanged. Raises NotPossible."""
    from twcmaster.config import edit

    try:
        before = _meter(edit.values(text), section.get("name"))
        shown = _meter(edit.values(edit.redacted(text)), section.get("name"))
        # A secret is for the device that it was entered for, and goes to no other.
        same = all(section.get(key) in (before.get(key), shown.get(key)) for key in _DEVICE)
        toml = edit.with_secrets(edit.merged("", {"meter": [dict(section)]}), text if same else "")
        toml.encode()
        whole = dict(edit.values(toml)["meter"][0])
    except (edit.EditError, ValueError, TypeError, RecursionError) as error:
        raise NotPossible(f"This meter cannot be tried: {error}", "Enter its secrets again.") from error
    _check_places(whole, before if same else {})
    return whole


def _meters(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = values.get("meter", ())
    return (meter for meter in found if isinstance(meter, Mapping)) if isinstance(found, list) else iter(())


def _meter(values: Mapping[str, Any], name: object) -> Mapping[str, Any]:
    return next((meter for meter in _meters(values) if meter.get("name") == name), {})


def _check_places(section: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    known = dict(_places(before))
    for where, place in _places(section):
        if known.get(where) != place:
            text = f"{where}: a secret of this computer is read only for a meter that the config gives it to."
            raise NotPossible(text, "Save the config with this meter first, or enter the secret itself.")


def _places(section: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Where the section names the place of a secret, and that place."""
    for key, value in section.items():
        inner = {key: value}
        if key in SECRET_TABLES and isinstance(value, Mapping):
            inner = {f"{key}.{name}": one for name, one in value.items()}
        yield from ((where, one) for where, one in inner.items() if isinstance(one, Mapping) and _PLACES & one.keys())


def tells_of_a_file(section: Mapping[str, Any], text: str) -> bool:
    """Whether a failure would show what stands in a file that the config does not name."""
    from twcmaster.config import edit

    if section.get("kind") != "file":
        return False
    path = str(section.get("path"))
    named = any(meter.get("path") == path for meter in _meters(edit.values(text)))
    return not named and os.access(Path(path).expanduser(), os.R_OK)
