"""The cure for cars that stay near 5 A after their limit was raised (an old car firmware; off by default).

Such a car takes about 5.2 A whatever it is offered, until the limit jumps to at least 16 A (units of 32 A) or 21 A
(units of 80 A) for five seconds. The pattern is only recognised from a draw that stays in that narrow band although
clearly more is offered. The cure is a *target*: every limit still applies to it. Source: docs/protocol.md, "6 A-limit".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from twcmaster.model.world import WallConnector

STUCK_LOW_A = 4.0
STUCK_HIGH_A = 5.8
CLEARLY_MORE_A = 8
STUCK_FOR_S = 10.0
HOLD_S = 6.0
#: A car that is limited by its own settings looks just the same: do not go on for ever.
REST_S = 600.0
BIG_UNIT_A = 64.0


@dataclass(frozen=True, slots=True)
class Spike:
    """What is remembered of one connector's cure."""

    stuck_since: float | None = None
    until: float = 0.0
    next_at: float = 0.0


def watch(connector: WallConnector, spike: Spike, offer_a: int, offered_at: float, now: float) -> Spike:
    """Recognise the pattern; start a cure when it has lasted, and rest after one."""
    actual = connector.actual_a or 0.0
    stuck = STUCK_LOW_A <= actual <= STUCK_HIGH_A and offer_a >= CLEARLY_MORE_A
    if not stuck:
        return spike if spike.stuck_since is None else replace(spike, stuck_since=None)
    if spike.stuck_since is None:
        return replace(spike, stuck_since=max(now, offered_at))
    if now - spike.stuck_since < STUCK_FOR_S or now < spike.next_at:
        return spike
    return Spike(stuck_since=None, until=now + HOLD_S, next_at=now + REST_S)


def spiked_target_a(connector: WallConnector, spike: Spike, target_a: int, now: float) -> int:
    """The target while a cure runs: up to the jump, or just below it when the target is there already."""
    if now >= spike.until or target_a < connector.minimum_a:
        return target_a
    jump_a = 21 if connector.limit_a >= BIG_UNIT_A else 16
    return jump_a if target_a < jump_a else jump_a - 2
