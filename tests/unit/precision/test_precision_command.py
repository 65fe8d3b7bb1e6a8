"""`specc precision` and the harness in `specc verify`, as a user meets them."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from specc.check import check
from specc.cli import main
from specc.measure.findings import findings
from specc.measure.judge import judge
from specc.measure.precision import assess, limits_precision, stored
from specc.measure.precision_verdicts import HARNESS
from specc.measure.runner import RunReport
from specc.measure.store import Store
from specc.measure.verify import Verified
from specc.numerics.quantize import quantize
from specc.precision.study import Study

MODEL = """hwspec 1
model tiny {
  input x 6x6x2 { distribution normal 0.5 }
  conv  c { kernel 3x3, filters 4, activation relu }
  dense d { units 3 }
  weights seed 3
}
quantization tiny {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | BITS | calibrated |
}
"""
HARNESS_TEXT = """harness {
  iterations 300
  seed 7
  gradient variance <= 5 %
  gradient drift    <= 1 %
  gradient bias     <= 5 %
  output error      <= 10 %
}
"""


def write(folder: Path, bits: int = 12, extra: str = HARNESS_TEXT) -> Path:
    path = folder / "tiny.hwspec"
    path.write_text(MODEL.replace("BITS", str(bits)) + extra, encoding="utf-8")
    return path


def precision(path: Path, *options: str) -> int:
    return main(["precision", str(path), "--build", str(path.parent / "build"), *options])


def test_a_table_of_layers_and_its_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precision(write(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "300 iterations of normal 0.5, seed 7" in text
    assert "Every limit holds" in text
    assert [line.split()[0] for line in text.splitlines() if "✓ pass" in line] == ["c", "d", "output"]


def test_a_broken_limit_fails_and_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precision(write(tmp_path, bits=3)) == 1
    assert "gradient variance of c <= 5 %" in capsys.readouterr().out


def test_nothing_limited_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precision(write(tmp_path, extra=""), "--iterations", "40") == 0
    assert "No harness limits anything" in capsys.readouterr().out


def test_fresh_seeds_cannot_resolve_a_hundredth_of_a_percent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = iter((4288287425, 3970201436))  # two that differ by more than the interval of 95 % of one layer
    monkeypatch.setattr("specc.measure.precision.fresh_seed", lambda: next(seeds))
    extra = "harness {\n iterations 300\n seed fresh\n gradient drift < 0.01 %\n}\n"
    assert precision(write(tmp_path, extra=extra)) == 3
    text = " ".join(capsys.readouterr().out.split())
    assert "Testable: `gradient drift <=" in text and "million iterations" in text


def test_json_holds_every_figure_with_its_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precision(write(tmp_path), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["iterations"] == 300 and found["seeds"] == [7, 7] and len(set(found["digests"])) == 1
    assert {layer["variance"]["evidence"] for layer in found["layers"]} == {"simulated"}
    assert {own["statistic"] for own in found["judgements"]} == {"variance", "ratio", "bias", "drift", "output error"}


def test_localising_names_the_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precision(write(tmp_path), "--localise", "--iterations", "60") == 0
    text = capsys.readouterr().out
    assert "weight rounding" in text and "one more bit for" in text
    assert precision(write(tmp_path), "--localise", "--iterations", "60", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["operations"]) == {"weights", "activations", "saturation", "accumulator"}
    assert found["iterations"] == 60


@pytest.mark.parametrize("iterations", ["0", "19", "-5", "1000000000"])
def test_an_impossible_number_of_iterations_is_refused(tmp_path: Path, iterations: str) -> None:
    with pytest.raises(SystemExit) as ended:
        precision(write(tmp_path), "--iterations", iterations)
    assert ended.value.code == 2


def test_a_model_without_weights_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("  weights seed 3\n", ""), encoding="utf-8")
    assert precision(path) == 1
    assert "declares no weights" in capsys.readouterr().err


def test_a_spec_with_errors_is_not_assessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("filters 4", "filters many"), encoding="utf-8")
    assert precision(path) == 1
    assert "error[" in capsys.readouterr().out


def test_what_is_stored_is_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    assert precision(path) == 0
    monkeypatch.setattr(Study, "advance", lambda *_: pytest.fail("computed again"))
    assert precision(path) == 0
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        precision(path, "--fresh")
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        precision(write(tmp_path, bits=11))


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    block = Study._block
    taken: list[int] = []

    def interrupted(self: Study, number: int, arithmetic: object) -> object:
        if len(taken) == 60:  # in the second of two runs of 50 blocks
            raise KeyboardInterrupt
        taken.append(number)
        return block(self, number, arithmetic)

    with monkeypatch.context() as patch:
        patch.setattr(Study, "_block", interrupted)
        assert precision(path) == 130
    again: list[int] = []

    def counted(self: Study, number: int, arithmetic: object) -> object:
        again.append(number)
        return block(self, number, arithmetic)

    monkeypatch.setattr(Study, "_block", counted)
    assert precision(path) == 0
    assert len(again) == 40
    with sqlite3.connect(tmp_path / "build" / "specc.db") as connection:
        assert connection.execute("SELECT count(*) FROM checkpoint").fetchone() == (0,)


def test_a_damaged_checkpoint_starts_over(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert precision(path, "--json") == 0
    with sqlite3.connect(tmp_path / "build" / "specc.db") as connection:
        (key,) = connection.execute("SELECT key FROM precision").fetchone()
        connection.execute("DELETE FROM precision")
        connection.execute("INSERT INTO checkpoint VALUES (?, 0, 7, ?)", (key, b"PK not a run"))
    assert precision(path) == 0


def test_a_damaged_result_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert precision(path) == 0
    with sqlite3.connect(tmp_path / "build" / "specc.db") as connection:
        connection.execute("UPDATE precision SET record = '{}'")
    assert precision(path) == 1
    assert "damaged" in capsys.readouterr().err


def test_a_store_of_an_older_layout_takes_precision_too(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "build").mkdir()
    with Store(tmp_path / "build" / "specc.db"):
        pass
    with sqlite3.connect(tmp_path / "build" / "specc.db") as connection:
        connection.executescript(
            "DROP TABLE precision; DROP TABLE checkpoint; DROP TABLE finding; PRAGMA user_version = 1;"
        )
    assert precision(path) == 0


# ---- data sets ----

DATA = """dataset digits from "digits.npz"
target host { use host }
budget all { accuracy digits >= LIMIT % }
"""


def with_data(folder: Path, limit: int, extra: str = "", **arrays: object) -> Path:
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(200, 6, 6, 2)) * 0.5
    np.savez(folder / "digits.npz", **({"x": inputs, "y": draw.integers(0, 3, 200)} | arrays))
    return write(folder, extra=DATA.replace("LIMIT", str(limit)) + extra)


def test_accuracy_is_counted_and_judged(tmp_path: Path) -> None:
    """Labels that are the quantized network's own answers: every one is right; others are right by chance."""
    path = with_data(tmp_path, 97)
    checked = check(path)
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None and limits_precision(spec)
    with Store(tmp_path / "specc.db") as store:
        chance = assess(spec, network, store, lambda _: None)
        assert 0.15 < chance.accuracies[0].quantized.value < 0.55
        (verdict, *_) = (own for own in judge(spec, {}, {}, chance) if own.label.startswith("accuracy"))
        assert verdict.outcome == "fail"
        from specc.precision.accuracy import classes

        study = Study.of(spec, network, iterations=20, seed=1)
        inputs = np.load(tmp_path / "digits.npz")["x"]
        own = classes(study.tables.arithmetic(spec.quantization), inputs)
        with_data(tmp_path, 97, y=own, x=inputs)
        right = assess(spec, network, store, lambda _: None)
    assert right.accuracies[0].quantized.value == 1
    assert right.accuracies[0].quantized.low == pytest.approx(200 / (200 + 1.959964**2))  # Wilson at p = 1
    (verdict, *_) = (own for own in judge(spec, {}, {}, right) if own.label.startswith("accuracy"))
    assert verdict.outcome == "pass"


