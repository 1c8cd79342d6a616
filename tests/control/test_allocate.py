"""Dividing amps: tables for what people expect, properties for what must never happen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.control.allocate import Ask, Constraint, allocate
from twcmaster.model.plan import Reason

WHY = Reason("circuit", "test")


def ask(key: str, cap: int = 40, minimum: int = 6, **more: object) -> Ask:
    return Ask(key, minimum, cap, (key,), **more)  # type: ignore[arg-type]


def limit(amps: float, members: str) -> Constraint:
    return Constraint("c", amps, frozenset(members), WHY)


@pytest.mark.parametrize(
    "asks, constraints, expected",
    [
        ([ask("a")], [limit(40, "a")], {"a": 40}),
        ([ask("a"), ask("b")], [limit(40, "ab")], {"a": 20, "b": 20}),
        ([ask("a"), ask("b"), ask("c")], [limit(40, "abc")], {"a": 14, "b": 13, "c": 13}),
        # What one leaves, the other gets.
        ([ask("a", 16), ask("b")], [limit(40, "ab")], {"a": 16, "b": 24}),
        # Too little for all: some get their minimum rather than all nothing.
        ([ask("a"), ask("b"), ask("c")], [limit(13, "abc")], {"a": 7, "b": 6, "c": 0}),
        ([ask("a")], [limit(5, "a")], {"a": 0}),
        # Nested: a and b behind 20 A, all behind 32 A.
        ([ask("a"), ask("b"), ask("c")], [limit(20, "ab"), limit(32, "abc")], {"a": 10, "b": 10, "c": 12}),
        # Fractions are never rounded up.
        ([ask("a"), ask("b")], [limit(31.9, "ab")], {"a": 16, "b": 15}),
        # An amp that does not divide stays where it is.
        ([ask("a"), ask("b", current_a=8)], [limit(15, "ab")], {"a": 7, "b": 8}),
        # Leftovers cost others nothing.
        ([ask("a"), ask("b", 6, leftover=True)], [limit(40, "ab")], {"a": 40, "b": 0}),
        ([ask("a", 32), ask("b", 6, leftover=True)], [limit(40, "ab")], {"a": 32, "b": 6}),
        # What cannot be stopped is counted even when it does not fit.
        ([ask("a", unstoppable=True), ask("b")], [limit(5, "ab")], {"a": 6, "b": 0}),
        # The first tier is filled before the second rises.
        ([ask("a", tier=1), ask("b", 30)], [limit(40, "ab")], {"a": 10, "b": 30}),
    ],
)
def test_shares(asks: list[Ask], constraints: list[Constraint], expected: dict[str, int]) -> None:
    assert dict(allocate(asks, constraints).amps) == expected


def test_a_short_share_names_what_bound_it() -> None:
    tight = limit(20, "ab")
    shares = allocate([ask("a"), ask("b")], [tight, limit(100, "ab")])
    assert shares.bound_by["a"] == (tight,)


KEYS = "abcdefgh"
asks_st = st.lists(
    st.builds(
        Ask,
        st.sampled_from(KEYS),
        st.integers(5, 8),
        st.integers(0, 80),
        st.tuples(st.integers(0, 3)),
        st.integers(0, 2),
        st.just(value=False),
        st.booleans(),
        st.integers(0, 80),
    ),
    unique_by=lambda a: a.key,
    max_size=8,
)
constraints_st = st.lists(
    st.builds(Constraint, st.just("c"), st.floats(-50, 300), st.frozensets(st.sampled_from(KEYS)), st.just(WHY)),
    max_size=6,
)


@given(asks_st, constraints_st)
def test_no_constraint_is_exceeded_and_offers_are_legal(asks: list[Ask], constraints: list[Constraint]) -> None:
    amps = allocate(asks, constraints).amps
    for constraint in constraints:
        used = sum(amps.get(key, 0) for key in constraint.members)
        assert used <= max(constraint.limit_a, 0) + 1e-6
    for one in asks:
        assert amps[one.key] == 0 or one.minimum_a <= amps[one.key] <= one.cap_a


@given(asks_st, constraints_st)
def test_nothing_useful_is_left_on_the_table(asks: list[Ask], constraints: list[Constraint]) -> None:
    """Nobody who got something could get one amp more without taking it from another."""
    amps = allocate(asks, constraints).amps
    for one in asks:
        if not 0 < amps[one.key] < one.cap_a:
            continue
        rooms = [c.limit_a - sum(amps.get(k, 0) for k in c.members) for c in constraints if one.key in c.members]
        assert min(rooms, default=-1.0) < 1


@given(st.integers(1, 8), st.integers(6, 400))
def test_equals_differ_by_one_amp_at_most(count: int, total: int) -> None:
    keys = KEYS[:count]
    amps = [a for a in allocate([ask(k, 80) for k in keys], [limit(total, keys)]).amps.values() if a]
    assert max(amps) - min(amps) <= 1
