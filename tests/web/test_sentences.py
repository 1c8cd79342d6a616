"""Every sentence that the program can say has a German form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.control.small_world import NOON
from tests.web.conftest import ROOT
from tests.web.sentences import BLANK, Unread, returned_by, said_in
from twcmaster.api.problems import _HTTP_WORDS
from twcmaster.control import modes, phrases, remedies, save_power
from twcmaster.control.modes import ModeWish
from twcmaster.control.rules import charge_now
from twcmaster.model.plan import Reason
from twcmaster.model.settings import SITE, ChargeNow, Mode, SaveKind, SavePower

SOURCE = ROOT / "src/twcmaster"
RULES = json.loads((ROOT / "web/src/i18n/sentences.de.json").read_text(encoding="utf-8"))
SPOKEN = [*(SOURCE / "control").rglob("*.py"), SOURCE / "api/views/words.py"]
#: What may stand in the place of what is filled in.
FILLINGS = ("7", "7.0 kW", "16 A", "1A2B", "Left bay")
LATER = NOON + timedelta(hours=9)


def found_rule(text: str) -> tuple[str, str] | None:
    return next(((pattern, words) for pattern, words in RULES if re.fullmatch(pattern, text)), None)


def german(text: str) -> str:
    """As the page does it."""
    rule = found_rule(text)
    if rule is None:
        return re.sub(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])", r"\1,\2", text)
    caught = re.fullmatch(rule[0], text)
    assert caught is not None
    return re.sub(r"\$(\d)", lambda group: german(caught[int(group[1])] or ""), rule[1])


def sample(text: str) -> str:
    """The text with something filled in, such that a rule knows it if any does."""
    samples = [text.replace(BLANK, filling) for filling in FILLINGS]
    return next((one for one in samples if found_rule(one)), samples[0])


def all_said() -> list[str | Unread]:
    found = [text for path in SPOKEN for text in said_in(path)]
    found += returned_by(SOURCE / "runtime/bus_words.py", "describe")
    found += returned_by(SOURCE / "api/views/heard.py", "finding")
    for name in ("pump.py", "poll.py", "bus.py"):
        found += said_in(SOURCE / "runtime" / name, {"_notice": 1, "notice": 1})
    found += refusals()
    return list(dict.fromkeys(found))


def refusals() -> list[str | Unread]:
    """What an answer says that is none: what is wrong, and what to do."""
    served = [*(SOURCE / "api").rglob("*.py"), *(SOURCE / "serving").rglob("*.py")]
    places = (
        {"ApiProblem": 3},
        {"ApiProblem": 4},
        *({name: at} for name in ("NotPossible", "not_found", "_wrong") for at in (0, 1)),
    )
    found = [text for path in served for place in places for text in said_in(path, place)]
    refusing = [
        SOURCE / name
        for name in (
            "control/commands.py",
            "control/known.py",
            "control/reach.py",
            "runtime/wishes.py",
            "api/views/wishes.py",
        )
    ]
    found += [text for path in refusing for text in said_in(path, {"CommandRefused": 0})]
    copies = [SOURCE / "store/history_checks.py", SOURCE / "store/history_copies.py"]
    found += [text for path in copies for text in said_in(path, {"BadCopy": 0})]
    said = [text for text in found if isinstance(text, str) and text not in NAMED_ONLY]
    return [text for text in said if not text.startswith(FOR_PROGRAMS)]


#: Answers to what the page never asks, or only after checking: for those who write programs or commands.
FOR_PROGRAMS = (
    "This replaces the whole",
    "Send the ETag",
    "A request with a login cookie",
    "Send the header",
    "Mend the fields",
    f'"{BLANK}" has none',
    "Log in as a person",
    f"{BLANK} is not within",
    "Ask for",
    "`from`",
    "Turn them round",
    f"{BLANK} intervals",
    "Give either `until`",
    "What comes after",
    "The site always",
    "A connector that follows",
    "Amps go with fixed",
    "The time has no zone",
    "Two windows have the same id",
    "A window needs",
    "Windows are in",
    "Priorities ",
    *(f"There is no {what} " for what in ("connector", "circuit", "token", "login", "bus")),
    "There is nobody",
    f"{BLANK} save-power signals",
    f"{BLANK} makes no sense. Give amps or watts",
    f"{BLANK} comes after",
    f'"{BLANK}" could be',
    "GET /",
    "Known: ",
)
#: No sentences of their own: where in the config file, and what is wrong there, in English.
NAMED_ONLY = ("", f"{BLANK}: {BLANK}", f"{BLANK}: {BLANK}.", f"meter: {BLANK}.")


def wishes() -> list[str]:
    """What people can have wished, in the words of the functions that are too clever to be read."""
    charging = [
        ChargeNow(NOON, amps, until, energy, until_unplugged=unplugged)
        for amps in (None, 16)
        for until in (None, LATER)
        for energy in (None, 5)
        for unplugged in (False, True)
    ]
    standing = [
        ModeWish(scope, mode, amps, scope, 0, 0, until, then, by_schedule=scheduled)
        for scope in (SITE, "bus/1A2B")
        for mode, amps in ((Mode.OFF, None), (Mode.FIXED, None), (Mode.FIXED, 16.0))
        for until, then in ((None, ""), (LATER, "Solar"), (LATER, "16 A"), (LATER, "nothing"), (LATER, "as the site"))
        for scheduled in (False, True)
    ]
    signal = SavePower(SaveKind.OFF, 7)
    saving = [
        signal,
        replace(signal, kind=SaveKind.AMPS, circuit="garage"),
        replace(signal, kind=SaveKind.WATTS, until=LATER, source="grid"),
    ]
    told = [charge_now._reason(wish, NOON).text for wish in charging]
    told += [modes._say(wish, NOON) for wish in standing]
    told += [save_power._say(one, NOON) for one in saving]
    return [*told, *(f"{phrases.mode(mode, 16)} from {when}" for mode in Mode for when in ("19:00", "3 Aug 21:30"))]


SAID = [text for text in all_said() if isinstance(text, str)]


@pytest.mark.parametrize(
    "english,told",
    [
        ("Charging with 4.2 kW of sun", "Lädt mit 4,2 kW Sonne"),
        ("Charging 2 cars with 11 kW", "Lädt mit 11 kW"),
        ("the page is at http://127.0.0.1:8080/", "Die Seite ist unter http://127.0.0.1:8080/"),
        ("Waiting. Contactor rests for 7 s more", "Wartet. Schütz ruht noch 7 s"),
        ("Solar for this connector until 21:30, then 16 A", "Sonne für diese Wallbox bis 21:30, dann 16 A"),
        (
            "Main fuse: Meter grid is silent for 12 s; 6 A until it answers",
            "Hauptsicherung: Der Zähler grid schweigt seit 12 s; bis er antwortet, 6 A",
        ),
    ],
)
def test_sentences_read_well_in_german(english: str, told: str) -> None:
    assert german(english) == told


def test_what_cannot_be_read_is_known() -> None:
    unread = {(one.file, one.function) for one in all_said() if isinstance(one, Unread)}
    assert unread == {
        ("charge_now.py", "_reason"),
        ("modes.py", "amps_claims"),
        ("save_power.py", "_constraint"),
        ("words.py", "_working"),
        ("words.py", "sentence"),
        ("words.py", "why"),
        ("words.py", "site_status"),
        ("pump.py", "run"),
        ("poll.py", "_failed"),
    }


@pytest.mark.parametrize("text", SAID)
def test_every_sentence_of_the_program_has_a_german_form(text: str) -> None:
    assert found_rule(sample(text)), f'no rule in sentences.de.json knows "{text}"'
    assert german(sample(text)) != sample(text)


@pytest.mark.parametrize("text", wishes())
def test_every_wish_has_a_german_form(text: str) -> None:
    said = german(text)
    assert said != text
    assert not re.search(r"\b(until|then|for|the|now|at most|by|asked)\b", said), said


@pytest.mark.parametrize("code,text", sorted(remedies._REMEDIES.items()))
def test_every_remedy_has_a_german_form(code: str, text: str) -> None:
    assert found_rule(text), f'no rule knows the remedy of "{code}"'


def test_every_reason_has_a_remedy() -> None:
    codes = {code for path in SPOKEN for code in said_in(path, {"Reason": 0}) if isinstance(code, str)}
    codes = {f"{rule}_{mode}" for rule in ("standing", "schedule") for mode in ("off", "fixed")} | {
        code for code in codes if BLANK not in code
    }
    assert [code for code in sorted(codes) if remedies.remedy(Reason(code, "")) is None] == []


def test_every_rule_is_needed() -> None:
    used: set[str] = set()

    def note(text: str) -> None:
        rule = found_rule(text)
        if rule is not None:
            used.add(rule[0])
            caught = re.fullmatch(rule[0], text)
            for group in caught.groups() if caught else ():
                note(group or "")

    for text in [*map(sample, SAID), *wishes(), *remedies._REMEDIES.values(), *BESIDES]:
        note(text)
    assert [pattern for pattern, _ in RULES if pattern not in used] == []


#: Said elsewhere, or in more forms than one sample shows.
BESIDES = (
    "the page is at http://127.0.0.1:8080/",
    "no password is set yet: open the page and enter the setup code from the log or terminal",
    "message sent by hand: FB",
    "The history is being kept again",
    "Charge now ends at 21:30",
    "As the site from 21:30",
    "Nobody has set a password yet.",
    "Open the page and enter the setup code from the log.",
    "The request cannot be read.",
    "garage/1A2B cannot have 20 A: its wires carry 16 A. Give 6 to 16 A.",
    "The site cannot have 50 A: the unit and its wires carry 40 A. Give 6 to 40 A.",
    *_HTTP_WORDS[413][1:],
)
