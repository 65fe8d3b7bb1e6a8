"""Accumulators as variables of tuning: the narrowest that the growth proof holds, biases included."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from specc.check import check
from specc.cli import main
from specc.precision.study import Study
from specc.spec.model import QuantizationRow
from specc.tune.reach import sums_reach
from specc.tune.space import ACCUMULATORS

SPEC = """hwspec 1
model m {
  input x 16 { distribution uniform ±1 }
  dense a { units 8, activation relu }
  dense b { units 4 }
  weights seed 2
}
quantization m {
  | layer | bits | range      | accumulator |
  | ----- | ---- | ---------- | ----------- |
  | a     | 8    | calibrated |             |
  | b     | 8    | calibrated | 32          |
}
harness {
  iterations 300
  seed 1
  gradient variance <= 20 %
  gradient bias     <= 20 %
}
"""
STATED = SPEC.replace("| range      | accumulator |", "| range | step | accumulator |").replace(
    "| ---------- | ----------- |", "| --- | --- | --- |"
)
STATED = STATED.replace("| 8    | calibrated |", "| 9    | ±4 | 0.02 |")
TERMS = {"a": 16, "b": 8}


def write(folder: Path, text: str = SPEC) -> Path:
    path = folder / "m.hwspec"
    path.write_text(text, encoding="utf-8")
    return path


def tune(path: Path, *options: str) -> int:
    return main(["tune", str(path), "--accumulators", "--build", str(path.parent / "build"), *options])


def rows_of(text: str) -> dict[str, QuantizationRow]:
    return {row["layer"]: QuantizationRow.model_validate(row) for row in json.loads(text)["table"]}


def noise_limited(text: str, limit: str) -> str:
    """With a limit on the output in place of those on gradients: it is the finest there is."""
    lines = [line for line in text.splitlines() if "gradient bias" not in line]
    return "\n".join(lines).replace("gradient variance <= 20 %", f"output error <= {limit}") + "\n"


def bits_needed(layer: str, row: QuantizationRow) -> int:
    """By hand: terms times the largest input code and the largest weight code. Calibrated, these are 2^b - 1 (the zero
    point may lie at an end) and 2^(b-1); with a stated range both are what the range holds of steps."""
    width = row.bits + row.guard
    if row.range is None or row.step is None:
        magnitude = TERMS[layer] * (2**width - 1) * 2 ** (width - 1)
    else:
        magnitude = TERMS[layer] * round(row.range / row.step) ** 2
    return next(bits for bits in itertools.count(2) if magnitude < 2 ** (bits - 1))


@pytest.mark.parametrize(
    ("text", "limit"), [(SPEC, "30 %"), (SPEC, "3 %"), (STATED, "30 %"), (STATED, "1 %"), (STATED, "0.03 %")]
)
def test_each_accumulator_is_the_narrowest_that_is_proven(
    text: str, limit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = tune(write(tmp_path, noise_limited(text, limit)), "--json")
    found = json.loads(out := capsys.readouterr().out)
    assert status == 0 and found["proven"]
    for name, row in rows_of(out).items():
        assert row.accumulator == min(own for own in ACCUMULATORS if own >= bits_needed(name, row))


def test_sums_beyond_32_bits_are_said_to_be_for_study_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, noise_limited(STATED, "0.03 %"))
    assert tune(path) == 0
    text = capsys.readouterr().out
    assert "64-bit sums" in text
    assert "No kernel keeps sums of more than 32 bits" in text
    assert main(["tune", str(path), "--build", str(tmp_path / "build")]) == 1  # 32 bits cannot hold what it takes
    assert "No table keeps everything" in capsys.readouterr().out


def test_the_cell_is_written_and_the_table_is_accepted(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert tune(path, "--write") == 0
    spec = check(path).spec
    assert spec is not None and spec.quantization is not None
    assert [row.accumulator for row in spec.quantization.rows] == [16, 16]
    assert not {own.code for own in check(path).diagnostics} & {"E3110", "W3111"}


def test_a_table_without_the_column_says_which_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, SPEC.replace(" accumulator |", "").replace(" ----------- |\n", "\n", 1))
    text = path.read_text(encoding="utf-8").replace("|             |", "|").replace("| 32          |", "|")
    path.write_text(text, encoding="utf-8")
    assert check(path).spec is not None, check(path).diagnostics
    assert tune(path, "--diff") == 1
    assert "no column `accumulator`" in capsys.readouterr().err


def test_a_bias_that_does_not_fit_takes_a_wider_accumulator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.Generator(np.random.PCG64(3))
    shapes = {"a": (8, 16), "b": (4, 8)}
    arrays = {f"{name}.weights": generator.normal(0, 0.3, shape) for name, shape in shapes.items()}
    arrays |= {f"{name}.bias": np.zeros(shape[0]) for name, shape in shapes.items()}
    accumulators = []
    for bias in (0.0, 2000.0):
        arrays["b.bias"] = np.full(4, bias)
        np.savez(tmp_path / "w.npz", **arrays)
        assert tune(write(tmp_path, SPEC.replace("weights seed 2", 'weights from "w.npz"')), "--json") == 0
        found = rows_of(capsys.readouterr().out)
        accumulators.append(found["b"].accumulator)
        assert bits_needed("b", found["b"]) <= 16, "the sums alone would fit 16 bits"
    assert accumulators == [16, 32]


def test_no_sum_reaches_further_than_is_said(tmp_path: Path) -> None:
    checked = check(write(tmp_path))
    assert checked.spec is not None and checked.network is not None and checked.spec.quantization is not None
    tables = Study.of(checked.spec, checked.network, iterations=20, seed=1).tables
    reach = sums_reach(tables, checked.spec.quantization)
    assert set(reach) == {"a", "b"}
    draw = np.random.Generator(np.random.PCG64(1))
    for own in tables.arithmetic(checked.spec.quantization).layers:
        assert own.integers is not None and own.source is not None
        assert own.integers.weights is not None and own.integers.bias is not None
        low, high = own.source.low - own.source.zero_point, own.source.high - own.source.zero_point
        corners = np.where(draw.random((500, own.integers.weights.shape[1])) < 0.5, low, high)
        aligned = np.where(own.integers.weights > 0, high, low)  # of each unit, the inputs that push it furthest up
        for codes in (corners, aligned, high + low - aligned):
            sums = codes @ own.integers.weights.T + own.integers.bias
            assert np.abs(sums).max() <= reach[own.layer.name]
        furthest = np.abs(np.concatenate([aligned, high + low - aligned]) @ own.integers.weights.T).max()
        assert furthest >= 0.4 * reach[own.layer.name], "and it is not far from what can be reached"


def test_accumulators_are_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, SPEC + "target t { use stm32l4r5, clock 120 MHz }\n")
    assert tune(path, "--objective", "cycles") == 1
    assert "no part of what is measured" in capsys.readouterr().err
