"""`[[meter]]`: where readings come from, and where in an answer each number stands.

A field (`power_w`, `soc_percent`, …) is one term or a list of terms that are added up; a term says where its number
is, its unit if that is not the field's own, and a `scale` whose sign turns the direction:

    power_w = "emeters.total"                                            # a JMESPath, or
    power_w = { regex = "PowerNow>(-?[0-9.]+)<", unit = "kW" }           # for text and CSV, or
    power_w = [{ path = "import_w" }, { path = "export_w", scale = -1 }] # a difference
    phase_a = ["a_current", "b_current", "c_current"]                    # L1, L2, L3
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from twcmaster.config.secret_places import Secret
from twcmaster.config.secrets import without_secrets
from twcmaster.config.section import strictly
from twcmaster.model.reading import MeterRole

#: What a term's `unit` may say for each field, and the factor to the field's own unit.
UNITS: Mapping[str, Mapping[str, float]] = {
    "power_w": {"W": 1.0, "kW": 1e3, "MW": 1e6, "mW": 1e-3},
    "phase_a": {"A": 1.0, "mA": 1e-3},
    "volts": {"V": 1.0, "mV": 1e-3, "kV": 1e3},
    "soc_percent": {"%": 1.0, "1": 100.0},
    "energy_kwh": {"kWh": 1.0, "Wh": 1e-3, "MWh": 1e3},
}

_LAST_REGISTER = 0xFFFF
_REGISTER_BITS = 16


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError("must not be 0: everything would be 0 then")
    return value


Scale = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_not_zero)]


class _Part(BaseModel):
    """A table of the file: unknown keys are mistakes, and nothing is converted behind the person's back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: CoreSchema = strictly(handler(source))
        return schema


class Term(_Part):
    """What every term has: the number found is multiplied by `scale` and converted from `unit`."""

    scale: Scale = 1.0
    unit: str | None = None


