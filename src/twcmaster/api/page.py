"""Serves the built page: a handful of files, known by name, so that no path can lead anywhere else.

A page built anew beneath a running program, by an update, is noticed when somebody next asks for anything.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from twcmaster.api.etags import etag, matches

_INDEX = "index.html"
#: The bundler puts a hash of the content into the names of files in here: they never change.
_HASHED = "assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
#: Compressed copies beside a file, best first.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_NOT_BUILT = b"""\
The page has not been built into this installation.

From a source folder:  make page
The API works without it: /api/v1/openapi.json
"""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    media_type: str
    cache: str
    tag: str
    encoded: dict[str, Path]


@dataclass(frozen=True, slots=True)
class _Build:
    built_at: int | None
    index: bytes | None
    files: dict[str, _File]


class Page:
    """An ASGI application for everything that is not the API."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = _read(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _built_at(self._folder) != self._build.built_at:
            await self._take_new_build()
        await self._answer(scope)(scope, receive, send)

    async def _take_new_build(self) -> None:
        """Read in a thread, so that no heartbeat waits. In the middle of a build the page as it was serves on."""
        with suppress(OSError):
            self._build = await asyncio.to_thread(_read, self._folder)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        if self._build.index is None:
            return Response(_NOT_BUILT, 503, media_type="text/plain")
        headers = Headers(scope=scope)
        name = scope["path"].lstrip("/")
        found = self._build.files.get(name)
        if found is not None and name != _INDEX and found.path.is_file():
            return _serve(found, headers)
        if "." in name.rpartition("/")[2] and name != _INDEX:
            return Response(b"There is no such file.\n", 404, media_type="text/plain")
        return self._shell(scope, headers)

    def _shell(self, scope: Scope, headers: Headers) -> Response:
        """The page itself; its relative addresses start at the prefix that the browser knows, at any depth."""
        base = f'<head><base href="{scope.get("outer_path", "")}/">'.encode()
        body = (self._build.index or b"").replace(b"<head>", base, 1)
        tag = hashlib.sha256(body).hexdigest()[:16]
        known = {"ETag": etag(tag), "Cache-Control": _ASK_AGAIN}
        if matches(headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=known)
        return Response(body, media_type="text/html; charset=utf-8", headers=known)


def _read(folder: Path) -> _Build:
    """The page as it is; OSError where files go while they are read."""
    built_at = _built_at(folder)
    index = None if built_at is None else (folder / _INDEX).read_bytes()
    return _Build(built_at, index, {name: _file(folder, name) for name in _names(folder)})


def _built_at(folder: Path) -> int | None:
    """When the page was built (`make page` touches its index last), None when it was not."""
    try:
        return (folder / _INDEX).stat().st_mtime_ns
    except OSError:
        return None


def _serve(file: _File, headers: Headers) -> Response:
    known = {"ETag": etag(file.tag), "Cache-Control": file.cache, "Vary": "Accept-Encoding"}
    if matches(headers.get("if-none-match", ""), file.tag):
        return Response(status_code=304, headers=known)
    accepted = {part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")}
    for encoding, path in file.encoded.items():
        if encoding in accepted:
            return FileResponse(path, media_type=file.media_type, headers=known | {"Content-Encoding": encoding})
    return FileResponse(file.path, media_type=file.media_type, headers=known)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    suffixes = tuple(suffix for _, suffix in _ENCODINGS)
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(suffixes))
    return [path.relative_to(folder).as_posix() for path in paths]


def _file(folder: Path, name: str) -> _File:
    path = folder / name
    copies = {encoding: path.with_name(path.name + suffix) for encoding, suffix in _ENCODINGS}
    return _File(
        path,
        _media_type(name),
        _FOR_EVER if name.startswith(_HASHED) else _ASK_AGAIN,
        hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        {encoding: copy for encoding, copy in copies.items() if copy.is_file()},
    )


#: All that a built page is made of. Python's own table begins by reading the machine's, which may lack some of these.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def _media_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")