def test_gradients_may_be_those_of_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extra = "harness {\n iterations 100\n seed 1\n data digits\n gradient variance <= 5 %\n}\n"
    path = with_data(tmp_path, 1, extra)
    precision(path)
    text = capsys.readouterr().out
    assert "100 iterations of data set digits" in text and "cross-entropy" in text and "accuracy on digits" in text


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.zeros(7, np.int64)}, "y is int64 7"),
        ({"y": np.full(200, 3)}, "from 0 to 2"),
        ({"y": np.zeros(200)}, "y is float64"),
        ({"x": np.zeros((200, 5))}, "samples x 6x6x2"),
        ({"x": np.full((200, 6, 6, 2), np.nan)}, "not finite"),
        ({"x": np.array(["a"] * 200)}, "expected numbers"),
    ],
)
def test_a_file_that_is_no_data_set_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arrays: dict[str, object], message: str
) -> None:
    assert precision(with_data(tmp_path, 90, **arrays)) == 1
    error = capsys.readouterr().err
    assert message in error and "digits.npz" in error


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a file of numbers"])
def test_a_damaged_data_set_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    path = with_data(tmp_path, 90)
    (tmp_path / "digits.npz").write_bytes(content)
    assert precision(path) == 1
    assert "not an .npz file of numbers" in capsys.readouterr().err


