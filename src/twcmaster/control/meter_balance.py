"""Whether what the meters say adds up: what comes from the grid, the sun and the battery goes into house and cars.

    grid + sun + battery = house (+ cars, where the grid meter sees them and the house meter does not)

Where it does not add up, each single mistake that people make is tried out: a meter turned round, one that tells
kilowatts, one that sees the cars or does not. Those that would make the sum right are named. Without a house meter the
sum gives the house's use instead, which cannot be negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twcmaster.control.meter_review import TINY_W, Finding, Level, Round
from twcmaster.control.phrases import watts
from twcmaster.model.energy import EnergyFacts
from twcmaster.model.reading import MeterRole

#: Meters are read at different moments and measure differently well.
TOLERANCE_W = 150.0
TOLERANCE_SHARE = 0.1
#: That much sun, and most of it drawn from the grid besides, is rarely what happens.
SUNNY_W = 500.0
SUSPICIOUS_SHARE = 0.6
#: No house uses more: what would need it explains nothing.
MOST_W = 100_000.0

_SOURCES = {MeterRole.GRID: "grid", MeterRole.PV: "sun", MeterRole.BATTERY: "battery"}
_CHARGER = MeterRole.CHARGER


@dataclass(frozen=True, slots=True)
class Sums:
    """Watts of one round by role, and which meters see the cars. What was not told is not in it."""

    power_w: Mapping[MeterRole, float]
    grid_sees_cars: bool
    house_sees_cars: bool

    @property
    def supply_w(self) -> float:
        """What comes in."""
        return sum(self.power_w.get(role, 0.0) for role in _SOURCES)

    @property
    def cars_between_w(self) -> float | None:
        """The cars' draw that the grid meter sees and the house meter does not (negative: the other way round).

        None: it is not measured.
        """
        if self.grid_sees_cars == self.house_sees_cars:
            return 0.0
        cars_w = self.power_w.get(_CHARGER)
        return None if cars_w is None else cars_w if self.grid_sees_cars else -cars_w

    @property
    def gap_w(self) -> float:
        """What comes in and does not arrive at the house meter or, as far as they are measured, at the cars."""
        return self.supply_w - (self.cars_between_w or 0.0) - self.power_w.get(MeterRole.HOUSE, 0.0)

    @property
    def left_w(self) -> float:
        """What is left for the house, and for the cars where they are not measured."""
        return self.supply_w - (self.power_w.get(_CHARGER, 0.0) if self.grid_sees_cars else 0.0)

    @property
    def tolerance_w(self) -> float:
        """How far apart numbers may be that mean the same."""
        return max(TOLERANCE_W, TOLERANCE_SHARE * max((abs(one) for one in self.power_w.values()), default=0.0))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`adds_up` is None where it cannot be told; `text` says the sum, or what is missing for it."""

    adds_up: bool | None
    text: str
    findings: tuple[Finding, ...] = ()


def judge(facts: EnergyFacts, rounds: Sequence[Round]) -> Verdict:
    """Whether the meters add up, by the middle one of the rounds in which all told their watts."""
    roles = {meter.role for meter in facts.meters.values()}
    sums = [one for one in (_sums(facts, answers) for answers in rounds) if one.power_w.keys() >= roles]
    if MeterRole.GRID not in roles:
        verdict = Verdict(None, _without_grid(facts, roles))
    elif not sums:
        verdict = Verdict(None, "Whether it adds up cannot be told: in no round did all meters tell their watts.")
    elif MeterRole.HOUSE in roles:
        verdict = _by_the_house(_middle(sums, lambda one: one.gap_w))
    elif MeterRole.PV in roles:
        verdict = _by_what_is_left(_middle(sums, lambda one: one.left_w))
    else:
        told = _told(_middle(sums, lambda one: one.left_w))
        text = (
            f"Whether it adds up cannot be told without a sun or house meter: {told}. To follow the sun it is enough."
        )
        verdict = Verdict(None, text)
    return replace(verdict, findings=(*verdict.findings, *_below_cars(sums)))


def _sums(facts: EnergyFacts, answers: Round) -> Sums:
    power_w: dict[MeterRole, float] = {}
    for role in MeterRole:
        asked = [answers.get(meter.name) for meter in facts.of_role(role)]
        told = [one.reading.power_w for one in asked if one and one.reading and one.reading.power_w is not None]
        if asked and len(told) == len(asked):
            power_w[role] = sum(told)
    sees = {role: any(meter.includes_charger for meter in facts.of_role(role)) for role in MeterRole}
    return Sums(power_w, sees[MeterRole.GRID], sees[MeterRole.HOUSE])


