"""`twcmaster sniff`: what is said on a bus, live and in words. It never transmits."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from twcmaster.catalog import open_link
from twcmaster.cli.driving import drive, tell
from twcmaster.cli.failure import Failure
from twcmaster.cli.stopping import run_until_stopped
from twcmaster.model.address import AddressError, ReplayAddress, parse_link
from twcmaster.protocol.describe import as_dict, describe
from twcmaster.protocol.messages import Message
from twcmaster.runtime.listener import Listener

SILENCE_HINTS = """\
Nothing was heard. Look at:
  - power: are the wall connectors on?
  - wires: D+ to D+ (A) and D- to D- (B); swapped wires give only damaged frames or silence
  - rotary switch: each connector must stand at F, or it is a master itself
  - a connector that waits for its master speaks every 10 s: listen a little longer"""


@click.command(
    epilog="""\b
Examples:
  twcmaster sniff --link /dev/ttyUSB0
  twcmaster sniff --link socket://10.0.0.5:8899 --record bus.jsonl --seconds 600
"""
)
@click.option("--link", "url", required=True, metavar="URL", help="/dev/…, socket://HOST:PORT or rfc2217://HOST:PORT.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Also write all bytes to this file.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after this time.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per message, for programs.")
def sniff(url: str, record: Path | None, seconds: float | None, as_json: bool) -> None:
    """Listen to a bus and say what is spoken there, in words.

    Nothing is ever sent, so it can run beside any master. What was heard is summed up at the end, after --seconds or
    Ctrl-C. Recordings are read by `twcmaster decode`.
    """
    run_until_stopped(lambda stop: _sniff(stop, url, record, seconds, as_json))


async def _sniff(stop: asyncio.Event, url: str, record: Path | None, seconds: float | None, as_json: bool) -> None:
    loop = asyncio.get_running_loop()
    try:
        replay = isinstance(parse_link(url), ReplayAddress)
        link = open_link(url, record_to=record, on_record_error=tell)
    except AddressError as error:
        raise click.BadParameter(str(error), param_hint="--link") from error
    printer = _Printer(as_json, loop.time())
    listener = Listener(_remark, printer.show)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    await drive(link, listener, stop, lambda: None, replay=replay)
    _sum_up(listener, printer)


def _remark(_level: str, text: str) -> None:
    tell(text)


class _Printer:
    """Prints messages and remembers who spoke."""

    def __init__(self, as_json: bool, started_at: float) -> None:
        self._as_json = as_json
        self._started_at = started_at
        self.kinds: Counter[str] = Counter()

    def show(self, message: Message, now: float) -> None:
        """Print one message."""
        facts = as_dict(message)
        self.kinds[f"{facts['kind']} {facts.get('sender') or ''}".strip()] += 1
        if self._as_json:
            text = json.dumps({"t": round(now - self._started_at, 3)} | facts, ensure_ascii=False)
        else:
            text = f"{now - self._started_at:9.3f}  {describe(message)}"
        click.echo(text)


def _sum_up(listener: Listener, printer: _Printer) -> None:
    counters = asdict(listener.decoder.counters)
    if not counters["frames"] and not listener.decoder.counters.damaged:
        raise Failure(SILENCE_HINTS)
    tell(f"{counters['frames']} good frames, {listener.decoder.counters.damaged} damaged, {counters['bytes']} bytes")
    for kind, count in printer.kinds.most_common():
        tell(f"{count:7} {kind.replace('_', ' ')}")
    damage = {kind: count for kind, count in counters.items() if count and kind not in ("frames", "bytes")}
    for kind, count in damage.items():
        tell(f"{count:7} {kind.replace('_', ' ')}")
    if not counters["frames"]:
        raise Failure("Only damaged frames: check that D+ and D- are not swapped, and the cable's termination.")
