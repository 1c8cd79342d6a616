"""Commands: what they change, what they refuse and with which words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.control.small_world import GATE, LEFT, METERED_FACTS, NOON, RIGHT, SITE_FACTS
from twcmaster.control.commands import apply, initial
from twcmaster.control.known import known_of
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    CommandRefused,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.energy import EnergyFacts, MeterFacts
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import (
    SITE,
    ChargeNow,
    Mode,
    SaveKind,
    SavePower,
    Settings,
    StandingMode,
    Window,
)
from twcmaster.model.settings_json import decode, decode_command, encode, encode_command

KNOWN = known_of(METERED_FACTS, (LEFT, RIGHT))
START = initial(Mode.SOLAR)
LEFT_KEY, GATE_KEY = LEFT.key, GATE.key
HOUR = timedelta(hours=1)
LATER, NEVER = NOON + HOUR, NOON - HOUR


def after(*commands: Command, start: Settings = START) -> Settings:
    for command in commands:
        start = apply(start, command, NOON, KNOWN)
    return start


def night(
    mode: Mode = Mode.FIXED, amps: float | None = 16, days: frozenset[int] = frozenset({0}), **more: object
) -> Window:
    return replace(Window("", days, time(22), time(6), mode, amps), **more)  # type: ignore[arg-type]


def test_the_standing_mode_of_site_and_connector() -> None:
    settings = after(SetMode(Mode.FIXED, amps=20), SetMode(Mode.OFF, LEFT_KEY))
    assert settings.of(SITE).standing == StandingMode(Mode.FIXED, 20)
    assert settings.of(LEFT_KEY).standing == StandingMode(Mode.OFF)
    assert settings.version == 2


def test_a_connector_follows_the_site_again_and_leaves_no_trace() -> None:
    settings = after(SetMode(Mode.OFF, LEFT_KEY), SetMode(None, LEFT_KEY))
    assert settings.scopes == START.scopes


@pytest.mark.parametrize(
    "commands, then",
    [
        ([SetMode(Mode.OFF, until=LATER)], StandingMode(Mode.SOLAR)),
        ([SetMode(Mode.OFF, until=LATER, then=Mode.SOLAR_MIN)], StandingMode(Mode.SOLAR_MIN)),
        ([SetMode(Mode.FIXED, amps=16), SetMode(Mode.OFF, until=LATER)], StandingMode(Mode.FIXED, 16)),
        # What comes back is the last lasting mode, however many temporary ones lie between.
        ([SetMode(Mode.OFF, until=LATER), SetMode(Mode.FIXED, amps=9, until=LATER + HOUR)], StandingMode(Mode.SOLAR)),
    ],
)
def test_a_temporary_mode_knows_what_comes_back(commands: list[Command], then: StandingMode) -> None:
    standing = after(*commands).of(SITE).standing
    assert standing is not None
    assert standing.until is not None
    assert standing.then == then


def test_a_connector_without_a_mode_follows_the_site_after_a_temporary_one() -> None:
    standing = after(SetMode(Mode.OFF, LEFT_KEY, until=LATER)).of(LEFT_KEY).standing
    assert standing == StandingMode(Mode.OFF, until=LATER, then=None)


@pytest.mark.parametrize(
    "command, expected",
    [
        (StartChargeNow(), ChargeNow(NOON, until=NOON + 24 * HOUR)),
        (StartChargeNow(amps=16), ChargeNow(NOON, 16, NOON + 24 * HOUR)),
        (StartChargeNow(until=LATER), ChargeNow(NOON, until=LATER)),
        (StartChargeNow(energy_kwh=5), ChargeNow(NOON, energy_kwh=5)),
        (StartChargeNow(until_unplugged=True), ChargeNow(NOON, until_unplugged=True)),
        (StartChargeNow(until=LATER, energy_kwh=5), ChargeNow(NOON, until=LATER, energy_kwh=5)),
    ],
)
def test_charge_now_always_has_an_end(command: Command, expected: ChargeNow) -> None:
    assert after(command).of(SITE).charge_now == expected


def test_charge_now_is_cancelled_and_cancelling_nothing_changes_nothing() -> None:
    assert after(StartChargeNow(), CancelChargeNow()).scopes == START.scopes
    assert after(CancelChargeNow()) is START


def test_windows_are_replaced_as_a_whole_and_numbered() -> None:
    settings = after(SetSchedule((night(id="weekend"), night(), night(id="1"), night())))
    assert [window.id for window in settings.of(SITE).windows] == ["weekend", "2", "1", "3"]
    assert after(SetSchedule(()), start=settings).scopes == START.scopes


def test_priorities_and_names() -> None:
    assert after(SetPriority("left bay", 3)).of(LEFT_KEY).priority == 3
    assert after(SetPriority("1a2b", 3)).of(LEFT_KEY).priority == 3
    # In the config, although not heard yet.
    assert after(SetPriority("Gate", 3)).of(GATE_KEY).priority == 3


def test_a_connector_with_wishes_stays_addressable_while_it_is_away() -> None:
    settings = after(SetPriority(LEFT_KEY, 3))
    nobody = known_of(SITE_FACTS, ())
    assert apply(settings, SetMode(Mode.OFF, LEFT_KEY), NOON, nobody).of(LEFT_KEY).standing == StandingMode(Mode.OFF)


def test_the_newest_save_power_signal_of_a_source_holds() -> None:
    grid = SetSavePower(SaveKind.WATTS, 4200, source="grid", until=LATER)
    settings = after(grid, SetSavePower(SaveKind.OFF, circuit="yard"), replace(grid, value=3000))
    assert set(settings.save_power) == {
        SavePower(SaveKind.WATTS, 3000, None, LATER, "grid"),
        SavePower(SaveKind.OFF, 0, "yard"),
    }
    assert after(SetSavePower(None, source="grid"), start=settings).save_power == (SavePower(SaveKind.OFF, 0, "yard"),)


@pytest.mark.parametrize(
    "command, says",
    [
        (
            SetMode(Mode.OFF, "garden"),
            'There are bus/1A2B (Left bay), bus/3C4D (Right bay), other/C0DE (Gate), and "site"',
        ),
        (SetMode(None), "The site always has a mode: off, fixed, solar, solar_min."),
        (SetMode(None, LEFT_KEY, amps=12), "Leave them out."),
        (SetMode(Mode.SOLAR, amps=12), "Say fixed, or leave the amps out."),
        (SetMode(Mode.FIXED, amps=5), "no car charges below 6 A here."),
        (SetMode(Mode.FIXED, amps=0), "set the mode off."),
        (SetMode(Mode.FIXED, amps=float("nan")), "makes no sense"),
        (SetMode(Mode.FIXED, amps=33, scope=LEFT_KEY), "the unit and its wires carry 32 A. Give 6 to 32 A."),
        (SetMode(Mode.FIXED, amps=21, scope="Gate"), "its wires carry 20 A."),
        (SetMode(Mode.FIXED, amps=51), "The site cannot have 51 A: the circuits carry 50 A."),
        (SetMode(Mode.OFF, until=NEVER), "That time has passed already."),
        (SetMode(Mode.OFF, until=NOON.replace(tzinfo=None) + HOUR), "The time has no zone."),
        (SetMode(Mode.OFF, until=NOON + 400 * 24 * HOUR), "more than a year"),
        (SetMode(Mode.OFF, then=Mode.SOLAR), "Say until when"),
        (SetMode(Mode.OFF, until=LATER, then=Mode.FIXED), "the mode before comes back"),
        (StartChargeNow(amps=4), "no car charges below 6 A"),
        (StartChargeNow(energy_kwh=0), "0 kWh makes no sense"),
        (StartChargeNow(energy_kwh=-2), "Give more than 0"),
        (StartChargeNow(energy_kwh=float("inf")), "at most 1000 kWh"),
        (StartChargeNow(until=NOON), "That time has passed already."),
        (SetSchedule((night(days=frozenset()),)), "at least one day"),
        (SetSchedule((night(days=frozenset({7})),)), "0 for Monday to 6 for Sunday"),
        (SetSchedule((night(amps=3),)), "no car charges below 6 A"),
        (SetSchedule((night(Mode.SOLAR),)), "Amps go with fixed"),
        (SetSchedule((night(id="a"), night(id="a"))), "same id"),
        (SetSchedule((night(start=time(22, tzinfo=UTC)),)), "without a zone"),
        (SetSchedule((night(id="\x1b[2J"),)), "signs that cannot be shown"),
        (SetSchedule((night(),) * 201), "at most 200"),
        (SetPriority(SITE, 1), "Name one."),
        (SetPriority(LEFT_KEY, -1), "from 0 (served first) to 99"),
        (SetSavePower(SaveKind.OFF, circuit="cellar"), "There are main, garage, yard."),
        (SetSavePower(SaveKind.AMPS, -1), "from 0 on"),
        (SetSavePower(SaveKind.WATTS, float("nan")), "from 0 on"),
        (SetSavePower(SaveKind.OFF, until=NEVER), "passed already"),
        (SetSavePower(SaveKind.OFF, source="x" * 61), "at most 60"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(command: Command, says: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        after(command)
    assert says in str(refused.value)


@pytest.mark.parametrize("role", [None, MeterRole.HOUSE, MeterRole.GRID, MeterRole.PV])
@pytest.mark.parametrize(
    "command",
    [SetMode(Mode.SOLAR), SetMode(Mode.SOLAR_MIN, LEFT_KEY), SetMode(Mode.OFF, until=LATER, then=Mode.SOLAR)],
)
def test_the_sun_is_followed_only_where_a_meter_tells_what_it_leaves(command: Command, role: MeterRole | None) -> None:
    meters = {} if role is None else {"one": MeterFacts("one", role)}
    known = known_of(replace(SITE_FACTS, energy=EnergyFacts(meters)), (LEFT,))
    if role in (MeterRole.GRID, MeterRole.PV):
        assert apply(START, command, NOON, known) is not None
        return
    with pytest.raises(CommandRefused, match="Describe a grid or pv meter in the config first, or choose off or fixed"):
        apply(START, command, NOON, known)
    assert apply(START, SetMode(Mode.FIXED), NOON, known).of(SITE).standing == StandingMode(Mode.FIXED)


def test_two_connectors_of_one_name_must_be_told_apart() -> None:
    known = known_of(SITE_FACTS, (LEFT, replace(RIGHT, name="Left bay")))
    with pytest.raises(CommandRefused, match="bus/1A2B or bus/3C4D"):
        apply(START, SetMode(Mode.OFF, "Left Bay"), NOON, known)


def test_before_any_connector_is_heard_the_site_can_be_steered() -> None:
    known = known_of(replace(SITE_FACTS, buses={"bus": SITE_FACTS.buses["bus"]}), ())
    assert apply(START, SetMode(Mode.FIXED, amps=40), NOON, known).of(SITE).standing == StandingMode(Mode.FIXED, 40)
    with pytest.raises(CommandRefused, match="No connector has been heard yet"):
        apply(START, SetMode(Mode.OFF, "Left bay"), NOON, known)


# ── any commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

scopes = st.sampled_from([SITE, LEFT_KEY, GATE_KEY, "Gate", "nobody", ""])
amps = st.none() | st.floats(-5, 60) | st.floats(allow_nan=True)
times = (
    st.none() | st.datetimes(timezones=st.none() | st.just(UTC)) | st.integers(-5, 500).map(lambda h: NOON + h * HOUR)
)
modes = st.sampled_from(Mode)
windows = st.builds(
    Window, st.text(max_size=2), st.frozensets(st.integers(-1, 7)), st.times(), st.times(), modes, amps, st.booleans()
)
commands = st.one_of(
    st.builds(SetMode, st.none() | modes, scopes, amps, times, st.none() | modes),
    st.builds(StartChargeNow, scopes, amps, times, st.none() | st.floats(), st.booleans()),
    st.builds(CancelChargeNow, scopes),
    st.builds(SetSchedule, st.lists(windows, max_size=3).map(tuple), scopes),
    st.builds(SetPriority, scopes, st.integers()),
    st.builds(
        SetSavePower,
        st.none() | st.sampled_from(SaveKind),
        st.floats(),
        st.none() | st.sampled_from(["main", "yard", "nowhere"]),
        times,
        st.text(max_size=3),
    ),
)


@given(st.lists(commands, max_size=12))
def test_any_commands_leave_a_valid_document(script: list[Command]) -> None:
    settings, now = START, NOON
    for command in script:
        now += timedelta(minutes=10)
        before = settings
        try:
            settings = apply(before, command, now, KNOWN)
        except CommandRefused:
            continue
        assert settings.version == before.version + (settings != before)
        assert decode(encode(settings)) == settings
        # The same again changes nothing more.
        assert apply(settings, command, now, KNOWN) == settings
    check_valid(settings)


def check_valid(settings: Settings) -> None:
    assert settings.of(SITE).standing is not None
    for scope, wishes in settings.scopes.items():
        allowed = KNOWN.range_of(scope)
        assert allowed is not None
        asked = [window.amps for window in wishes.windows]
        asked += [wishes.standing.amps] if wishes.standing else []
        asked += [wishes.charge_now.amps] if wishes.charge_now else []
        assert all(a is None or allowed.minimum_a <= a <= allowed.limit_a for a in asked)
        assert len({window.id for window in wishes.windows}) == len(wishes.windows)
        now = wishes.charge_now
        assert now is None or now.until or now.energy_kwh or now.until_unplugged
        assert wishes.standing is None or wishes.standing.then is None or wishes.standing.then.until is None


@given(commands)
@example(SetSchedule((Window("w", frozenset((0, -1, 6, 7)), time(1), time(2), Mode.OFF),)))
def test_commands_survive_json(command: Command) -> None:
    once = decode_command(json.loads(json.dumps(encode_command(command))))
    assert type(once) is type(command)
    assert json.dumps(encode_command(once)) == json.dumps(encode_command(command))
