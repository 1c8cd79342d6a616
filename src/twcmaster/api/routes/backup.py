"""Backup, restore, and the bundle for bug reports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from twcmaster.api.access import Admin, HouseDep, address_of
from twcmaster.api.limits import LARGEST_BACKUP_BYTES
from twcmaster.api.problems import documented, kept
from twcmaster.api.schemas.setup import Restored
from twcmaster.api.section import Section

ZIP = "application/zip"


async def get_backup(house: HouseDep, who: Admin, request: Request) -> Response:
    """Settings, history, and the config without secrets, in one zip."""
    with kept():
        made = await house.facade.backup.save()
    house.doorkeeper.audit(who.name, "took a backup", address_of(request))
    return _download(made, f"twcmaster-backup-{house.facade.clock():%Y-%m-%d}.zip")


async def get_diagnostics(house: HouseDep, who: Admin, request: Request) -> Response:
    """What a bug report needs, secrets and VINs removed."""
    with kept():
        made = await house.facade.backup.diagnostics()
    house.doorkeeper.audit(who.name, "took a diagnostics bundle", address_of(request))
    return _download(made, f"twcmaster-diagnostics-{house.facade.clock():%Y-%m-%d}.zip")


async def put_backup(house: HouseDep, who: Admin, request: Request) -> Restored:
    """Put a backup back: settings and history. The config is left alone. Checked as a whole before anything changes."""
    handle, name = tempfile.mkstemp(suffix=".zip")
    try:
        with kept():
            async with await anyio.open_file(handle, "wb") as file:
                async for chunk in request.stream():
                    await file.write(chunk)
        restored = await house.facade.backup.restore(Path(name), who.name)
    finally:
        await anyio.to_thread.run_sync(os.unlink, name)
    house.doorkeeper.audit(who.name, f"restored a backup: {', '.join(restored)}", address_of(request))
    return Restored(restored=list(restored))


def _download(path: Path, name: str) -> Response:
    return FileResponse(path, media_type=ZIP, filename=name, background=BackgroundTask(path.unlink, missing_ok=True))


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, prefix, "backup")
    told = documented(401, 403, 409, 503)
    archive = {200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}} | told
    upload = {"requestBody": {"required": True, "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}}
    routes.add("/backup", get_backup, responses=archive, response_class=FileResponse)
    routes.add("/diagnostics", get_diagnostics, responses=archive, response_class=FileResponse)
    routes.add(
        "/backup",
        put_backup,
        methods=["PUT"],
        responses=told,
        openapi_extra=upload,
        max_body_size=LARGEST_BACKUP_BYTES,
    )
