"""Power for fewer cars than want it: one after the other, by dwell time, instead of all of them toggling.

A car that waits takes the place of one that runs when it is more important, at once; or, among equals, when the other
has had its time and more energy today. Contactors are spared: no rotation when there were enough clicks in the hour.
"""

from __future__ import annotations

from collections.abc import Mapping

from twcmaster.control.sun import Runner, Sun, next_in, next_out

#: Three turns in two hours: long enough for a car to be worth its click, short enough that all get some of the day.
DWELL_S = 2400.0
CLICKS_PER_HOUR = 2


def swap(sun: Sun, known: Mapping[str, Runner], now: float) -> Sun:
    """The memory after a change of turns, if one is due."""
    joining, leaving = next_in(sun, known), next_out(sun, known)
    if joining is None or leaving is None or joining.must_rest or leaving.must_run:
        return sun
    if joining.tier < leaving.tier or _has_had_its_turn(sun, joining, leaving, now):
        return sun.without(leaving.key).with_one_more(joining.key, now)
    return sun


def _has_had_its_turn(sun: Sun, joining: Runner, leaving: Runner, now: float) -> bool:
    if joining.tier > leaving.tier or len(sun.clicks) >= CLICKS_PER_HOUR:
        return False
    more = sun.energy_wh.get(leaving.key, 0.0) > sun.energy_wh.get(joining.key, 0.0)
    return more and now - sun.since.get(leaving.key, now) >= DWELL_S
