"""What listening on a link tells about its wiring, in one sentence."""

from __future__ import annotations

from twcmaster.api.ports import Heard


def finding(heard: Heard) -> str:
    """State first, then what to do."""
    if not heard.connected:
        return heard.problem or "The link could not be opened."
    if heard.bytes == 0:
        return (
            "Silence. Check that the connectors have power, that both bus wires are connected, and their switches (F)."
        )
    if heard.frames == 0:
        return "Something is heard, but no message: swap the two bus wires (D+ and D-), and check the termination."
    if heard.masters:
        return f"Another master speaks here ({', '.join(heard.masters)}): set its rotary switch to F, or unplug it."
    if not heard.connectors:
        return "Messages are heard, but no wall connector yet. Wait some seconds and listen again."
    count = len(heard.connectors)
    noise = f"; {heard.damaged} damaged frames, check the termination" if heard.damaged else ""
    return f"{count} wall connector{'s' if count > 1 else ''} heard: {', '.join(heard.connectors)}{noise}."
