"""What the demo looks back on was lived, not written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twcmaster.cli.demo_config import DemoConfig
from twcmaster.cli.demo_past import COMMUTER, NIGHT, Past, live_through
from twcmaster.config.load import parse
from twcmaster.store.history import History
from twcmaster.store.settings_store import SettingsStore

MIDNIGHT = datetime(2026, 6, 20, tzinfo=UTC)
#: A night, and a morning with sun.
HOURS = 11


async def test_a_night_and_a_morning_are_kept(tmp_path: Path) -> None:
    config = parse(DemoConfig(tmp_path / "garage", "http://127.0.0.1/").text())
    # A loop of its own, in virtual time.
    await asyncio.to_thread(live_through, Past(config, tmp_path, MIDNIGHT, HOURS * 3600.0))

    now = MIDNIGHT + timedelta(hours=HOURS)
    history = History(tmp_path / "history.db", lambda: now, lambda level, text: None)
    night, morning = await history.energy([MIDNIGHT, MIDNIGHT + timedelta(hours=5), now])
    sessions = await history.sessions(MIDNIGHT, now, None, 10)
    series = await history.series(MIDNIGHT, now, 900)
    await history.close()
    assert (night.charged_from_grid_kwh or 0) > 3
    assert (night.charged_from_solar_kwh or 0) < 0.1
    assert (morning.charged_from_solar_kwh or 0) > 2
    assert sessions[0].ended_at is None
    assert [session.connector for session in sessions].count(COMMUTER) == 2
    assert min(session.energy_kwh for session in sessions) > 0.005
    assert all(value is not None for value in series.columns["solar_w"][:-1])

    store = SettingsStore(tmp_path / "settings.db", lambda: now, lambda level, text: None)
    settings = await store.load()
    await store.close()
    assert settings is not None
    assert [window.mode for window in settings.of(COMMUTER).windows] == [NIGHT.mode]