MODELS = Path(__file__).resolve().parents[4] / "shared" / "data" / "models"


@pytest.mark.skipif(not MODELS.is_dir(), reason="the reference models are not beside the checkout")
def test_a_file_of_codes_is_compared_with_what_they_stand_for(tmp_path: Path) -> None:
    """The file's own numbers are studied: its weights lose nothing more, its activations do."""
    (tmp_path / "ad.tflite").write_bytes((MODELS / "ad01_int8.tflite").read_bytes())
    draw = np.random.default_rng(1)
    np.savez(tmp_path / "d.npz", x=draw.normal(size=(30, 640)), y=np.zeros(30, np.int64))
    path = tmp_path / "ad.hwspec"
    text = 'hwspec 1\nmodel ad {\n  from "ad.tflite"\n}\ndataset d from "d.npz"\nharness { iterations 20, data d }\n'
    path.write_text(text, encoding="utf-8")
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    with Store(tmp_path / "specc.db") as store:
        found = assess(checked.spec, checked.network, store, lambda _: None)
    assert len(found.layers) == 10
    assert all(layer.variance.value is not None and layer.variance.value > 0 for layer in found.layers)


# ---- verify ----


def test_limits_of_the_harness_are_verdicts_at_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, bits=3, extra=HARNESS_TEXT + "target host { use host }\n")
    checked = check(path)
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None
    with Store(tmp_path / "specc.db") as store:
        result = assess(spec, network, store, lambda _: None)
        assert stored(spec, network, store) == result
    verdicts = judge(spec, {}, {}, result)
    own = [verdict for verdict in verdicts if verdict.target == HARNESS]
    labels = {verdict.label: verdict for verdict in own}
    assert {"gradient variance c", "gradient ratio d less 1", "output error", "gradient drift runs"} <= set(labels)
    assert labels["gradient variance c"].outcome == "fail" and labels["gradient variance c"].margin < 0
    assert labels["gradient variance c"].figure.unit == "%"
    run = RunReport()
    found = findings(Verified(spec, network, quantize(spec, network), run, {}, own, ()), "tiny.hwspec")
    lines = {finding.message.split(" <=")[0]: finding.primary.span.line for finding in found.diagnostics}
    text = path.read_text().splitlines()
    assert "gradient variance" in text[lines["gradient variance c"] - 1]
    assert "output error" in text[lines["output error"] - 1]


def test_a_spec_that_limits_nothing_is_not_assessed(tmp_path: Path) -> None:
    spec = check(write(tmp_path, extra="harness {\n iterations 100\n}\n")).spec
    assert spec is not None and not limits_precision(spec)
