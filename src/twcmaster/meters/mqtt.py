"""Meters that publish to an MQTT broker.

A reading is ready as soon as a new message has come, and until then `read` waits. Connecting again after a loss is
done here, with growing pauses. What a broker has retained is old by an unknown time: it counts only when the
message carries its own time (`taken_path`).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from twcmaster.config.meters import MqttMeterSection, TopicTerm
from twcmaster.meters.answer import BadAnswer, TextAnswer, reading_of, text_of
from twcmaster.meters.stamps import Stamps
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

if TYPE_CHECKING:
    import aiomqtt

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
_CONNECT_TIMEOUT_S = 10.0
_KEEPALIVE_S = 20
#: Of a flood, the newest messages of each topic are kept; these are only the ones not looked at yet.
_MOST_QUEUED = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """The newest message of a topic, and when its values were measured."""

    answer: TextAnswer
    taken_at: float


class MqttMeter:
    """A meter behind a broker. `clock` is the site's wall clock, for messages that carry their own time."""

    def __init__(self, settings: MqttMeterSection, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._topics = {settings.topic} | {
            term.topic for _, terms in settings.fields() for term in terms if term.topic is not None
        }
        self._stamps: defaultdict[str, Stamps] = defaultdict(Stamps)
        self._newest: dict[str, Message] = {}
        self._news = asyncio.Event()
        self._trouble = "no message has come yet"
        self._listening: asyncio.Task[None] | None = None
        self._pause_s = FIRST_PAUSE_S

    async def read(self) -> Reading:
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        problem: BadAnswer | None = None
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                while True:
                    await self._next_message(self._listening)
                    try:
                        return self._reading()
                    except BadAnswer as found:
                        problem = found
                        if self._newest.keys() >= self._topics:
                            break
        except TimeoutError:
            if problem is None:
                raise self._error(f"nothing usable within {self._settings.timeout_s:g} s: {self._trouble}") from None
        raise self._error(str(problem)) from problem

    async def close(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening])

    async def _next_message(self, listening: asyncio.Task[None]) -> None:
        """Wait for news; an error that nobody foresaw in the listening task comes out here."""
        waiting = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait([waiting, listening], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if listening.cancelled():
            raise self._error("the meter was closed")
        if listening.done():
            listening.result()
        self._news.clear()

    def _reading(self) -> Reading:
        source = Messages(self._newest, self._settings.topic)
        used = {term.topic or self._settings.topic for _, terms in self._settings.fields() for term in terms}
        ages = [message.taken_at for topic, message in self._newest.items() if topic in used]
        return reading_of(self._settings, source, min(ages, default=0.0))

    async def _listen(self) -> None:
        """Keep a connection and take in messages, for ever."""
        import aiomqtt

        while True:
            try:
                tls = await asyncio.to_thread(self._tls) if self._settings.tls else None
                async with self._client(tls) as client:
                    await self._follow(client)
            except (aiomqtt.MqttError, OSError, UnicodeError) as problem:
                cause = str(problem.__cause__ or problem)  # the error itself would keep a lost socket alive
                self._trouble = f"{cause}. Check host, port, username and password, and that the broker runs."
                log.debug("%s: %s; next try in %g s", self._settings.name, cause, self._pause_s)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _follow(self, client: aiomqtt.Client) -> None:
        """Subscribe and take in messages, at the same time: only who listens for messages learns of a loss at once."""
        parts = [asyncio.ensure_future(part(client)) for part in (self._subscribe, self._take_all)]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for part in parts:
                part.cancel()
            ends = await asyncio.gather(*parts, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        for topic in sorted(self._topics):
            await client.subscribe(topic)
        self._trouble = f"connected, but no message on {', '.join(sorted(self._topics))}. Check the topic."
        self._pause_s = FIRST_PAUSE_S

    async def _take_all(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._take(message)

    def _take(self, message: aiomqtt.Message) -> None:
        now = asyncio.get_running_loop().time()
        answer = TextAnswer(text_of(message.payload))
        taken_at = now
        try:
            if self._settings.taken_path is not None:
                clock = self._clock()
                moment = answer.moment(self._settings.taken_path, clock.tzinfo)
                taken_at = self._stamps[message.topic.value].taken_at(moment, now, clock)
            elif message.retain:
                self._trouble = "only a retained message of unknown age came. Set taken_path if it carries its time."
                return
        except BadAnswer as problem:
            self._trouble = str(problem)
            return
        self._newest[message.topic.value] = Message(answer, taken_at)
        self._news.set()

    def _client(self, tls: ssl.SSLContext | None) -> aiomqtt.Client:
        import aiomqtt

        settings = self._settings
        return aiomqtt.Client(
            settings.host,
            settings.port or (8883 if settings.tls else 1883),
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            timeout=_CONNECT_TIMEOUT_S,
            keepalive=_KEEPALIVE_S,
            tls_context=tls,
            max_queued_incoming_messages=_MOST_QUEUED,
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        if not self._settings.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _error(self, text: str) -> MeterError:
        settings = self._settings
        return MeterError(f"{settings.name}: listening to {settings.topic} at mqtt {settings.host}: {text}")


class Messages:
    """The newest message of every topic, for terms that may name their own."""

    def __init__(self, newest: Mapping[str, Message], default_topic: str) -> None:
        self._newest = newest
        self._default_topic = default_topic

    def number(self, term: TopicTerm) -> float | None:
        message = self._newest.get(term.topic or self._default_topic)
        return None if message is None else message.answer.number(term)

    def missing(self, term: TopicTerm) -> str:
        topic = term.topic or self._default_topic
        message = self._newest.get(topic)
        return f"nothing came on {topic}" if message is None else f"{topic}: {message.answer.missing(term)}"
