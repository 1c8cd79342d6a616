import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

LIMIT = "FB E0 77 77 24 33 05 07 D0 00 00 00 00 00 00 01"
WORDS = "master 7777 → 2433 heartbeat: limit 20 A (05)"
RECORDING = """\
{"t": 0.000000, "dir": "tx", "hex": "c0fbe077772433"}
{"t": 0.010000, "dir": "tx", "hex": "0507d000000000000001c0"}
{"t": 0.100000, "dir": "rx", "hex": "c0fde02433777704000000000000000000cfc0"}
"""


@pytest.mark.parametrize(
    "line",
    [
        LIMIT,
        LIMIT.lower(),
        LIMIT.replace(" ", ""),
        f"C0 {LIMIT} C0",
        "0x" + LIMIT.replace(" ", ", 0x"),
        f"Tx@: {LIMIT}",
        f"2020-12-14 06:12:15,378 - RS485 12 Tx@: C0 {LIMIT} C0",
        f"Sent packet: c0{LIMIT.replace(' ', '').lower()}c0ff",
    ],
)
def test_lines_in_every_shape(twcmaster: Invoke, tmp_path: Path, line: str) -> None:
    (tmp_path / "log").write_text(f"# a comment\n\nplain words\n{line}\n")
    for result in (twcmaster("decode", tmp_path / "log"), twcmaster("decode", "-", stdin=line)):
        assert result.exit_code == 0
        assert WORDS in result.stdout


@pytest.mark.parametrize("arguments", [LIMIT.split(), [LIMIT], [LIMIT.replace(" ", "")]])
def test_hex_may_be_given_right_away(twcmaster: Invoke, arguments: list[str]) -> None:
    assert twcmaster("decode", *arguments).stdout.strip() == WORDS


def test_a_recording_is_put_together_from_its_chunks(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bus.jsonl").write_text(RECORDING)
    result = twcmaster("decode", tmp_path / "bus.jsonl")
    lines = result.stdout.splitlines()
    assert [line.split("  ")[0].split()[1] for line in lines] == ["tx", "rx"]
    assert WORDS in lines[0]


def test_json_has_everything(twcmaster: Invoke) -> None:
    found = json.loads(twcmaster("decode", "--json", "-", stdin=f"Tx@07:53:37: {LIMIT}").stdout)
    assert found["ok"] is True
    assert found["direction"] == "tx"
    assert (found["kind"], found["limit_a"], found["receiver"]) == ("master_heartbeat", 20, "2433")


@pytest.mark.parametrize(
    "text, words",
    [
        (LIMIT.replace("D0", "D1"), "checksum is 01, should be 02"),
        (LIMIT[:-12], "length 12"),
        ("C0 FB E0 DB 77 C0", "DB at byte"),
    ],
)
def test_damage_is_explained_and_ends_with_1(twcmaster: Invoke, text: str, words: str) -> None:
    result = twcmaster("decode", "-", stdin=text)
    assert result.exit_code == 1
    assert words in result.stdout
    assert "1 of 1 frames damaged" in result.stderr


def test_text_without_frames_ends_with_1(twcmaster: Invoke) -> None:
    result = twcmaster("decode", "-", stdin="nothing to see\n")
    assert result.exit_code == 1
    assert "No frame was found" in result.stderr


@pytest.mark.parametrize("source", ["/no/such/file", "nonsense"])
def test_a_file_that_is_not_there_is_wrong_usage(twcmaster: Invoke, source: str) -> None:
    result = twcmaster("decode", source)
    assert result.exit_code == 2
    assert source in result.stderr


def test_a_folder_is_wrong_usage(twcmaster: Invoke, tmp_path: Path) -> None:
    assert twcmaster("decode", tmp_path).exit_code == 2


def test_binary_rubbish_is_no_reason_to_fall_over(twcmaster: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bin").write_bytes(bytes(range(256)) * 40)
    assert twcmaster("decode", tmp_path / "bin").exit_code == 1
