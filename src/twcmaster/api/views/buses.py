"""Buses and frames as the API shows them."""

from __future__ import annotations

from twcmaster.api.ports import Facade, Frame
from twcmaster.api.schemas import bus as shown
from twcmaster.api.views import words
from twcmaster.api.views.state import bus_view
from twcmaster.protocol import framing
from twcmaster.protocol.describe import as_dict
from twcmaster.protocol.messages import checksum, decode


def detail(facade: Facade, name: str) -> shown.BusDetail:
    """One bus with every counter."""
    health = facade.buses.health(name)
    snapshot = facade.live.newest
    connectors = [c for c in snapshot.world.connectors if c.bus == name] if snapshot else []
    counters = {key: value for key, value in health.items() if value is None or isinstance(value, int | float | str)}
    return shown.BusDetail(
        bus=bus_view(name, health, connectors), counters=counters, findings=words.findings(health, connectors)
    )


def frame(seen: Frame) -> shown.Frame:
    """One frame in words."""
    facts = as_dict(decode(seen.body))
    return shown.Frame(
        number=seen.number,
        at=seen.at,
        sent=seen.sent,
        hex=seen.body.hex(" ").upper(),
        text=str(facts["text"]),
        kind=str(facts["kind"]),
    )


def framed(seen: Frame) -> bytes:
    """A frame as it was on the wire."""
    return framing.frame(seen.body)


def body_of(text: str) -> bytes:
    """A message without its checksum, from hex: bare, with checksum, or a whole frame. Raises ValueError."""
    raw = bytes.fromhex(text.replace("0x", " ").replace("0X", " ").replace(",", " "))
    whole = framing.FrameDecoder().feed(raw)
    if len(whole) == 1:
        return whole[0][:-1]
    complete = len(raw) in framing.BODY_LENGTHS and raw[-1] == checksum(raw[:-1])
    return raw[:-1] if complete else raw
