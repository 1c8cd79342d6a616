"""Same input, same plan: in every process, however it orders its sets."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from tests.control.metered_house import VOLTS, MeteredHouse, VirtualMeter
from tests.control.virtual_house import VirtualHouse, VirtualUnit
from tests.project.repository import ROOT
from twcmaster.model.commands import SetMode, SetPriority, SetSavePower
from twcmaster.model.energy import EnergyFacts, FuseFacts, PeakFacts
from twcmaster.model.settings import Mode, SaveKind
from twcmaster.model.site import Circuit

THREE = (1, 2, 3)


def told() -> str:
    """Every plan of some busy minutes with three cars of unlike amps, as one number."""
    circuits = (Circuit("main", 50.0, VOLTS, THREE), Circuit("garage", 32.1, VOLTS, THREE, "main"))
    units = [
        VirtualUnit(key, protocol, "garage", 32, phases=THREE, phase_of_second=index / 10, shows_plug=True)
        for index, (key, protocol) in enumerate({"a": 1, "b": 2, "c": 1}.items())
    ]
    house = VirtualHouse(circuits, units)
    facts = EnergyFacts(fuse=FuseFacts("grid", 35.3, THREE, VOLTS), peak=PeakFacts("grid", 17_000.0))
    site = MeteredHouse(house, [VirtualMeter(tells_phases=True, every_s=1.0)], facts, Mode.SOLAR, THREE)
    plans = hashlib.sha256()
    house.check = lambda _: plans.update(repr(house.plan).encode())
    site.load_w = {1: 333.3, 2: 777.7, 3: 1234.5}
    for minute, unit in enumerate((*units, None)):
        site.pv_w = 6000.1 + 3333.3 * minute
        if unit is not None:
            unit.arrive(13.7 + 5.1 * minute)
        site.run(60)
    site.ask(SetPriority("a", 1))
    site.ask(SetMode(Mode.FIXED, "b", 12.0))
    site.ask(SetSavePower(SaveKind.AMPS, 23.0))
    site.run(60)
    return plans.hexdigest()


def elsewhere(hash_seed: str) -> str:
    """The same in a process of its own, where sets of texts come in another order."""
    code = "from tests.control.test_same_plan import told; print(told())"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return answer.stdout.strip()


def test_same_input_same_plan_in_every_process() -> None:
    assert {elsewhere("1"), elsewhere("2"), told()} == {told()}
