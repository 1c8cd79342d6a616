"""From what a device answered to a `Reading`: the same for every way of asking.

A device's answer is a `Source`: it gives the number at a term, or None when there is none. Missing values, nulls,
NaN, booleans and texts that are no numbers are all unknown, and unknown never becomes 0. Power is what a meter
is for: when it was asked for and is unknown, there is no reading at all; other unknown fields are None in it.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any, Protocol, TypeVar

from twcmaster.config.meters import UNITS, MeterFields, Term, TextTerm
from twcmaster.model.reading import Reading

T = TypeVar("T", bound=Term)
T_contra = TypeVar("T_contra", bound=Term, contravariant=True)
Phases = tuple[float | None, float | None, float | None]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
#: How much of an answer an error message shows.
_SHOWN_CHARS = 120
#: Epoch stamps above these are milli-, micro- and nanoseconds: in seconds they would lie thousands of years ahead.
_STAMP_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
#: Older is no clock that was ever set.
_OLDEST_STAMP_S = 1e9
_FULL = 100.0
#: What a text in another encoding begins with.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class BadAnswer(Exception):
    """The answer came but is of no use. The text says what was looked for, what was there and what to check."""


class Source(Protocol[T_contra]):
    """One answer, for terms of one kind."""

    def number(self, term: T_contra) -> float | None:
        """The number at a term, before scale and unit. None: unknown. Raises BadAnswer when nothing can be found."""

    def missing(self, term: T_contra) -> str:
        """Where the term looked and what stands there instead of a number, for a message."""


def reading_of(meter: MeterFields[T], source: Source[T], taken_at: float) -> Reading:
    """What the answer says. Raises BadAnswer when power was asked for and is unknown, or everything is."""

    def value(field: str, terms: Iterable[T], scale: float = 1.0) -> float | None:
        return _total(source, UNITS[field], terms, scale)

    power_w = value("power_w", meter.power_w, meter.scale)
    if meter.power_w and power_w is None:
        raise BadAnswer(_what_is_missing(source, meter.power_w))
    reading = Reading(
        taken_at,
        power_w,
        _phases(value("phase_a", terms) for terms in meter.phase_a),
        _phases(value("volts", terms) for terms in meter.volts),
        _percent(value("soc_percent", meter.soc_percent)),
        value("energy_kwh", meter.energy_kwh),
    )
    if reading == Reading(taken_at):
        raise BadAnswer(_what_is_missing(source, [term for _, terms in meter.fields() for term in terms]))
    return reading


def to_number(value: object, decimal: str = ".") -> float | None:
    """A finite number from what JSON or a text holds, or None."""
    if isinstance(value, str):
        text = value.strip().replace("\N{MINUS SIGN}", "-")
        if decimal != ".":
            text = text.replace(".", "").replace(decimal, ".")
        value = float(text) if _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def to_moment(value: object, zone: tzinfo | None) -> datetime | None:
    """A point in time from an epoch number or an ISO text (without its own zone: in `zone`), or None."""
    number = to_number(value)
    if number is not None:
        seconds = next((number / unit for above, unit in _STAMP_UNITS if number > above), number)
        return datetime.fromtimestamp(seconds, UTC) if _OLDEST_STAMP_S < seconds <= _STAMP_UNITS[-1][0] else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)


def text_of(data: bytes, charset: str | None = None) -> str:
    """The text in an answer or a file: in UTF-8 unless its first bytes or the sender say otherwise."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    try:
        text = data.decode(marked or charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # some name what Python knows but is none of texts, like hex
        text = data.decode(errors="replace")
    return text.removeprefix("\ufeff")


class TextAnswer:
    """A text, for terms with a JMESPath or a regular expression."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def json(self) -> Any:
        """The text as JSON; of one object a line, the newest. Raises BadAnswer."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as problem:
            newest = _last_object(self.text)
            if newest is None:
                text = f"it is not JSON but {shown(self.text)}. Check the address, or use a regex."
                raise BadAnswer(text) from problem
            return newest

    def number(self, term: TextTerm) -> float | None:
        number = to_number(self._found(term), term.decimal)
        if number is None or term.signed_bits is None:
            return number
        most = 1 << term.signed_bits
        # Already negative, or beyond that many bits: not such a word.
        return number if number < most / 2 else number - most if number < most else None

    def missing(self, term: TextTerm) -> str:
        place = [self._told(term.path)] if term.path is not None else []
        if term.regex is not None:
            found = self._match(term)
            finds = "matches nothing" if found is None else f"finds {shown(found)}"
            place.append(f"the regex {term.regex!r} {finds}")
        return f"{', and '.join(place)} in {shown(self.text)}"

    def _found(self, term: TextTerm) -> object:
        return self._match(term) if term.regex is not None else self._at(term.path or "@")

    def moment(self, path: str, zone: tzinfo | None) -> datetime:
        """The time of the measurement. Raises BadAnswer."""
        found = self._at(path)
        moment = to_moment(found, zone)
        if moment is None:
            raise BadAnswer(f"the time at {path!r} is {_json_text(found)}. Check taken_path.")
        return moment

    def _match(self, term: TextTerm) -> str | None:
        """What the regex catches: its first group, or all of it."""
        text = self.text
        if term.path is not None:
            at_path = self._at(term.path)
            text = at_path if isinstance(at_path, str) else ""
        matches = re.finditer(term.regex or "", text, re.MULTILINE)
        match = next(matches, None)
        if term.take == "last":
            for later in matches:
                match = later
        return None if match is None else match[1] if match.re.groups else match[0]

    def _at(self, path: str) -> object:
        """What stands there; null where the path leads nowhere or does not fit (a sum over nulls)."""
        return self._search(path)[0]

    def _told(self, path: str) -> str:
        found, problem = self._search(path)
        if problem:
            return f"the path {path!r} cannot be worked out ({problem}; check it)"
        return f"at {path!r} stands {_json_text(found)}"

    def _search(self, path: str) -> tuple[object, str]:
        """What stands there, and the trouble that only this answer brings about (a slice of it in steps of 0)."""
        import jmespath
        from jmespath.exceptions import JMESPathError

        try:
            return jmespath.search(path, self.json), ""
        except JMESPathError:
            return None, ""
        except (ArithmeticError, RecursionError, TypeError, ValueError) as problem:
            return None, str(problem)


def shown(text: str) -> str:
    """An answer in one short line."""
    line = " ".join(text.split())
    return "nothing" if not line else line if len(line) <= _SHOWN_CHARS else line[:_SHOWN_CHARS] + "…"


def _total(source: Source[T], units: Mapping[str, float], terms: Iterable[T], scale: float) -> float | None:
    """The sum of the terms in the field's unit; None when there are none or one of them is unknown."""
    total: float | None = None
    for term in terms:
        number = source.number(term)
        if number is None:
            return None
        unit = 1.0 if term.unit is None else units[term.unit]
        total = (total or 0.0) + number * term.scale * unit * scale
    return total if total is not None and math.isfinite(total) else None


def _what_is_missing(source: Source[T], terms: Iterable[T]) -> str:
    unknown = (term for term in terms if source.number(term) is None)
    first = next(unknown, None)
    return "every number is out of bounds" if first is None else f"no number: {source.missing(first)}"


def _phases(values: Iterable[float | None]) -> Phases | None:
    known = [*values, None, None, None][:3]
    return None if known == [None, None, None] else (known[0], known[1], known[2])


def _percent(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= _FULL else None


def _last_object(text: str) -> Any:
    """The last line's object in a log of objects; the last but one's while the last is being written; or None."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in reversed(lines[-2:]):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict | list):
            return found
    return None


def _json_text(value: object) -> str:
    return shown(json.dumps(value, ensure_ascii=False))
