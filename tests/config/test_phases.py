"""Which phases the main fuse is watched on: never another one than a car loads."""

from __future__ import annotations

import pytest

from twcmaster.config.load import parse, site_facts
from twcmaster.config.problems import ConfigError

METER = '[[meter]]\nname = "grid"\nkind = "constant"\nrole = "grid"\npower_w = 0\n'
FUSE = '[fuse]\nmeter = "grid"\nfuse_a = 35\n'


def house(circuits: str, connector: str = "", fuse: str = "") -> str:
    """A bus on circuit "garage", which `circuits` describes last."""
    bus = '[[bus]]\nname = "left"\nlink = "/dev/left"\ncircuit = "garage"\nconnector_limit_a = 32\n'
    unit = f'[[connector]]\nbus = "left"\nid = "1111"\n{connector}\n' if connector else ""
    return circuits + bus + unit + METER + FUSE + fuse


def circuit(name: str = "garage", *more: str) -> str:
    return "\n".join(("[[circuit]]", f'name = "{name}"', "limit_a = 32", *more, ""))


ON = 'phase = "L{}"'.format


@pytest.mark.parametrize(
    "text, phases",
    [
        (house(circuit()), (1,)),
        (house(circuit("garage", ON(1))), (1,)),
        (house(circuit("garage", ON(2))), (1, 2, 3)),
        (house(circuit("garage", ON(3))), (1, 2, 3)),
        (house(circuit(), 'phases = ["L2"]'), (1, 2, 3)),
        (house(circuit("shed", ON(2)) + circuit()), (1, 2, 3)),
        (house(circuit("shed", ON(1)) + circuit()), (1, 2, 3)),
        (house(circuit("main") + circuit("garage", ON(1), 'parent = "main"')), (1,)),
        (house(circuit("garage", "phases = 3")), (1, 2, 3)),
        (house(circuit(), fuse="phases = 3"), (1, 2, 3)),
        (house(circuit("garage", ON(2)), fuse="phases = 2"), (1, 2)),
    ],
)
def test_the_fuse_is_watched_on_every_phase_that_cars_may_load(text: str, phases: tuple[int, ...]) -> None:
    fuse = site_facts(parse(text)).energy.fuse
    assert fuse is not None
    assert fuse.phases == phases


@pytest.mark.parametrize(
    "text, says",
    [
        (house(circuit("garage", ON(2)), fuse="phases = 1"), "only L1 would be watched, but circuit[0].phase names L2"),
        (house(circuit(), 'phases = ["L3"]', "phases = 2"), "only L1 and L2 would be watched, but connector[0].phases"),
        (house(circuit("garage", "phases = 3"), fuse="phases = 1"), "but circuit[0].phases names L2"),
    ],
)
def test_a_fuse_without_a_phase_that_is_named_is_a_mistake(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert problem.path == "fuse.phases"
    assert says in problem.what
    assert problem.suggestion == "Leave it out, or write phases = 3."
