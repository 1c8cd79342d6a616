"""Meters that answer an HTTP request, with JSON or with text.

The connection stays open between readings. httpx2 is imported at the first reading (some 90 ms, 7 MB): installations
without such a meter never pay for it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from twcmaster.config.meters import HttpMeterSection
from twcmaster.config.secrets import HIDDEN, secrets_in, without_secrets
from twcmaster.meters.answer import BadAnswer, TextAnswer, reading_of, shown, text_of
from twcmaster.meters.stamps import Stamps
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

if TYPE_CHECKING:
    import httpx2

#: No meter says that much; a device that never ends its answer must not fill the memory.
LONGEST_ANSWER = 1_000_000
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_REMEDIES = {
    401: "Check username, password or token.",
    403: "The device does not allow this. Check username, password or token.",
    404: "There is no such page on the device. Check the path in url.",
    405: 'The device wants another method. Try method = "POST".',
    429: "The device is asked too often. Raise every_s.",
}
#: Hiding shorter ones would only make the numbers in a message unreadable.
_SHORTEST_SECRET = 3
_LAST_PORT = 65535
_SENDABLE = re.compile(r"[\t -~]*")


class HttpMeter:
    """A meter behind a URL. `clock` is the site's wall clock, for answers that carry their own time."""

    def __init__(self, settings: HttpMeterSection, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._stamps = Stamps()
        self._client: httpx2.AsyncClient | None = None

    async def read(self) -> Reading:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                text = await self._ask()
        except TimeoutError:
            raise self._error(
                f"no full answer within {self._settings.timeout_s:g} s. Is the device on, and reachable from here?"
            ) from None
        now = asyncio.get_running_loop().time()
        answer = TextAnswer(text)
        try:
            taken_at = now
            if self._settings.taken_path is not None:
                clock = self._clock()
                moment = answer.moment(self._settings.taken_path, clock.tzinfo)
                taken_at = self._stamps.taken_at(moment, now, clock)
            return reading_of(self._settings, answer, taken_at)
        except BadAnswer as problem:
            raise self._error(str(problem)) from problem

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self) -> str:
        """The body of a good answer. Raises MeterError."""
        import httpx2

        try:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            try:
                return await self._answer(self._client)
            except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
                # Most likely the device had just closed the connection that was kept open; a new one will do.
                return await self._answer(self._client)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as problem:
            cause = str(problem) or "the connection broke off"
            raise self._error(f"{cause}. Is the device on, is the url right, and is it reachable?") from problem
        except UnicodeError as problem:
            raise self._error("something is no text in UTF-8. Check username, password, body and query.") from problem

    async def _answer(self, client: httpx2.AsyncClient) -> str:
        settings = self._settings
        body = None if settings.body is None else settings.body.get_secret_value()
        async with client.stream(settings.method, self._url(), content=body) as response:
            answer = await _limited(response.aiter_bytes())
        text = text_of(answer, response.encoding)
        if response.status_code not in _OK:
            raise self._error(_refusal(response.status_code, response.headers.get("location"), text))
        if len(answer) > LONGEST_ANSWER:
            raise self._error(f"the answer is longer than {LONGEST_ANSWER:,} bytes. Check the url.")
        return text

    def _url(self) -> httpx2.URL:
        import httpx2

        parameters = {name: secret.get_secret_value() for name, secret in self._settings.query.items()}
        url = httpx2.URL(self._settings.url)
        if (url.port or 0) > _LAST_PORT:
            raise self._error(f"there is no port {url.port}. Check the url.")
        return url.copy_merge_params(parameters) if parameters else url

    def _make_client(self) -> httpx2.AsyncClient:
        import httpx2

        settings = self._settings
        return httpx2.AsyncClient(
            auth=self._login(),
            headers=self._headers(),
            verify=self._trust(),
            timeout=None,
            limits=httpx2.Limits(max_connections=1, keepalive_expiry=2 * settings.every_s),
            trust_env=False,  # devices in the house are not behind the computer's web proxy
        )

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        headers = {name: secret.get_secret_value() for name, secret in settings.headers.items()}
        if settings.token is not None:
            headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
        for name, value in headers.items():
            if not _SENDABLE.fullmatch(name + value):
                text = f"the header {name} cannot be sent: a header is one line of ASCII. Check token and headers."
                raise self._error(text)
        return headers

    def _login(self) -> httpx2.Auth | None:
        import httpx2

        settings = self._settings
        if settings.username is None:
            return None
        password = settings.password.get_secret_value() if settings.password else ""
        kind = httpx2.BasicAuth if settings.auth == "basic" else httpx2.DigestAuth
        return kind(settings.username, password)

    def _trust(self) -> ssl.SSLContext | bool:
        """Whom to believe. Loading the system's authorities is slow, so not for plain HTTP."""
        settings = self._settings
        if not settings.url.startswith("https:") or not settings.verify_tls:
            return False
        try:
            return ssl.create_default_context(cafile=settings.ca_file)
        except OSError as problem:
            raise self._error(f"ca_file {settings.ca_file} cannot be used: {problem.strerror}.") from problem

    def _error(self, text: str) -> MeterError:
        return MeterError(_hide(f"{self._settings.name}: asked {self._settings.source}: {text}", self._secrets()))

    def _secrets(self) -> Iterable[str]:
        settings = self._settings
        tables = (*settings.headers.values(), *settings.query.values())
        for secret in (settings.password, settings.token, settings.body, *tables):
            if secret is not None:
                yield secret.get_secret_value()
        for secret_text in secrets_in(settings.url).values():
            yield from {secret_text, unquote_plus(secret_text), secret_text.partition(":")[2]}


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


async def _limited(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > LONGEST_ANSWER:
            break
    return bytes(body)


def _refusal(status: int, location: str | None, text: str) -> str:
    if status in _REDIRECTS:
        return f"it sends us on to {without_secrets(location or '?')} ({status}). Use that as url."
    remedy = _REMEDIES.get(status, "Look at the device.")
    return f"it answered with error {status}: {shown(text)}. {remedy}"
