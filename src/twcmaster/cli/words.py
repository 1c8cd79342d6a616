"""The state of the site in sentences: state first, then reason. Takes the dictionaries of `runtime/state_json.py`."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]

_ACTIVITY = {
    "ready": "No car",
    "charging": "Charging",
    "error": "Fault: the connector reports an error",
    "stopped": "Car plugged in, not charging",
    "waiting": "Car waits for amps",
    "starting": "Starting",
}
#: A draw below this is a calibration offset when nothing charges.
_IDLE_A = 1.0


def headline(status: State) -> str:
    """One line for the whole site."""
    mode = status["mode"]
    return f"{status['site']}   {status['time'][11:19]}" + (f"   mode: {mode['text']}" if mode else "")


def summary(status: State) -> str:
    """What the site does, in one sentence."""
    connectors = status["connectors"]
    charging = [c for c in connectors if c["activity"] == "charging" and c["presence"] == "online"]
    if charging:
        total_a = sum(c["drawn_a"] or 0.0 for c in charging)
        return f"Charging {_count(len(charging), 'car')} with {total_a:.1f} A."
    if connectors:
        return "Nothing charges now."
    if any(not bus.get("connected") for bus in status["buses"]):
        return "No connection to the adapter: see the notices."
    return "No wall connector heard yet: check power, wires (D+/D-) and rotary switch (F). Units call every 10 s."


def state_of(connector: State) -> str:
    """A connector's state in words."""
    presence, age_s = connector["presence"], connector["heard_age_s"]
    if presence == "linking":
        return "Found, has not answered yet"
    if presence in ("silent", "lost"):
        since = f" for {age_s:.0f} s" if age_s is not None else ""
        return f"{'Lost: no' if presence == 'lost' else 'No'} answer{since}"
    if connector["activity"] == "ready" and connector["plugged"]:
        return "Car plugged in, asleep or full"
    return _ACTIVITY.get(connector["activity"], "State not told yet")


def why(connector: State) -> str:
    """The wish that won, and what holds the result down."""
    if connector["wish"] is None:
        return "No decision yet"
    # A budget is a wish and, when it binds, a limit too: say it once.
    return ". ".join(dict.fromkeys(reason["text"] for reason in (connector["wish"], *connector["limits"])))


def offered(connector: State) -> str:
    """Amps offered, and where they are heading."""
    now_a, target_a = connector["offered_a"], connector["target_a"]
    if now_a is None:
        return "nothing offered yet"
    return f"{now_a} A offered" + (f", soon {target_a} A" if target_a != now_a else "")


def amps(value: float | None) -> str:
    """Amps with one decimal where it has one; a question mark when unknown."""
    return "?" if value is None else f"{round(value, 1):g} A"


def circuit_line(circuit: State) -> str:
    """One circuit."""
    may = amps(circuit["may_draw_a"])
    return f"{circuit['name']}: {amps(circuit['drawn_a'])} of {amps(circuit['limit_a'])} drawn, {may} reserved"


def bus_line(bus: State) -> str:
    """One bus and its link quality."""
    link = f"{bus['link']} {'connected' if bus['connected'] else 'not connected'}"
    frames = f"{bus.get('frames_received', 0)} frames, {bus.get('frames_damaged', 0)} damaged"
    again = f", reconnected {bus['reconnects']}x" if bus["reconnects"] else ""
    other = ", another master speaks" if bus.get("second_master") else ""
    return f"{bus['name']}: {link}, {frames}{again}{other}"


def notice_line(notice: State) -> str:
    """One notice."""
    return f"{notice['at'][11:19]}  {notice['where']}: {notice['text']}"


def connector_line(connector: State) -> str:
    """One connector in one line, whole amps: changes only when something worth a line has changed."""
    drawn_a = connector["drawn_a"] or 0.0
    draw = f", draws {drawn_a:.0f} A" if drawn_a >= _IDLE_A else ""
    return f"{title(connector)}: {state_of(connector)}, {offered(connector)}{draw}. {why(connector)}."


def lifetime(connector: State) -> str:
    """What the connector has charged in its life, where it tells."""
    kwh = connector["lifetime_kwh"]
    return "" if kwh is None else f"{kwh:.0f} kWh in all"


def title(connector: State) -> str:
    """Name and id; a connector without a name is its id."""
    name, unit_id = connector["name"], connector["id"]
    return name if name == unit_id else f"{name} ({unit_id})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
