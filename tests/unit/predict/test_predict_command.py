"""`specc predict` as users type it."""

import json
from pathlib import Path

import pytest

from specc.cli import main
from specc.resources import resource

KWS = str(resource("specs", "kws.hwspec"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["predict", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_all_hardware_has_a_line_or_a_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from specc.elaborate.hardware import library_names

    code, out, err = run(capsys, KWS, "--build", str(tmp_path))
    assert (code, err) == (0, "")
    for name in library_names():
        assert name in out
    lines = out.split("\n\n")[0].splitlines()[2:]
    scores = [int(line.split()[-1]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    assert "not predicted:" in out and "not verified by MLCommons" in out


def test_targets_of_the_spec_and_of_the_library_with_reasons(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, KWS, "--targets", "l4r5", "rp2350", "--why", "--build", str(tmp_path))
    assert code == 0
    assert "X-CUBE-AI v8.1.0" in out and "rp2350, predicted" in out
    assert "no document states its active power" in out


def test_json_holds_every_figure_with_its_basis(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, KWS, "--targets", "rp2350", "ra8d1", "--json", "--build", str(tmp_path))
    found = json.loads(out)
    assert code == 0
    assert found["format_version"] == 1 and "MLCommons" in found["note"]
    by_name = {one["hardware"]: one for one in found["estimates"]}
    predicted, refused = by_name["rp2350"], by_name["ra8d1"]
    latency = predicted["figures"]["latency"]
    assert latency["low"] < predicted["latency_80"][0] < latency["value"] < predicted["latency_80"][1] < latency["high"]
    assert predicted["score"] == round(100 - sum(one["points"] for one in predicted["deductions"]))
    assert refused["score"] is None and refused["refusal"] and refused["figures"]["latency"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--targets", "rp2530"), "did you mean rp2350"),
        (("--targets", "zzz"), "`specc targets` lists the library"),
        (("--software", "Keras"), "known: Bosch HALE"),
        (("--software", "X-CUBE-AI", "--kernels", "portable"), "X-CUBE-AI runs tuned kernels"),
    ],
)
def test_wrong_names_are_answered_with_right_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(capsys, KWS, *arguments, "--build", str(tmp_path))
    assert (code, out) == (2, "")
    assert said in err


def test_a_spec_with_errors_is_not_predicted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, str(resource("specs", "edge_cnn.hwspec")), "--build", str(tmp_path))
    assert (code, out) == (1, "")
    assert "error[" in err


def test_a_missing_file_is_said_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, str(tmp_path / "none.hwspec"))
    assert code == 1 and "none.hwspec" in err


def test_a_damaged_store_is_named_and_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = tmp_path / "specc.db"
    store.write_bytes(b"no database")
    code, _, err = run(capsys, KWS, "--build", str(tmp_path))
    assert code == 1 and "specc.db" in err
    assert store.read_bytes() == b"no database"
