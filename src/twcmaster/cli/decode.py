"""`twcmaster decode`: frames in words, from logs, recordings, or what was pasted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from pathlib import Path

import click

from twcmaster.cli.failure import Failure
from twcmaster.protocol.describe import JsonValue, as_dict, describe
from twcmaster.protocol.hexlines import Decoded, Reader

#: A name that is not there and looks like this is no file name, but a frame.
_HEX = frozenset("0123456789abcdefABCDEFxX, \t:-")


@click.command(
    epilog="""\b
Examples:
  twcmaster decode bus.jsonl                     a recording made by sniff
  journalctl -u twcmanager | twcmaster decode -  another program's log
  twcmaster decode FB E0 77 77 24 33 05 07 D0 00 00 00 00 00 00 01
"""
)
@click.argument("source", nargs=-1, required=True, metavar="FILE|-|HEX…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per frame, for programs.")
def decode(source: tuple[str, ...], as_json: bool) -> None:
    """Say in words what frames mean.

    Reads hex in many shapes, one frame a line: spaced or not, with or without C0 delimiters, escaped or not; debug
    logs of other programs; recordings made by sniff. Exits with 1 when a frame was damaged or none was found.
    """
    frames = damaged = 0
    with _open(source) as lines:
        for decoded in _read(lines):
            frames += 1
            damaged += not decoded.ok
            click.echo(json.dumps(_fields(decoded), ensure_ascii=False) if as_json else _line(decoded))
    if not frames:
        raise Failure("No frame was found in there. A line holds one as hex, such as FD E2 24 33 …")
    if damaged:
        raise Failure(f"{damaged} of {frames} frames damaged.")


def _open(source: tuple[str, ...]) -> AbstractContextManager[Iterable[str]]:
    if source == ("-",):
        return TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    text = " ".join(source)
    path = Path(source[0])
    if len(source) == 1 and path.exists():
        try:
            return path.open(encoding="utf-8", errors="replace")
        except OSError as error:
            raise click.UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if _HEX.issuperset(text):
        return nullcontext([text])
    raise click.UsageError(f"There is no file {text!r}, and hex it is not.")


def _read(lines: Iterable[str]) -> Iterator[Decoded]:
    reader = Reader()
    for line in lines:
        yield from reader.read(line)
    yield from reader.finish()


def _line(decoded: Decoded) -> str:
    before = " ".join(part for part in (decoded.stamp, decoded.direction) if part)
    text = describe(decoded.message) if decoded.message is not None else _damage(decoded)
    notes = f"  ({'; '.join(decoded.notes)})" if decoded.notes else ""
    return f"{before}  {text}{notes}" if before else f"{text}{notes}"


def _damage(decoded: Decoded) -> str:
    maybe = f" Perhaps: {describe(decoded.would_be)}" if decoded.would_be is not None else ""
    return f"damaged: {'; '.join(decoded.problems)}. [{decoded.body.hex(' ').upper()}]{maybe}"


def _fields(decoded: Decoded) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {
        "ok": decoded.ok,
        "time": decoded.stamp,
        "direction": decoded.direction,
        "body": decoded.body.hex(" ").upper(),
        "problems": list(decoded.problems),
        "notes": list(decoded.notes),
    }
    return fields if decoded.message is None else fields | as_dict(decoded.message)
