"""The state as JSON, encoded once for everybody who asks for the same snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from twcmaster.api.ports import Facade
from twcmaster.api.views.state import state_view


@dataclass(frozen=True, slots=True)
class Encoded:
    """One snapshot. `tag` names it: run and number."""

    tag: str
    text: str

    @property
    def body(self) -> bytes:
        return self.text.encode()


class StateEncoder:
    """Keeps the newest encoded snapshot."""

    def __init__(self, facade: Facade) -> None:
        self._facade = facade
        self._kept = Encoded("", "")

    def newest(self) -> Encoded | None:
        """The newest snapshot, or None while there is none yet."""
        snapshot, version = self._facade.live.newest, self._facade.wishes.settings.version
        if snapshot is None:
            return None
        tag = f"{self._facade.run_id}-{snapshot.number}-{version}"
        if tag != self._kept.tag:
            self._kept = Encoded(tag, state_view(self._facade, snapshot).model_dump_json())
        return self._kept
