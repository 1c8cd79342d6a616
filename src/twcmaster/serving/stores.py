"""What is kept besides the wishes: history and accounts, beside a running site."""

from __future__ import annotations

import asyncio

from twcmaster.runtime.supervise import optional
from twcmaster.serving.site import Site
from twcmaster.store.accounts import Accounts
from twcmaster.store.history import History


class Stores:
    """Both files in the site's state folder."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.history = History(site.state_dir / "history.db", site.clock, site.notice_for("history"), site.speed)
        self.accounts = Accounts(site.state_dir / "accounts.db", site.clock, site.notice_for("accounts"))

    async def run(self) -> None:
        """Keep what comes until cancelled. For after `accounts.load`."""
        parts = {"history": self._keep_history, "accounts": self.accounts.run}
        tasks = [
            asyncio.ensure_future(optional(f"the {name}", part, self._site.notice_for(name)))
            for name, part in parts.items()
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Write the rest and close the files, if they were ever opened."""
        await asyncio.gather(self.history.close(), self.accounts.close())

    async def _keep_history(self) -> None:
        await self.history.load(asyncio.get_running_loop().time())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.history.run())
            tasks.create_task(self._look_on())

    async def _look_on(self) -> None:
        async for snapshot in self._site.hub.watch():
            vins = {key: facts.vin for key, facts in self._site.units().items()}
            self.history.see(snapshot.world, snapshot.plan, vins)