def _middle(sums: Sequence[Sums], value: Callable[[Sums], float]) -> Sums:
    return sorted(sums, key=value)[len(sums) // 2]


def _without_grid(facts: EnergyFacts, roles: set[MeterRole]) -> str:
    if MeterRole.PV not in roles:
        return "No meter tells the surplus: there is neither a grid nor a sun meter."
    if MeterRole.HOUSE in roles:
        return "Whether sun and house are right cannot be told without a grid meter. To follow the sun they are enough."
    told = f"[control] house_w = {facts.solar.house_w:g}"
    return f"Only the sun is measured, so nothing can be checked. The house is taken to use {told} all the time."


# ── with a house meter ───────────────────────────────────────────────────────────────────────────────────────────────


def _by_the_house(sums: Sums) -> Verdict:
    told = f"{_told(sums)}; the house meter shows {watts(sums.power_w[MeterRole.HOUSE])}"
    if sums.cars_between_w is None:
        return _by_unmeasured_cars(sums, told)
    if abs(sums.gap_w) <= sums.tolerance_w:
        return Verdict(adds_up=True, text=f"It adds up: {told}.")
    amount = f"{watts(abs(sums.gap_w))} {'go where no meter sees them' if sums.gap_w > 0 else 'come from nowhere'}"
    return _contradiction("gap", f"It does not add up: {told}. {amount}.", sums, _closes)


def _by_unmeasured_cars(sums: Sums, told: str) -> Verdict:
    """Just one of the two meters sees the cars and nothing measures them: the gap is what they draw."""
    cars_w = sums.gap_w if sums.grid_sees_cars else -sums.gap_w
    if cars_w >= -sums.tolerance_w:
        return Verdict(None, f"It adds up if the cars draw {watts(max(0.0, cars_w))} now: {told}.")
    text = f"It does not add up: {told}. The cars would have to draw {watts(cars_w)}, less than nothing."
    return _contradiction("gap", text, sums, _closes)


def _closes(sums: Sums) -> bool:
    return sums.cars_between_w is not None and abs(sums.gap_w) <= sums.tolerance_w


# ── without one ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_what_is_left(sums: Sums) -> Verdict:
    if sums.left_w < -sums.tolerance_w:
        text = (
            f"It does not add up: {_told(sums)}. The house would have to use {watts(sums.left_w)}, less than nothing."
        )
        return _contradiction("negative_house", text, sums, _leaves_something)
    who = "the house uses" if _CHARGER in sums.power_w else "house and cars use"
    found = tuple(_suspicions(sums, who))
    return Verdict(None, f"It can be right, if {who} {watts(max(0.0, sums.left_w))} now: {_told(sums)}.", found)


def _leaves_something(sums: Sums) -> bool:
    return -sums.tolerance_w <= sums.left_w <= MOST_W


def _suspicions(sums: Sums, who: str) -> Iterator[Finding]:
    """What looks like a surplus that is told with the wrong sign."""
    sun_w, grid_w = sums.power_w[MeterRole.PV], sums.power_w[MeterRole.GRID]
    if (
        sun_w < SUNNY_W
        or not SUSPICIOUS_SHARE * sun_w <= grid_w
        or not _leaves_something(_with(sums, MeterRole.GRID, -1))
    ):
        return
    text = f"The sun gives {watts(sun_w)}, and yet {watts(grid_w)} seem to come from the grid."
    remedy = f"If {who} less than {watts(sums.left_w)} now, the grid meter is the wrong way round: scale = -1."
    yield Finding(Level.WARNING, "turned", text, remedy)


# ── explaining ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _contradiction(code: str, text: str, sums: Sums, right: Callable[[Sums], bool]) -> Verdict:
    causes = [cause for cause, other in _mistakes(sums) if right(other)]
    remedy = f"It would be right if {', or if '.join(causes)}." if causes else (
        "Hold each number against the device's own display: one of them is wrong, or sees only a part."
    )  # fmt: skip
    return Verdict(adds_up=False, text=text, findings=(Finding(Level.ERROR, code, text, remedy),))


def _mistakes(sums: Sums) -> Iterator[tuple[str, Sums]]:
    """Each mistake by itself, and the numbers without it."""
    for role, power_w in sums.power_w.items():
        if 0 < abs(power_w) < TINY_W:
            yield f'the {role.value} meter tells kilowatts (unit = "kW")', _with(sums, role, 1000)
        yield f"the {role.value} meter is the wrong way round (scale = -1)", _with(sums, role, -1)
    if sums.power_w.get(_CHARGER, 0.0) > sums.tolerance_w:
        for role, other in (
            (MeterRole.GRID, replace(sums, grid_sees_cars=not sums.grid_sees_cars)),
            (MeterRole.HOUSE, replace(sums, house_sees_cars=not sums.house_sees_cars)),
        ):
            sees = other.grid_sees_cars if role is MeterRole.GRID else other.house_sees_cars
            setting = f"includes_charger = {str(sees).lower()}"
            yield f"the {role.value} meter {'sees' if sees else 'does not see'} the cars ({setting})", other


def _with(sums: Sums, role: MeterRole, factor: float) -> Sums:
    return replace(sums, power_w={**sums.power_w, role: factor * sums.power_w[role]})


def _below_cars(sums: Sequence[Sums]) -> Iterator[Finding]:
    """A house meter that is said to see the cars and shows less than they draw."""
    seeing = [one for one in sums if one.house_sees_cars and {MeterRole.HOUSE, _CHARGER} <= one.power_w.keys()]
    if not seeing or not all(one.power_w[MeterRole.HOUSE] < one.power_w[_CHARGER] - one.tolerance_w for one in seeing):
        return
    house_w, cars_w = seeing[-1].power_w[MeterRole.HOUSE], seeing[-1].power_w[_CHARGER]
    text = f"The house meter shows {watts(house_w)}, less than the {watts(cars_w)} that the cars draw."
    yield Finding(Level.ERROR, "below_cars", text, "It does not see them: includes_charger = false.")


def _told(sums: Sums) -> str:
    parts = [f"{_SOURCES[role]} {watts(sums.power_w[role])}" for role in _SOURCES if role in sums.power_w]
    text = " + ".join(parts) + (f" = {watts(sums.supply_w)}" if len(parts) > 1 else "")
    cars_w = sums.power_w.get(_CHARGER)
    return (
        text
        if cars_w is None
        else f"{text}, of which cars {watts(cars_w)}"
        if sums.grid_sees_cars
        else f"{text}, and cars {watts(cars_w)} beside it"
    )
