"""The page and the API beside a running site: started when heartbeats flow, started anew when `[web]` changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from twcmaster.api.ports import Facade
from twcmaster.api.server import WebError, serve
from twcmaster.api.web_settings import WebSettings, networks, own_names
from twcmaster.config.web import WebSection
from twcmaster.model.world import Presence
from twcmaster.runtime.supervise import optional
from twcmaster.serving.facade import facade
from twcmaster.serving.setup import SetupDesk
from twcmaster.serving.site import Site

#: The web server's second of imports waits until connectors answer, but no longer than this.
PATIENCE_S = 5.0
#: A port that something else holds is tried again.
RETRY_S = 30.0


def web_settings(section: WebSection) -> WebSettings:
    """The section, resolved."""
    return WebSettings(
        host=section.host,
        port=section.port,
        open_door=section.auth == "none",
        base_path=section.base_path,
        names=own_names(section.hosts),
        trusted_proxies=networks(section.trusted_proxies),
        tls_cert=section.tls_cert,
        tls_key=section.tls_key,
    )


@asynccontextmanager
async def page(site: Site, path: Path | None) -> AsyncIterator[None]:
    """Serve page and API while inside. `path`: the config file that the setup page may edit."""
    desk = SetupDesk(path, site.clock, site.restart.set)
    task = asyncio.ensure_future(_keep_serving(site, facade(site, desk)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_serving(site: Site, given: Facade) -> None:
    await _first_answers(site)
    await site.accounts_known.wait()
    while True:
        changed, section = site.changed, site.web
        server = asyncio.ensure_future(_serve(site, given, section))
        try:
            while site.web == section:
                await changed.wait()
                changed = site.changed
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)


async def _serve(site: Site, given: Facade, section: WebSection) -> None:
    if section.enabled:
        notice = site.notice_for("page")
        await optional("the page", lambda: _serve_patiently(site, given, web_settings(section)), notice)


async def _serve_patiently(site: Site, given: Facade, settings: WebSettings) -> None:
    told = ""
    while True:
        try:
            await serve(given, settings, site.notice_for("page"))
        except WebError as error:
            if str(error) != told:
                told = str(error)
                site.notice_for("page")("error", told)
            await asyncio.sleep(RETRY_S)


async def _first_answers(site: Site) -> None:
    """Until every connector heard so far answers, or for a while."""
    if site.unconfigured:
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for snapshot in site.hub.watch():
                connectors = snapshot.world.connectors
                if connectors and all(c.presence is Presence.ONLINE for c in connectors):
                    return
    except TimeoutError:
        return
