"""Facts of the installation in the old files as lines for the config file.

The lines are a start, to be read and completed by a person: limits of wires and breakers are never taken on trust.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from twcmaster.config.secrets import HIDDEN, secrets_in, without_secrets
from twcmaster.store.old_settings_words import Fate, Notes, Old, group, number, yes

MINIMUM_A, HIGHEST_MINIMUM_A = 6, 32
#: What the config allows.
HIGHEST_LIMIT_A = 1000
LOWEST_VOLTS, HIGHEST_VOLTS = 90, 500
LAST_PORT = 0xFFFF
ONE_PHASE, THREE_PHASES = 1, 3
ROLES = {1.0: "master", 0.0: "connector", 2.0: "listen"}
#: The fork's log levels: up to where each of ours reaches.
LOG_LEVELS = ((19.0, "debug"), (20.0, "info"), (30.0, "warning"), (100.0, "error"))
CHECK = "Check this with the breaker and the wires."
LEFT_OUT = f"# {HIDDEN} stands for a secret that was left out. Give it as username and password, or in query.\n"


def toml_of(old: Old, notes: Notes) -> str:
    """Lines for the config file, empty when the file says nothing of the installation. Notes what is used."""
    config = group(old, "config")
    if not any(group(old, part) for part in ("config", "interface", "sources")):
        return ""
    meters = list(_meters(old, config, notes))
    measured = any(meter.startswith("[[meter]]") for meter in meters)
    parts = [_circuit(config, notes), _bus(old, config, notes), _control(config, notes, measured=measured)]
    parts += [*meters, _fuse(config, notes), _rest(old, config, notes)]
    return "\n".join(part for part in parts if part)


def _circuit(config: Old, notes: Notes) -> str:
    volts, phases = number(config.get("defaultVoltage")), number(config.get("numberOfPhases"))
    volts = volts if volts is not None and LOWEST_VOLTS <= volts <= HIGHEST_VOLTS else None
    limit_a, warning = _limit(config, notes, "wiringMaxAmpsAllTWCs", "[[circuit]] limit_a")
    _note(config, notes, "defaultVoltage", "[[circuit]] volts", used=volts is not None)
    _note(config, notes, "numberOfPhases", "[[circuit]] phases", used=phases in (ONE_PHASE, THREE_PHASES))
    return warning + _section(
        "[[circuit]]",
        name="garage",
        limit_a=limit_a,
        volts=volts,
        phases=THREE_PHASES if phases == THREE_PHASES else None,
    )


def _limit(config: Old, notes: Notes, key: str, goal: str) -> tuple[float, str]:
    """A limit of wires; and, when the file does not tell it, the least one with a line that says so."""
    limit_a = number(config.get(key))
    if limit_a is not None and 0 < limit_a <= HIGHEST_LIMIT_A:
        _note(config, notes, key, f"{goal}. {CHECK}")
        return limit_a, ""
    _note(config, notes, key, f"{goal}, which is {MINIMUM_A} A until then", used=False)
    why = "cannot be read" if key in config else "is not in the file"
    return MINIMUM_A, f"# {key} {why}: {MINIMUM_A} A until you set what breaker and wires carry.\n"


def _bus(old: Old, config: Old, notes: Notes) -> str:
    plays = number(config.get("fakeMaster"))
    role = "master" if plays is None else ROLES.get(plays, "master")
    minimum_a = number(config.get("minAmpsPerTWC"))
    per_unit_a, warning = _limit(config, notes, "wiringMaxAmpsPerTWC", "[[bus]] connector_limit_a")
    _note(config, notes, "fakeMaster", "[[bus]] role", used=plays in ROLES)
    text = "[[bus]] minimum_a: with less than this charging stops. 6 makes the most of the sun."
    _note(config, notes, "minAmpsPerTWC", text, used=minimum_a is not None)
    return warning + _section(
        "[[bus]]",
        name="garage",
        link=_link(old, notes),
        circuit="garage",
        role=None if role == "master" else role,
        connector_limit_a=per_unit_a,
        minimum_a=None if minimum_a is None else int(min(max(minimum_a, MINIMUM_A), HIGHEST_MINIMUM_A)),
    )


def _link(old: Old, notes: Notes) -> str:
    port = group(old, "interface", "RS485").get("port")
    if not isinstance(port, str) or not port:
        return "/dev/ttyUSB0"
    notes["interface.RS485.port"] = (Fate.CONFIG, "[[bus]] link. `twcmaster ports` lists names that stay the same.")
    return port


def _control(config: Old, notes: Notes, *, measured: bool) -> str:
    told_a = number(config.get("greenEnergyAmpsOffset"))
    offset_a = told_a or 0.0
    watts = offset_a * (number(config.get("defaultVoltage")) or 240) * (number(config.get("numberOfPhases")) or 1)
    goal = "[control] house_w" if offset_a < 0 else "[control] grid_target_w"
    _note(config, notes, "greenEnergyAmpsOffset", goal, used=told_a is not None)
    if told_a == 0:
        notes["config.greenEnergyAmpsOffset"] = (Fate.BUILT_IN, "0 is the default.")
    solar = {"mode" if measured else "# once a [[meter]] tells the surplus: mode": "solar"}
    return _section(
        "[control]",
        **solar,
        house_w=round(-watts) if watts < 0 else None,
        grid_target_w=round(watts) if watts > 0 else None,
    )


def _fuse(config: Old, notes: Notes) -> str:
    limit_a = number(config.get("maxAmpsAllowedFromGrid"))
    text = "[fuse] fuse_a, once there is a grid meter that tells amps; the fork used it in rules of your own only."
    if limit_a is None or limit_a <= 0:
        _note(config, notes, "maxAmpsAllowedFromGrid", text, used=False)
        return ""
    _note(config, notes, "maxAmpsAllowedFromGrid", text)
    return f'# [fuse]\n# meter = "grid"\n# fuse_a = {limit_a:g}\n'


def _rest(old: Old, config: Old, notes: Notes) -> str:
    level, old_level = number(config.get("logLevel")), number(config.get("debugLevel"))
    log = next((name for most, name in LOG_LEVELS if level <= most), None) if level is not None else None
    if log is None and old_level is not None:
        log = "debug" if old_level > 1 else "info"
    for key in ("logLevel", "debugLevel"):
        _note(config, notes, key, "[service] log", used=log is not None)
    port = number(group(old, "control", "HTTP").get("listenPort"))
    web = ""
    if port is not None and 1 <= port <= LAST_PORT:
        web = _section("[web]", port=int(port))
        notes["control.HTTP.listenPort"] = (Fate.CONFIG, "[web] port")
    return "\n".join(filter(None, (_section("[service]", log=log) if log else "", web)))


# ── meters ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _meters(old: Old, config: Old, notes: Notes) -> Iterator[str]:
    sees_cars, delivery = yes(config.get("subtractChargerLoad")), yes(config.get("treatGenerationAsGridDelivery"))
    _note(config, notes, "subtractChargerLoad", "[[meter]] includes_charger")
    _note(config, notes, "treatGenerationAsGridDelivery", '[[meter]] role = "grid", scale = -1')
    for name, source in group(old, "sources").items():
        if not isinstance(source, Mapping) or not yes(source.get("enabled")):
            _note_source(notes, name, source, Fate.BUILT_IN, "This source was off.")
            continue
        found = list(_meter(name, source, sees_cars=sees_cars, delivery=delivery))
        if found:
            _note_source(notes, name, source, Fate.CONFIG, "[[meter]]. Check it with `twcmaster meter test`.")
        else:
            address = source.get("serverIP") or source.get("inverterHost") or source.get("brokerIP") or "its cloud"
            found = [f"# [[meter]]: {_line(name)} at {without_secrets(_line(address))}, to be described by hand.\n"]
        yield from found


def _meter(name: str, source: Old, *, sees_cars: bool, delivery: bool) -> Iterator[str]:
    """The meters of a source: one for consumption, one for generation."""
    sides = (("Consumption", {"role": "house", "includes_charger": sees_cars}), ("Generation", {"role": "pv"}))
    for side, facts in sides:
        place = _place(name, source, side)
        if place is None:
            continue
        grid = {"role": "grid", "scale": -1} if delivery and side == "Generation" else facts
        hidden = any(secrets_in(str(value)) for value in place.values())
        yield _section("[[meter]]", **{"name": f"{name} {side.lower()}", **grid, **place}) + (
            LEFT_OUT if hidden else ""
        )


def _place(name: str, source: Old, side: str) -> dict[str, object] | None:
    """Where a source has its number, as the keys of a [[meter]]; None when it has none or is of another kind."""
    server, port = source.get("serverIP"), source.get("serverPort")
    match name:
        case "MQTT":
            topic = source.get(f"topic{side}")
            login = {"username": source.get("username") or None}
            return (
                {"kind": "mqtt", "host": source.get("brokerIP"), "topic": topic, "power_w": "@"} | login
                if topic
                else None
            )
        case "HASS":
            entity = source.get(f"hassEntity{side}")
            scheme = "https" if yes(source.get("useHttps")) else "http"
            url = f"{scheme}://{server}:{port or 8123}/api/states/{entity}"
            return (
                {"kind": "http", "url": url, "power_w": "state", "# token": "a long-lived access token"}
                if entity
                else None
            )
        case "openHAB":
            item = source.get(f"{side.lower()}Item")
            url = f"http://{server}:{port or 8080}/rest/items/{item}/state"
            return {"kind": "http", "url": url, "power_w": {"regex": r"(-?[0-9.]+)"}} if item else None
        case "URL":
            item = source.get(f"{side.lower()}Item")
            url = _with_item(str(source.get("url")), item)
            return {"kind": "http", "url": url, "power_w": {"regex": r"(-?[0-9.]+)"}} if item else None
    return None


def _with_item(url: str, item: object) -> str:
    """The item as the last part of the path, which ends where a query begins."""
    path, mark, query = url.partition("#")[0].partition("?")
    return f"{path.removesuffix('/')}/{item}{mark}{query}"


def _note_source(notes: Notes, name: str, source: object, fate: Fate, text: str) -> None:
    for key in source if isinstance(source, Mapping) else ():
        notes[f"sources.{name}.{key}"] = (fate, text)


# ── TOML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _section(title: str, **entries: object) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in entries.items() if value is not None]
    return "\n".join([title, *lines]) + "\n"


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}"
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(without_secrets(_line(value)), ensure_ascii=False)


def _line(value: object) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in str(value))


def _note(config: Old, notes: Notes, key: str, text: str, *, used: bool = True) -> None:
    """What became of an entry of `config`, if it is there; one that cannot be used is left to the person."""
    if key in config:
        told = (Fate.CONFIG, text) if used else (Fate.UNKNOWN, f"Its value cannot be used. To be set by hand: {text}")
        notes[f"config.{key}"] = told