class TextTerm(Term):
    """A number in a JSON answer (`path`, a JMESPath), in any text (`regex`, its first group), or in a text in JSON."""

    path: str | None = None
    regex: str | None = None
    #: Which of several matches of the regex counts: in a log that grows, the last.
    take: Literal["first", "last"] = "first"
    #: "," for texts that write 1,5 for one and a half.
    decimal: Literal[".", ","] = "."
    #: For devices that tell raw words of so many bits: the upper half of their range stands for negative numbers.
    signed_bits: Literal[8, 16, 32] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is None and self.regex is None:
            raise ValueError("needs a path (JSON), a regex (text), or both (a text in JSON)")
        return self

    @field_validator("path")
    @classmethod
    def _path_parses(cls, value: str | None) -> str | None:
        return None if value is None else valid_path(value)

    @field_validator("regex")
    @classmethod
    def _regex_parses(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as problem:
                raise ValueError(f"is no regular expression ({problem})") from problem
        return value


class TopicTerm(TextTerm):
    """A number in an MQTT message. Without path and regex the whole message is the number."""

    #: The meter's own topic if not given.
    topic: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole_message(cls, value: Any) -> Any:
        if isinstance(value, dict) and "path" not in value and "regex" not in value:
            return {**value, "path": "@"}
        return value

    @field_validator("topic")
    @classmethod
    def _topic_is_valid(cls, value: str | None) -> str | None:
        return None if value is None else valid_topic(value)


class RegisterTerm(Term):
    """A number in Modbus registers, addressed from 0 as on the wire (a manual's 40083 is often 40082 or 82)."""

    register_: int = Field(alias="register", ge=0, le=_LAST_REGISTER)
    type: Literal["u16", "s16", "u32", "s32", "u64", "s64", "float32", "float64"] = "s16"
    table: Literal["holding", "input"] = "holding"
    #: Which word of a longer number comes first, and which byte of a word.
    words: Literal["big", "little"] = "big"
    bytes_: Literal["big", "little"] = Field("big", alias="bytes")
    #: A register (s16, same table) with the power of ten to multiply by, as SunSpec devices have.
    exponent_register: int | None = Field(None, ge=0, le=_LAST_REGISTER)
    #: Further raw values with which the device says "not known"; the extremes of each type always do.
    unknown: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        count = int(self.type[-2:]) // _REGISTER_BITS
        last = _LAST_REGISTER + 1 - count
        if self.register_ > last:
            raise ValueError(f"goes beyond the last register: {self.type} takes {count} of them, from {last} at most")
        return self


def valid_path(text: str) -> str:
    """The text, if it is a JMESPath. Raises ValueError."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(text)
    except JMESPathError as problem:
        first_line = str(problem).partition("\n")[0]
        raise ValueError(
            f'is no JMESPath ({first_line}); names with other signs than a-z, 0-9, _ need quotes: "em:0".power'
        ) from problem
    return text


def valid_topic(text: str) -> str:
    """The text, if messages can be published to it. Raises ValueError."""
    if not text or "+" in text or "#" in text or "\0" in text:
        raise ValueError("must be one full topic, without + and #")
    return text


def _terms(value: Any) -> Any:
    """One term or several; a bare text is a path, a bare number a register."""
    items = value if isinstance(value, list | tuple) else [value]
    shorthand = {str: "path", int: "register"}
    return [{shorthand[type(item)]: item} if type(item) in shorthand else item for item in items]


def _phases(value: Any) -> Any:
    """Up to three entries, each one term or several; an empty text is a phase that is not measured."""
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of up to three places: L1, L2, L3")  # noqa: TRY004 - pydantic wants it
    return [[] if entry == "" else _terms(entry) for entry in value]


T = TypeVar("T", bound=Term)
Terms = Annotated[tuple[T, ...], BeforeValidator(_terms)]
Phases = Annotated[tuple[tuple[T, ...], ...], BeforeValidator(_phases), Field(max_length=3)]


class MeterBase(_Part):
    """What every meter says of itself."""

    name: str = Field(min_length=1, max_length=60)
    role: MeterRole
    every_s: float = Field(5.0, ge=0.2, le=3600)
    timeout_s: float = Field(5.0, gt=0, le=600)
    #: Multiplies `power_w`; a negative one turns its direction. Positive must be: import (grid), generation (pv),
    #: consumption (house, charger), discharge (battery).
    scale: Scale = 1.0
    #: Grid and house meters: whether what the cars draw flows through it.
    includes_charger: bool = True


class MeterFields(MeterBase, Generic[T]):
    """A meter whose answers are taken apart by terms."""

    power_w: Terms[T] = ()
    phase_a: Phases[T] = ()
    volts: Phases[T] = ()
    soc_percent: Terms[T] = ()
    energy_kwh: Terms[T] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(terms for _, terms in self.fields()):
            raise ValueError('measures nothing: say where its number is, for example power_w = "total_power"')
        for field, terms in self.fields():
            for term in terms:
                if term.unit is not None and term.unit not in UNITS[field]:
                    raise ValueError(f'{field}: unit "{term.unit}" is none of {", ".join(UNITS[field])}')
        return self

    def fields(self) -> list[tuple[str, tuple[T, ...]]]:
        """Every field with its terms; a field of phases once for each phase."""
        phases = [("phase_a", terms) for terms in self.phase_a] + [("volts", terms) for terms in self.volts]
        return [
            ("power_w", self.power_w), *phases, ("soc_percent", self.soc_percent), ("energy_kwh", self.energy_kwh),
        ]  # fmt: skip


class Stamped(_Part):
    """A meter whose answers may carry the time of the measurement."""

    #: JMESPath to it: seconds or milliseconds since 1970, or an ISO date. Without it: the time of receipt.
    taken_path: str | None = None

    @field_validator("taken_path")
    @classmethod
    def _taken_path_parses(cls, value: str | None) -> str | None:
        return None if value is None else valid_path(value)


class HttpMeterSection(MeterFields[TextTerm], Stamped):
    """`kind = "http"`: any device that answers a request with JSON or text."""

    kind: Literal["http"]
    url: str = Field(pattern=r"^https?://[^/\s]+", repr=False)
    #: Further parameters of the url, for keys that are secret.
    query: dict[str, Secret] = {}
    method: Literal["GET", "POST"] = "GET"
    body: Secret | None = None
    headers: dict[str, Secret] = {}
    username: str | None = None
    password: Secret | None = None
    auth: Literal["basic", "digest"] = "basic"
    token: Secret | None = None
    """Sent as a bearer token."""
    #: False for devices with a certificate of their own making.
    verify_tls: bool = True
    ca_file: Path | None = None

    @property
    def source(self) -> str:
        """What is asked, without secrets."""
        return without_secrets(self.url)


class MqttMeterSection(MeterFields[TopicTerm], Stamped):
    """`kind = "mqtt"`: a device that publishes to a broker."""

    kind: Literal["mqtt"]
    host: str = Field(min_length=1)
    port: int | None = Field(None, ge=1, le=0xFFFF)
    topic: str
    username: str | None = None
    password: Secret | None = None
    tls: bool = False
    verify_tls: bool = True
    ca_file: Path | None = None
    #: How long the device may stay silent before that is an error.
    timeout_s: float = Field(60.0, gt=0, le=3600)

    @field_validator("topic")
    @classmethod
    def _topic_is_valid(cls, value: str) -> str:
        return valid_topic(value)

    @property
    def source(self) -> str:
        """What is listened to."""
        return f"mqtt {self.host}, topic {self.topic}"


class ModbusMeterSection(MeterFields[RegisterTerm]):
    """`kind = "modbus"`: registers over Modbus TCP."""

    kind: Literal["modbus"]
    host: str = Field(min_length=1)
    port: int = Field(502, ge=1, le=0xFFFF)
    unit: int = Field(1, ge=0, le=255)

    @property
    def source(self) -> str:
        """What is asked."""
        return f"modbus {self.host}:{self.port} unit {self.unit}"


class FileMeterSection(MeterFields[TextTerm], Stamped):
    """`kind = "file"`: a file that another program writes; its age is the reading's."""

    kind: Literal["file"]
    path: Path

    @property
    def source(self) -> str:
        """What is read."""
        return f"file {self.path}"


#: More than any house has; beyond it, a slip of the finger.
MOST_W = 10_000_000.0
MOST_A = 10_000.0
PhaseAmps = Annotated[float | None, Field(ge=-MOST_A, le=MOST_A, allow_inf_nan=False)]


class ConstantMeterSection(MeterBase):
    """`kind = "constant"`: numbers that never change, for a base load or for trying things out."""

    kind: Literal["constant"]
    power_w: float | None = Field(None, ge=-MOST_W, le=MOST_W, allow_inf_nan=False)
    phase_a: tuple[PhaseAmps, PhaseAmps, PhaseAmps] | None = None
    soc_percent: float | None = Field(None, ge=0, le=100)
    energy_kwh: float | None = Field(None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.power_w, self.phase_a, self.soc_percent, self.energy_kwh) == (None, None, None, None):
            raise ValueError("measures nothing: say what it shall tell, for example power_w = 500")
        return self

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        return "the config"


MeterSection = Annotated[
    HttpMeterSection | MqttMeterSection | ModbusMeterSection | FileMeterSection | ConstantMeterSection,
    Field(discriminator="kind"),
]
