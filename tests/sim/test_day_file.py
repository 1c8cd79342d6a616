"""Day files: what they may look like, and what each mistake in one is told as."""

from __future__ import annotations

from pathlib import Path

import pytest

from twcmaster.sim.day_file import DayFileError, gaps_in_words, read_day

HEADER = "seconds,pv_w,load_w\n"
HOUR_S = 3600


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "day.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_day_file_is_read_at_any_spacing_with_straight_lines_between(tmp_path: Path) -> None:
    day = read_day(write(tmp_path, HEADER + "0,0,300\n60,600,300\n61,100,500\n3600,100,500\n"))
    assert [day.pv.at(second) for second in (0, 30, 60, 61, 3599)] == [0, 300, 600, 100, 100]
    assert [day.load.at(second) for second in (0, 60, 60.5, 61, 86_399)] == [300, 300, 400, 500, 500]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffseconds,pv_w,load_w\n0,600,300\n60,900.5,400\n",
        "load_w,seconds,pv_w\n300,0,600\n400,60,900.5\n",
        "when,Seconds,PV_W,soc,Load_W\n0:00,0,600,,300\n0:01,60,900.5,55,400\n",
        "seconds;pv_w;load_w\r\n0;600;300\r\n60;900,5;400\r\n",
        '"seconds", "pv_w", "load_w"\n"0","600","300"\n"60","900.5","400"\n',
        "seconds,pv_w,load_w\n\n0,600,300\n,,\n60,900.5,400\n\n",
    ],
    ids=["byte order mark", "other order", "other columns and letters", "semicolons", "quotes", "empty rows"],
)
def test_spreadsheets_write_the_same_in_many_ways(tmp_path: Path, text: str) -> None:
    day = read_day(write(tmp_path, text))
    assert [day.pv.at(second) for second in (0, 30)] == [600, 750.25]
    assert [day.load.at(second) for second in (0, 30)] == [300, 350]


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "line 1: expected the columns seconds,pv_w,load_w"),
        ("time,pv,load\n0,0,0\n", "line 1: expected the columns"),
        ("seconds,pv_w,load_w,pv_w\n0,0,0,0\n", "line 1: .* each once, found 'seconds,pv_w,load_w,pv_w'"),
        (HEADER, "no rows"),
        (HEADER + "\n,,\n", "no rows"),
        (HEADER + "0,0\n", "line 2: expected three numbers"),
        (HEADER + "0,0,0\n60,sunny,0\n", "line 3: expected three numbers, found '60,sunny,0'"),
        (HEADER + "0,nan,0\n", "line 2: pv_w must lie between -500 and 10000000, found nan"),
        (HEADER + "0,1e39,0\n", "line 2: pv_w must lie"),
        (HEADER + "0,0,-5000\n", "line 2: load_w must lie .*, found -5000: .* both positive"),
        (HEADER + "nan,0,0\n", "line 2: seconds must lie"),
        (HEADER + "90000,0,0\n", "line 2: seconds must lie"),
        (HEADER + "60,0,0\n\n60,0,0\n", "line 4: seconds must rise"),
        (HEADER + '0,0,0\n"60,0,0\n' + "120,0,0\n" * 20_000, r"line 3: expected three numbers, found '60,0,0'"),
        (HEADER + '"' + "1" * 200_000, "line 2: is not CSV"),
    ],
)
def test_a_bad_day_file_is_told_by_line_and_in_few_words(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DayFileError, match=complaint) as told:
        read_day(path)
    assert len(str(told.value)) < len(str(path)) + 200


def test_a_long_line_is_not_repeated_in_full(tmp_path: Path) -> None:
    with pytest.raises(DayFileError, match="…") as told:
        read_day(write(tmp_path, HEADER + "x" * 1000))
    assert len(str(told.value)) < 300


def test_a_missing_or_binary_day_file_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(DayFileError, match="cannot be read"):
        read_day(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DayFileError, match=r"cannot be read .* in UTF-8"):
        read_day(tmp_path / "binary.csv")


def test_a_day_with_rows_all_day_holds_its_ends(tmp_path: Path) -> None:
    rows = "".join(f"{second},{1000 + second / 100},400\n" for second in range(HOUR_S, 86_400, HOUR_S))
    day = read_day(write(tmp_path, HEADER + rows))
    assert not day.gaps
    assert not gaps_in_words(day.gaps)
    assert (day.pv.at(0), day.pv.at(86_399)) == (1036, 1828)


def test_there_is_no_sun_where_there_are_no_rows(tmp_path: Path) -> None:
    rows = "".join(f"{second},5000,400\n" for second in range(10 * HOUR_S, 12 * HOUR_S + 1, 60))
    day = read_day(write(tmp_path, HEADER + rows))
    assert day.pv.energy_kwh == pytest.approx(10.0, abs=0.01)
    assert {day.load.at(hour * HOUR_S) for hour in range(24)} == {400}
    assert gaps_in_words(day.gaps) == (
        "no rows for 22.0 of 24 hours (0:00-10:00, 12:00-24:00): they count as hours without sun. "
        "Give at least one row an hour."
    )


def test_a_long_gap_is_not_bridged(tmp_path: Path) -> None:
    rows = "".join(f"{h * HOUR_S},{h * 100},400\n" for h in range(24) if h not in (10, 11, 12))
    day = read_day(write(tmp_path, HEADER + rows))
    assert list(day.gaps) == [(9 * HOUR_S, 13 * HOUR_S)]
    assert [day.pv.at(hour * HOUR_S) for hour in (8.5, 9.5, 12.5, 13, 13.5)] == [850, 0, 0, 1300, 1350]


def test_many_gaps_are_told_in_one_line(tmp_path: Path) -> None:
    rows = "".join(f"{hour * HOUR_S},100,400\n" for hour in range(0, 24, 4))
    told = gaps_in_words(read_day(write(tmp_path, HEADER + rows)).gaps)
    assert "no rows for 24.0 of 24 hours (0:00-4:00, 4:00-8:00, 8:00-12:00, …)" in told


@pytest.mark.corpus
def test_every_recorded_day_is_readable_and_holds_its_energy(corpus: Path) -> None:
    files = sorted((corpus / "days").glob("*.csv"))
    assert files
    for path in files:
        day = read_day(path)
        assert not day.gaps
        assert 1 < day.pv.energy_kwh < 100
        assert 1 < day.load.energy_kwh < 100
