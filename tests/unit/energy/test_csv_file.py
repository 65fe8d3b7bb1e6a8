"""Recordings as the instruments' programs write them, and as nobody should."""

from pathlib import Path

import pytest

from specc.measure.energy.csv_file import read_csv
from specc.measure.energy.trace import TraceError


def write(folder: Path, text: str, name: str = "recording.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "voltage"),
    [
        ("Timestamp(ms),Current(uA),D0-D7\n0,1000,10000000\n1,2000,00000000\n2,3000,00000000\n", 2.0),  # PPK2
        ("#time,current,voltage\n0,0.001,2\n0.001,0.002,2\n0.002,0.003,2\n", None),  # Joulescope
        ("\ufeffTimestamp (s);Main current (A);Main voltage (V)\n0;0,001;2\n0,001;0,002;2\n0,002;0,003;2\n", None),
        ("# made by hand\n\ntime [us]\tpower [mW]\n5\t2\n1005\t4\n2005\t6\n", None),
        (
            '"Time (s)","Main Current (mA)","Main Voltage (mV)"\r\n7,1,2000\r\n7.001,2,2000\r\n7.002,3,2000\r\n',
            None,
        ),
        ("t,i (µA)\n0,1000\n.001,2000\n.002,3000\n", 2.0),
    ],
)
def test_columns_and_units_are_understood(tmp_path: Path, text: str, voltage: float | None) -> None:
    trace = read_csv(write(tmp_path, text), voltage)
    assert trace.power.tolist() == pytest.approx([2e-3, 4e-3, 6e-3])
    assert trace.time.tolist() == pytest.approx([0, 1e-3, 2e-3])
    assert trace.rate == pytest.approx(1000)


def test_a_file_without_units_says_what_was_taken(tmp_path: Path) -> None:
    trace = read_csv(write(tmp_path, "time,current\n0,1\n1,1\n"), 3.0)
    assert trace.notes == (
        "the file states no unit: taken as time in s, current in A",
        "supply taken as 3 V throughout",
    )


def test_digital_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "Timestamp(ms),Current(uA),D0-D7\n0,1,10100000\n1,1,00100000\n2,1,10000000\n")
    levels = {name: read_csv(path, 1.0, name).mark for name in ("D0", "D2", "d7")}
    assert {name: None if mark is None else mark.tolist() for name, mark in levels.items()} == {
        "D0": [True, False, True],
        "D2": [True, True, False],
        "d7": [False, False, False],
    }
    with pytest.raises(TraceError, match=r"has no column D9; it has D0-D7"):
        read_csv(path, 1.0, "D9")
    plain = write(tmp_path, "time,power,GPI1\n0,1,0\n1,1,1\n")
    mark = read_csv(plain, mark="gpi1").mark
    assert mark is not None and mark.tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line names columns"),
        ("a,b\n1,2\n", "no line names columns"),
        ("time,current (dB)\n0,1\n1,1\n", "no line names columns"),
        ("time,current\n0,1\n1,1\n", "records current alone; the supply's voltage is needed"),
        ("time,power\n0,1\n1,x\n", "row 2 after the header has 'x' as power, which is no number"),
        ("time,power\n0,1\n1,\n", "as power, which is no number"),
        ("time,power\n0,1\n1,inf\n", "'inf' as power, which is no number"),
        ("time,power\n0,1\n2024-01-01 00:00:01,1\n", "as time, which is no number"),
        ("time,power\n0,1\n", "fewer than two samples"),
        ("time,power\n", "fewer than two samples"),
        ("time,power\n0,1\n1,1\n1,1\n", "time does not rise at sample 3"),
        ("time,power\n0,1\n1,1\n0.5,1\n", "time does not rise at sample 3"),
        ("time,power,clipped\n0,1,0\n1,1,x\n", "row 2 after the header has 'x' in clipped"),
        ("time,power,D0\n0,1,0\n1,1,2\n", "row 2 after the header has '2' in D0"),
        ("time,power,D0\n0,1,0\n1,1\n", "row 2 after the header has 'nan' in D0"),
        ('time,power\n0,1\n1,"1\n', "."),
        ("time,power\n0,1\n1,1\x00\n", "."),
        ("time,power\n0,1,2,3,4,5\n1,1\n", "."),
    ],
)
def test_a_recording_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        read_csv(write(tmp_path, text), mark="D0" if "D0" in text else None)


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, message in (("absent.csv", "No such file"), ("recording.jls", "export the selection as CSV")):
        path = tmp_path / name
        if name.endswith("jls"):
            path.write_bytes(b"jlsfmt")
        with pytest.raises(TraceError, match=message):
            read_csv(path)
    with pytest.raises(TraceError):
        read_csv(tmp_path)
    with pytest.raises(TraceError):
        read_csv(write(tmp_path, "\xff\xfe\x00" * 10_000))
