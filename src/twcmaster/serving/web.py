"""History, accounts, page and API beside a running site.

Bus first: what is heavy is imported in a thread, the stores after the first decision, the web server when connectors
answer. It is started anew when `[web]` changes, and outlives every other change of the config.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twcmaster.api.allocator import be_frugal
from twcmaster.config.web import WebSection
from twcmaster.model.world import Presence
from twcmaster.runtime.supervise import optional
from twcmaster.serving.site import Site

if TYPE_CHECKING:
    from twcmaster.api.ports import Facade
    from twcmaster.api.web_settings import WebSettings
    from twcmaster.serving.stores import Stores

#: The web server's second of imports waits until connectors answer, but no longer than this.
PATIENCE_S = 5.0
#: A port that something else holds is tried again.
RETRY_S = 30.0


@asynccontextmanager
async def page(site: Site, path: Path | None) -> AsyncIterator[None]:
    """Serve page and API while inside. `path`: the config file that the setup page may edit."""
    task = asyncio.ensure_future(optional("the page", lambda: _keep(site, path), site.notice_for("page")))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep(site: Site, path: Path | None) -> None:
    await _until(site, lambda _: True)
    be_frugal()
    stores = await asyncio.to_thread(_stores, site)
    try:
        await stores.accounts.load()
        await _keep_page(site, stores, path)
    finally:
        await stores.close()


async def _keep_page(site: Site, stores: Stores, path: Path | None) -> None:
    keeping = asyncio.ensure_future(stores.run())
    try:
        await _until(site, lambda presences: bool(presences) and all(p is Presence.ONLINE for p in presences))
        await _keep_serving(site, partial(_facade, site, stores, path, asyncio.get_running_loop().time))
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _until(site: Site, enough: Callable[[list[Presence]], bool]) -> None:
    """Until a decision finds connectors that are enough, or for a while; at once where nothing is to be driven."""
    if site.unconfigured:
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for snapshot in site.hub.watch():
                if enough([connector.presence for connector in snapshot.world.connectors]):
                    return
    except TimeoutError:
        return


def _stores(site: Site) -> Stores:
    from twcmaster.serving.stores import Stores

    return Stores(site)


def _facade(site: Site, stores: Stores, path: Path | None, now: Callable[[], float]) -> Facade:
    from twcmaster.serving.facade import facade

    return facade(site, stores, path, now)


async def _keep_serving(site: Site, given: Callable[[], Facade]) -> None:
    while True:
        changed, section = site.changed, site.web
        notice = site.notice_for("page")
        server = asyncio.ensure_future(optional("the page", partial(_serve, site, given, section), notice))
        try:
            while site.web == section:
                await changed.wait()
                changed = site.changed
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)


async def _serve(site: Site, given: Callable[[], Facade], section: WebSection) -> None:
    if not section.enabled:
        return
    from twcmaster.api.server import WebError, serve

    notice, told = site.notice_for("page"), ""
    facade = await asyncio.to_thread(given)
    while True:
        try:
            await serve(facade, web_settings(section), notice)
        except WebError as error:
            if str(error) != told:
                told = str(error)
                notice("error", told)
            await asyncio.sleep(RETRY_S)


def web_settings(section: WebSection) -> WebSettings:
    """The section, resolved."""
    from twcmaster.api.web_settings import WebSettings, networks, own_names

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
