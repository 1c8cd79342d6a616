"""The buses: counters, frames, debug messages, and the wiring check."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from twcmaster.api.schemas.problem import Answer, Request
from twcmaster.api.schemas.state import Bus, Sentence


class Frame(Answer):
    """One frame on the wire."""

    number: int
    at: datetime
    sent: bool = Field(description="By this program")
    hex: str = Field(description="Body with checksum, without framing", examples=["FB E0 77 77 24 33 05 07 D0"])
    text: str = Field(examples=["master 7777 → 2433 heartbeat: limit 20 A (09)"])
    kind: str


class Frames(Answer):
    """The newest frames, oldest first."""

    bus: str
    frames: list[Frame]


class BusDetail(Answer):
    """One bus with every counter."""

    bus: Bus
    counters: dict[str, int | float | str | bool | None]
    findings: list[Sentence] = Field(description="What the wiring check says, most telling first")


class DebugMessage(Request):
    """A message by hand. What may be sent is limited: docs/protocol.md lists it."""

    hex: Annotated[
        str,
        Field(min_length=4, max_length=120, pattern=r"^[0-9A-Fa-fx,\s]+$", examples=["FC E1 77 77 24 33"]),
    ]


class DebugAnswer(Answer):
    """What was sent, and what came back; null: nothing did."""

    bus: str
    sent: str
    answer: str | None
    text: str | None
