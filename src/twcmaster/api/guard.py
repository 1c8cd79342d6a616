"""What every request must pass before the application sees it, and what every answer carries.

* Host: an address, or a name that is ours. Otherwise a page on the internet whose name suddenly points here (DNS
  rebinding) could use the browsers behind our door.
* Origin: what changes something, and WebSockets, must come from our own page if they come from a page at all. With a
  login cookie a request that shows no origin must carry a header that no foreign page can send.
* Security headers, and no caching of what is nobody else's business.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twcmaster.api.access import COOKIE
from twcmaster.api.limits import largest_bytes
from twcmaster.api.outside import Outside, outside, same_host
from twcmaster.api.problems import ApiProblem, response, too_large
from twcmaster.api.web_settings import WebSettings, ip_of

#: Proof, for requests with a cookie and without an Origin, that no page of somebody else sent them.
PROOF_HEADER = "x-twcmaster"
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        seen = outside(scope, self._settings)
        refusal = refusal_of(scope, seen, self._settings)
        if refusal is not None:
            await _refuse(refusal, scope, receive, _adorned(send))
            return
        inner = dict(scope, scheme=seen.scheme, path=self._inner_path(scope["path"]), outer_path=seen.prefix)
        inner["client"] = (seen.address, 0)
        # What the application builds addresses from must be what the browser knows.
        headers = [(key, value) for key, value in scope["headers"] if key != b"host"]
        inner["headers"] = [*headers, (b"host", seen.host.encode("latin-1", "replace"))]
        await self._app(inner, receive, send if scope["type"] == "websocket" else _adorned(send))

    def _inner_path(self, path: str) -> str:
        """Without the prefix, which a proxy may or may not have removed already."""
        base = self._settings.base_path
        if base and (path == base or path.startswith(f"{base}/")):
            return path.removeprefix(base) or "/"
        return path


def refusal_of(scope: Scope, seen: Outside, settings: WebSettings) -> ApiProblem | None:
    """Why a request is not heard, or None."""
    if not _known_host(seen.name, settings):
        detail = f'"{seen.name}" is not a name under which this answers.'
        todo = f'Use the address, or add it to the config: [web] hosts = ["{seen.name[:80]}"].'
        return ApiProblem(421, "wrong_host", "Wrong name", detail, todo)
    if scope["type"] == "http" and _says_too_much(scope):
        return too_large()
    if scope["type"] == "http" and scope["method"] in _SAFE:
        return None
    return _origin_refusal(scope, seen)


def _known_host(name: str, settings: WebSettings) -> bool:
    bare = name.rstrip(".")
    if not bare:
        return False
    return ip_of(bare) is not None or bare in settings.names or bare.endswith(".localhost")


def _says_too_much(scope: Scope) -> bool:
    """Whether the body is announced as too large. Those that do not say are cut off by the application."""
    announced = Headers(scope=scope).get("content-length", "0")
    return announced.isdecimal() and int(announced[:20]) > largest_bytes(scope["path"])


def _origin_refusal(scope: Scope, seen: Outside) -> ApiProblem | None:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    foreign = origin is not None and not same_host(origin, seen.host)
    if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        detail = f'This was sent by another page ("{(origin or "unknown")[:80]}").'
        todo = "Behind a reverse proxy: let it pass the Host header, or trust it ([web] trusted_proxies)."
        return ApiProblem(403, "foreign_page", "Not from our page", detail, todo)
    if origin is None and COOKIE in headers.get("cookie", "") and PROOF_HEADER not in headers:
        detail = "A request with a login cookie must show where it comes from."
        return ApiProblem(403, "no_origin", "No origin", detail, "Send the header X-Twcmaster: 1, or use a token.")
    return None


async def _refuse(problem: ApiProblem, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4000 + problem.status, "reason": problem.title})
        return
    await response(problem)(scope, receive, send)


def _adorned(send: Send) -> Send:
    async def adorned(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return adorned
