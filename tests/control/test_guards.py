"""What live meters leave for cars, as limits: who is in them, and on which evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.control.small_meters import Said, world
from tests.control.small_world import GATE, LEFT, RIGHT
from twcmaster.control import sunlit
from twcmaster.control.balance import Balance, observe
from twcmaster.control.fuse import HEADROOM_A, Guard
from twcmaster.control.guards import of_fuse, of_peak
from twcmaster.control.habits import Habits
from twcmaster.control.memory import Held
from twcmaster.control.peak import Peak
from twcmaster.model.energy import FuseFacts, PeakFacts
from twcmaster.model.site import Site
from twcmaster.model.world import World

FUSE = {"fuse": FuseFacts("grid", 35.0, (1, 2, 3), 230.0)}
PEAK = {"peak": PeakFacts("grid", 8000.0)}
#: Left is known to use one conductor, the gate hangs on L2, right has never answered.
HELD = {LEFT.key: Held(0, 0.0, 0.0, habits=Habits(conductors=(2,))), GATE.key: Held(0, 0.0, 0.0)}
MEMBERS = (replace(LEFT, heard_at=999.0), RIGHT, replace(GATE, heard_at=999.0))


def seen(energy: Mapping[str, object], *said: Said, fallback_a: int = 0) -> World:
    bare = world(said or (Said("grid", 0.0, phase_a=(1.0, 2.0, 3.0)),), connectors=MEMBERS, energy=energy)
    buses = {name: replace(bus, fallback_a=fallback_a) for name, bus in bare.site.buses.items()}
    site: Site = replace(bare.site, buses=buses)
    return replace(bare, site=site)


def sight(of: World) -> Balance:
    return observe(of, sunlit.draws(of, HELD), Balance())


def test_everybody_behind_the_fuse_is_in_its_limits_on_the_phases_it_may_load() -> None:
    guard, limits = of_fuse(seen(FUSE), HELD, sight(seen(FUSE)), Guard(), MEMBERS)
    assert {limit.name: set(limit.members) for limit in limits} == {
        "fuse on L1": {RIGHT.key},
        "fuse on L2": {RIGHT.key, GATE.key},
        "fuse on L3": {LEFT.key, RIGHT.key},
    }
    assert [limit.limit_a for limit in limits] == [35 - HEADROOM_A - house for house in (1, 2, 3)]
    assert guard.house_a == {1: 1.0, 2: 2.0, 3: 3.0}


def test_in_the_dark_each_phase_carries_the_fallbacks_of_those_on_it() -> None:
    _, limits = of_fuse(seen(FUSE, Said("grid", mute=True), fallback_a=6), HELD, Balance(), Guard(), MEMBERS)
    assert [limit.limit_a for limit in limits] == [6.0, 12.0, 12.0]


def test_the_peak_is_one_limit_for_all_that_have_answered() -> None:
    spent, (limit,) = of_peak(seen(PEAK), HELD, sight(seen(PEAK)), Peak(), MEMBERS)
    assert set(limit.members) == {LEFT.key, GATE.key}
    assert spent.cars_w is not None
    _, (blind,) = of_peak(seen(PEAK, Said("grid", mute=True), fallback_a=6), HELD, Balance(), Peak(), MEMBERS)
    assert blind.limit_a == 18.0


def test_a_site_without_fuse_and_peak_has_no_such_limits() -> None:
    guard, spent = Guard(), Peak()
    assert of_fuse(seen({}), HELD, Balance(), guard, MEMBERS) == (guard, ())
    assert of_peak(seen({}), HELD, Balance(), spent, MEMBERS) == (spent, ())


def test_nobody_heard_no_peak() -> None:
    assert of_peak(seen(PEAK), {}, Balance(), Peak(), ())[1] == ()
