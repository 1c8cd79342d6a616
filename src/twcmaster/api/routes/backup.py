"""Backup, restore, and the bundle for bug reports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from twcmaster.api.access import Admin, FacadeDep, HouseDep, address_of
from twcmaster.api.limits import LARGEST_BACKUP_BYTES
from twcmaster.api.problems import documented
from twcmaster.api.schemas.setup import Restored
from twcmaster.api.section import Section

ZIP = "application/zip"


async def get_backup(facade: FacadeDep, _: Admin) -> Response:
    """Settings, history, and the config without secrets, in one zip."""
    return _download(await facade.backup.save(), f"twcmaster-backup-{facade.clock():%Y-%m-%d}.zip")


async def get_diagnostics(facade: FacadeDep, _: Admin) -> Response:
    """What a bug report needs, secrets and VINs removed."""
    return _download(await facade.backup.diagnostics(), f"twcmaster-diagnostics-{facade.clock():%Y-%m-%d}.zip")


async def put_backup(house: HouseDep, who: Admin, request: Request) -> Restored:
    """Put a backup back: settings and history. The config is left alone. Checked as a whole before anything changes."""
    handle, name = tempfile.mkstemp(suffix=".zip")
    try:
        async with await anyio.open_file(handle, "wb") as file:
            async for chunk in request.stream():
                await file.write(chunk)
        restored = await house.facade.backup.restore(Path(name), who.name)
    finally:
        await anyio.to_thread.run_sync(os.unlink, name)
    await house.doorkeeper.audit(who.name, f"restored a backup: {', '.join(restored)}", address_of(request))
    return Restored(restored=list(restored))


def _download(path: Path, name: str) -> Response:
    return FileResponse(path, media_type=ZIP, filename=name, background=BackgroundTask(path.unlink, missing_ok=True))


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, prefix, "backup")
    told = documented(401, 403, 409)
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
