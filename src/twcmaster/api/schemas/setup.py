"""The config file and the setup flow around it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from twcmaster.api.schemas.auth import AnyPassword
from twcmaster.api.schemas.problem import Answer, Request

Toml = Annotated[str, Field(max_length=200_000)]


class Config(Answer):
    """The config file as it is, without secrets."""

    path: str | None = Field(description="null: there is no file yet", examples=["/etc/twcmaster.toml"])
    toml: str
    values: dict[str, Any] = Field(description="The same as JSON: what the file says, no defaults")
    digest: str = Field(description="Names this very content; also the ETag")
    writable: bool


class ConfigProblem(Answer):
    """One mistake: where, what, and what to write instead."""

    path: str = Field(examples=["circuit[0].limit_a"])
    text: str = Field(examples=['must be a number above 0, but it is "forty".'])
    hint: str


class ConfigText(Request):
    """The text of a config file."""

    toml: Toml


class ConfigCheck(Answer):
    """Every mistake at once; none: it can be applied."""

    problems: list[ConfigProblem]


class ConfigChanges(Request):
    """Sections to replace as a whole, as in `values`; null removes a section. What is not named stays as it is."""

    changes: Annotated[dict[str, Any], Field(max_length=40)]


class ConfigDraft(Answer):
    """The resulting file, comments kept, and what is wrong with it."""

    toml: str
    problems: list[ConfigProblem]


class ConfigWrite(Request):
    """A new config file. Installation facts ask for the password again."""

    toml: Toml
    password: AnyPassword


class Port(Answer):
    """A serial port of this machine."""

    device: str = Field(examples=["/dev/ttyUSB0"])
    name: str = Field(description="Stays when ports are plugged in another order; best for the config")
    kind: str
    product: str | None
    allowed: bool
    used_by: list[str]


class Ports(Answer):
    """Likeliest first."""

    ports: list[Port]


class ListenIn(Request):
    """A link to listen on. Nothing is sent."""

    link: Annotated[str, Field(min_length=1, max_length=200, examples=["/dev/ttyUSB0"])]
    seconds: Annotated[float, Field(ge=0.5, le=30, allow_inf_nan=False)] = 5.0


class Heard(Answer):
    """What was heard there."""

    connected: bool
    problem: str | None
    bytes: int
    frames: int
    damaged: int
    connectors: list[str]
    masters: list[str]
    lines: list[str] = Field(description="The last frames in words")
    finding: str = Field(description="What that means, in one sentence")


class MeterIn(Request):
    """A `[[meter]]` section to try once."""

    meter: Annotated[dict[str, Any], Field(max_length=60)]


class MeterTried(Answer):
    """What it said."""

    power_w: float | None
    phase_a: tuple[float | None, float | None, float | None] | None
    soc_percent: float | None
    took_s: float
    problem: str | None


class Restored(Answer):
    """What was put back."""

    restored: list[str]
