"""Hundreds of kilobytes of a bad line, seeded. benchmarks/fuzz_long.py does the same for tens of megabytes."""

import pytest

from tests.fuzz.rig import Outcome, run
from twcmaster.protocol.framing import LONGEST_RAW_FRAME


@pytest.fixture(scope="module", params=[1, 2])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    return run(seed=request.param, least_bytes=200_000)


def test_decodes_as_the_plain_reference_does(outcome: Outcome) -> None:
    assert outcome.differences == []


def test_no_undamaged_frame_is_lost(outcome: Outcome) -> None:
    assert outcome.lost == []
    assert outcome.sent_whole > 2_000


def test_hardly_any_damage_gets_past_the_checksum(outcome: Outcome) -> None:
    assert outcome.invented < outcome.damaged / 100


def test_memory_is_bounded(outcome: Outcome) -> None:
    assert outcome.most_held <= LONGEST_RAW_FRAME


def test_every_kind_of_damage_occurs_and_is_counted(outcome: Outcome) -> None:
    assert all(outcome.counters.values()), outcome.counters
