"""Facts of the installation in the old files as lines for the config file.

The lines are a start, to be read and completed by a person: limits of wires and breakers are never taken on trust.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from twcmaster.store.old_settings_words import Fate, Notes, Old, group, number, yes

MINIMUM_A, HIGHEST_MINIMUM_A = 6, 32
THREE_PHASES = 3
ROLES = {1.0: "master", 0.0: "connector", 2.0: "listen"}
#: The fork's log levels: up to where each of ours reaches.
LOG_LEVELS = ((19.0, "debug"), (20.0, "info"), (30.0, "warning"), (100.0, "error"))
CHECK = "Check this with the breaker and the wires."


def toml_of(old: Old, notes: Notes) -> str:
    """Lines for the config file, empty when the file says nothing of the installation. Notes what is used."""
    config = group(old, "config")
    if not config and not group(old, "interface"):
        return ""
    meters = list(_meters(old, config, notes))
    measured = any(meter.startswith("[[meter]]") for meter in meters)
    parts = [_circuit(config, notes), _bus(old, config, notes), _control(config, notes, measured=measured)]
    parts += [*meters, _fuse(config, notes), _rest(old, config, notes)]
    return "\n".join(part for part in parts if part)


def _circuit(config: Old, notes: Notes) -> str:
    limit_a, volts = number(config.get("wiringMaxAmpsAllTWCs")), number(config.get("defaultVoltage"))
    phases = number(config.get("numberOfPhases"))
    _note(config, notes, "config.wiringMaxAmpsAllTWCs", f"[[circuit]] limit_a. {CHECK}")
    _note(config, notes, "config.defaultVoltage", "[[circuit]] volts")
    _note(config, notes, "config.numberOfPhases", "[[circuit]] phases")
    return _section(
        "[[circuit]]",
        name="garage",
        limit_a=limit_a if limit_a and limit_a > 0 else MINIMUM_A,
        volts=volts if volts and 90 <= volts <= 500 else None,  # noqa: PLR2004 - what the config allows
        phases=THREE_PHASES if phases == THREE_PHASES else None,
    )


def _bus(old: Old, config: Old, notes: Notes) -> str:
    plays = number(config.get("fakeMaster"))
    role = "master" if plays is None else ROLES.get(plays, "master")
    minimum_a = number(config.get("minAmpsPerTWC"))
    per_unit_a = number(config.get("wiringMaxAmpsPerTWC"))
    _note(config, notes, "config.wiringMaxAmpsPerTWC", f"[[bus]] connector_limit_a. {CHECK}")
    _note(config, notes, "config.fakeMaster", "[[bus]] role")
    if minimum_a is not None:
        text = "[[bus]] minimum_a: with less than this charging stops. 6 makes the most of the sun."
        notes["config.minAmpsPerTWC"] = (Fate.CONFIG, text)
    return _section(
        "[[bus]]",
        name="garage",
        link=_link(old, notes),
        circuit="garage",
        role=None if role == "master" else role,
        connector_limit_a=per_unit_a if per_unit_a and per_unit_a > 0 else None,
        minimum_a=None if minimum_a is None else int(min(max(minimum_a, MINIMUM_A), HIGHEST_MINIMUM_A)),
    )


def _link(old: Old, notes: Notes) -> str:
    port = group(old, "interface", "RS485").get("port")
    if not isinstance(port, str) or not port:
        return "/dev/ttyUSB0"
    notes["interface.RS485.port"] = (Fate.CONFIG, "[[bus]] link. `twcmaster ports` lists names that stay the same.")
    return port


def _control(config: Old, notes: Notes, *, measured: bool) -> str:
    offset_a = number(config.get("greenEnergyAmpsOffset")) or 0.0
    watts = offset_a * (number(config.get("defaultVoltage")) or 240) * (number(config.get("numberOfPhases")) or 1)
    if "greenEnergyAmpsOffset" in config:
        told = "[control] house_w" if offset_a < 0 else "[control] grid_target_w" if offset_a else "0 is the default."
        notes["config.greenEnergyAmpsOffset"] = (Fate.CONFIG if offset_a else Fate.BUILT_IN, told)
    solar = {"mode" if measured else "# once a [[meter]] tells the surplus: mode": "solar"}
    return _section(
        "[control]",
        **solar,
        house_w=round(-watts) if watts < 0 else None,
        grid_target_w=round(watts) if watts > 0 else None,
    )


def _fuse(config: Old, notes: Notes) -> str:
    limit_a = number(config.get("maxAmpsAllowedFromGrid"))
    if limit_a is None or limit_a <= 0:
        return ""
    text = "[fuse] fuse_a, once there is a grid meter that tells amps; the fork used it in rules of your own only."
    notes["config.maxAmpsAllowedFromGrid"] = (Fate.CONFIG, text)
    return f'# [fuse]\n# meter = "grid"\n# fuse_a = {limit_a:g}\n'


def _rest(old: Old, config: Old, notes: Notes) -> str:
    level, old_level = number(config.get("logLevel")), number(config.get("debugLevel"))
    log = next((name for most, name in LOG_LEVELS if level <= most), None) if level is not None else None
    if log is None and old_level is not None:
        log = "debug" if old_level > 1 else "info"
    for key in ("logLevel", "debugLevel"):
        _note(config, notes, f"config.{key}", "[service] log")
    port = number(group(old, "control", "HTTP").get("listenPort"))
    if port is not None:
        notes["control.HTTP.listenPort"] = (Fate.CONFIG, "[web] port")
    web = _section("[web]", port=int(port)) if port and 0 < port <= 0xFFFF else ""  # noqa: PLR2004 - the last port
    return "\n".join(filter(None, (_section("[service]", log=log) if log else "", web)))


# ── meters ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _meters(old: Old, config: Old, notes: Notes) -> Iterator[str]:
    sees_cars, delivery = yes(config.get("subtractChargerLoad")), yes(config.get("treatGenerationAsGridDelivery"))
    _note(config, notes, "config.subtractChargerLoad", "[[meter]] includes_charger")
    _note(config, notes, "config.treatGenerationAsGridDelivery", '[[meter]] role = "grid", scale = -1')
    for name, source in group(old, "sources").items():
        if not isinstance(source, Mapping) or not yes(source.get("enabled")):
            _note_source(notes, name, source, Fate.BUILT_IN, "This source was off.")
            continue
        found = list(_meter(name, source, sees_cars=sees_cars, delivery=delivery))
        if found:
            _note_source(notes, name, source, Fate.CONFIG, "[[meter]]. Check it with `twcmaster meter test`.")
        else:
            address = source.get("serverIP") or source.get("inverterHost") or source.get("brokerIP") or "its cloud"
            found = [f"# [[meter]]: {_line(name)} at {_line(address)}, to be described by hand.\n"]
        yield from found


def _meter(name: str, source: Old, *, sees_cars: bool, delivery: bool) -> Iterator[str]:
    """The meters of a source: one for consumption, one for generation."""
    sides = (("Consumption", {"role": "house", "includes_charger": sees_cars}), ("Generation", {"role": "pv"}))
    for side, facts in sides:
        place = _place(name, source, side)
        if place is None:
            continue
        grid = {"role": "grid", "scale": -1} if delivery and side == "Generation" else facts
        yield _section("[[meter]]", **{"name": f"{name} {side.lower()}", **grid, **place})


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
            url = f"{source.get('url')}/{item}"
            return {"kind": "http", "url": url, "power_w": {"regex": r"(-?[0-9.]+)"}} if item else None
    return None


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
    return json.dumps(_line(value))


def _line(value: object) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in str(value))


def _note(config: Old, notes: Notes, path: str, text: str) -> None:
    if path.removeprefix("config.") in config:
        notes[path] = (Fate.CONFIG, text)
