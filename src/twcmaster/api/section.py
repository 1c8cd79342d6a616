"""Routes go straight into the application: a router that is included is built twice, in time and in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI


class Section:
    """A part of the API under one path prefix and one heading of its description."""

    def __init__(self, app: FastAPI, prefix: str, heading: str) -> None:
        self._app = app
        self._prefix = prefix
        self._heading = heading

    def add(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add one endpoint; options as for FastAPI.add_api_route. GET, unless `methods` says otherwise."""
        self._app.add_api_route(f"{self._prefix}{path}", endpoint, tags=[self._heading], **options)
