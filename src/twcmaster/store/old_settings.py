"""Settings of the older programs, read once: the original's TWCManagerSettings.txt and source, its fork's JSON files.

Nothing is dropped without a word: every entry of a file appears in the report with what became of it. What people had
asked for becomes commands; facts of the installation become lines for the config file; secrets are never taken over,
nor shown. Facts on the files: docs/howto/moving-from-twcmanager.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from twcmaster.config.secrets import without_secrets
from twcmaster.model.commands import Command
from twcmaster.store.old_settings_config import toml_of
from twcmaster.store.old_settings_fates import fate_of, is_secret
from twcmaster.store.old_settings_wishes import fork_wishes, original_wishes
from twcmaster.store.old_settings_words import Fate, Finding, Notes, Old

#: Longer files are something else.
LONGEST_FILE = 5_000_000
SHOWN_VALUE = 60
#: Constants at the top of the original's source, and in the settings file of some later copies of it.
CONSTANTS = (
    "wiringMaxAmpsAllTWCs",
    "wiringMaxAmpsPerTWC",
    "minAmpsPerTWC",
    "onlyChargeMultiCarsAtHome",
    "greenEnergyAmpsOffset",
    "debugLevel",
    "displayMilliseconds",
    "fakeMaster",
)
#: The parts of the fork's config.json, and names that only its settings.json has: one of them at least.
CONFIG_PARTS = ("config", "interface", "sources", "policy")
FORK_SETTINGS = frozenset(
    (
        *("nonScheduledAmpsMax", "nonScheduledAction", "scheduledAmpsMax", "scheduledAmpsStartHour"),
        *("scheduledAmpsEndHour", "scheduledAmpsDaysBitmap", "hourResumeTrackGreenEnergy", "chargeNowAmps"),
        *("chargeNowTimeEnd", "chargeStopMode", "chargeRateControl", "chargeAuthorizationMode", "consumptionOffset"),
        *("respondToSlaves", "spikeAmpsProactively", "spikeAmpsReactively", "spikeAmpsToCancel6ALimit"),
        *("VehicleGroups", "kWhDelivered", "carApiBearerToken", "carApiRefreshToken", "homeLat", "webControlTheme"),
    )
)
ADAPTER = {"rs485Adapter": "port", "baud": "baud"}
_LINE = re.compile(r"^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
_CONSTANT = re.compile(rf"^({'|'.join((*CONSTANTS, *ADAPTER))})\s*=\s*([^#\n]*?)\s*(?:#.*)?$")
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_COMMA = re.compile(r'"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])')


class OldSettingsError(Exception):
    """This file is none of those that can be read. The text says what was expected."""


class Kind(Enum):
    """What a file is, in words for the report."""

    ORIGINAL = "settings of the original TWCManager"
    SOURCE = "constants in the original's source"
    FORK_SETTINGS = "settings.json of the fork"
    FORK_CONFIG = "config.json of the fork"


@dataclass(frozen=True, slots=True)
class OldFile:
    """One file, understood."""

    kind: Kind
    #: As the file has it: nested for JSON, flat and as text otherwise.
    values: Old


@dataclass(frozen=True, slots=True)
class Imported:
    """What the files came to."""

    commands: tuple[Command, ...]
    #: Lines for the config file; empty when the files say nothing of the installation.
    toml: str
    #: One for every entry, by file name.
    findings: Mapping[str, tuple[Finding, ...]]


def understand(name: str, text: str) -> OldFile:
    """What a file is and says. Raises OldSettingsError."""
    if len(text) > LONGEST_FILE:
        raise OldSettingsError(f"{name} is too long to be a settings file.")
    text = text.removeprefix("\ufeff")
    if name.endswith(".py"):
        constants = _entries(_CONSTANT, text)
        return OldFile(Kind.SOURCE, _nested({key: value.strip("'\"") for key, value in constants.items()}))
    bare = _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
    if bare.lstrip().startswith("{"):
        return _json(name, bare)
    entries = _entries(_LINE, text)
    if not entries:
        expected = "TWCManagerSettings.txt (name=value), settings.json or config.json"
        raise OldSettingsError(f"{name} has no settings. Expected {expected}.")
    return OldFile(Kind.ORIGINAL, _nested(entries))


def bring_over(files: Mapping[str, OldFile], clock: datetime) -> Imported:
    """Commands, lines for the config and the report, of all files together (by name). `clock` is the site's."""
    notes: dict[str, Notes] = {name: {} for name in files}
    commands: list[Command] = []
    configs = [(file, notes[name]) for name, file in files.items() if file.kind is not Kind.FORK_SETTINGS]
    for name, file in files.items():
        if file.kind is Kind.ORIGINAL:
            commands += original_wishes(file.values, clock, notes[name])
        elif file.kind is Kind.FORK_SETTINGS:
            commands += fork_wishes(file.values, clock, notes[name])
    toml = "\n".join(filter(None, (toml_of(file.values, found) for file, found in configs)))
    findings = {name: tuple(_findings(file, notes[name])) for name, file in files.items()}
    return Imported(tuple(commands), toml, findings)


def _entries(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    matches = (pattern.match(line) for line in text.splitlines())
    return {found[1]: found[2] for found in matches if found is not None}


def _json(name: str, text: str) -> OldFile:
    """A JSON file without its comments; commas before a closing bracket are let pass, as the fork does."""
    try:
        values = json.loads(_STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], text))
    except (ValueError, RecursionError) as error:
        raise OldSettingsError(f"{name} is damaged: {error}.") from error
    if not isinstance(values, dict):
        raise OldSettingsError(f"{name} is JSON, but not a settings file: it should begin with {{.")
    if any(isinstance(values.get(part), dict) for part in CONFIG_PARTS):
        return OldFile(Kind.FORK_CONFIG, values)
    if FORK_SETTINGS.isdisjoint(values):
        raise OldSettingsError(
            f"{name} is JSON, but has no setting that the fork knows. Expected its settings.json or config.json."
        )
    return OldFile(Kind.FORK_SETTINGS, values)


def _nested(flat: Mapping[str, str]) -> Old:
    """Flat entries, with the installation's facts where the fork's config has them."""
    config = {key: value for key, value in flat.items() if key in CONSTANTS}
    adapter = {ADAPTER[key]: value for key, value in flat.items() if key in ADAPTER}
    rest: dict[str, object] = {key: value for key, value in flat.items() if key not in config and key not in ADAPTER}
    if config:
        rest["config"] = config
    if adapter:
        rest["interface"] = {"RS485": adapter}
    return rest


def _findings(file: OldFile, notes: Notes) -> Iterator[Finding]:
    flat = file.kind in (Kind.ORIGINAL, Kind.SOURCE)
    for path, value in leaves(file.values):
        fate, text = notes.get(path) or fate_of(path, value)
        secret = is_secret(path)
        if secret and value not in ("", None):
            fate = Fate.PRIVATE
        yield Finding(_flat_name(path) if flat else path, "" if secret else _shown(value), fate, text)


def _flat_name(path: str) -> str:
    """The name that an entry has in a flat file."""
    adapter = {f"interface.RS485.{key}": name for name, key in ADAPTER.items()}
    return adapter.get(path, path.removeprefix("config."))


def leaves(values: Old, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every entry with its path; lists and empty groups are entries."""
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = without_secrets("".join(sign if sign.isprintable() else "?" for sign in text))
    return text if len(text) <= SHOWN_VALUE else f"{text[: SHOWN_VALUE - 1]}…"
