"""Limits on accuracy in tuning: on a part of the data set in the search, on inputs held out to confirm."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from specc.check import check
from specc.cli import main
from specc.measure.precision import data_sets
from specc.precision.accuracy import Accuracy, accuracy
from specc.precision.study import Study
from specc.spec import Spec
from specc.spec.model import QuantizationRow
from specc.tune.evaluation import Evaluation
from specc.tune.limits import accuracy_judged, accuracy_limits, accuracy_load

SPECS = Path(__file__).resolve().parents[3] / "specs"


def digits(folder: Path, *, gradients: bool = False, limit: str = "95 %") -> Path:
    """The trained network; without limits on gradients, accuracy alone decides."""
    shutil.copytree(SPECS / "digits", folder / "digits", ignore=shutil.ignore_patterns("*.py"))
    text = (SPECS / "digits.hwspec").read_text(encoding="utf-8").replace(">= 95 %", f">= {limit}")
    if not gradients:
        text = "\n".join(line for line in text.splitlines() if "gradient " not in line and "output error" not in line)
    path = folder / "digits.hwspec"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def tune(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, object]]:
    status = main(["tune", str(path), "--build", str(path.parent / "build"), "--json", *options])
    return status, json.loads(capsys.readouterr().out)


def spec_of(path: Path) -> Spec:
    spec = check(path).spec
    assert spec is not None
    return spec


def test_accuracy_alone_is_tuned_for_and_confirmed_on_inputs_held_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = digits(tmp_path, limit="90 %")
    status, found = tune(path, capsys)
    assert status == 0
    assert found["divisions"] == [{"name": "test", "searched": 72, "held_out": 288}]
    assert found["iterations"] == found["confirmed_on"] == 0
    (judged,) = found["confirmation"]  # type: ignore[misc]
    assert judged["statistic"] == "accuracy" and judged["outcome"] == "pass" and judged["low"] >= 0.9
    assert found["cost"] < 0.7 * found["cost_before"]  # type: ignore[operator]
    # The same table on the inputs held out, by the engine itself.
    spec, network = spec_of(path), check(path).network
    assert network is not None and spec.quantization is not None
    rows = tuple(QuantizationRow.model_validate(row) for row in found["table"])  # type: ignore[attr-defined]
    data = data_sets(spec, network)["test"]
    order = np.random.Generator(np.random.PCG64(1)).permutation(360)
    held = np.sort(order[np.arange(360) % 5 != 0])
    study = Study.of(spec, network, iterations=20, seed=1, samples=_Nothing())
    share = accuracy(
        study.tables.arithmetic(spec.quantization.model_copy(update={"rows": rows})),
        type(data)(data.name, data.inputs[held], data.labels[held], ""),
    )
    assert share.count == 288 and judged["value"] == pytest.approx(share.share)


class _Nothing:
    """Inputs that nobody asks for: Study only needs to know that they have no labels."""

    name = "nothing"

    def inputs(self, seed: int, chunk: object) -> None:
        raise AssertionError

    def labels(self, seed: int, chunk: object) -> None:
        return None


def test_searched_and_held_out_inputs_share_nothing(tmp_path: Path) -> None:
    path = digits(tmp_path)
    network = check(path).network
    assert network is not None
    searched, held = Evaluation(spec_of(path), network, 100)._parts["test"]
    seen = {image.tobytes() for image in searched.inputs}
    every = [image.tobytes() for image in data_sets(spec_of(path), network)["test"].inputs]
    assert len(searched.inputs) + len(held.inputs) == len(every)
    assert sorted([*(i.tobytes() for i in searched.inputs), *(i.tobytes() for i in held.inputs)]) == sorted(every)
    assert len(set(every)) == len(every) and not seen & {image.tobytes() for image in held.inputs}


def test_what_full_precision_is_not_shown_to_keep_is_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 7 of 360 are sorted wrong in full precision: 98 % lies within every interval on so few inputs.
    status, found = tune(digits(tmp_path, limit="97.5 %"), capsys)
    assert status == 3
    (judged,) = found["confirmation"]  # type: ignore[misc]
    assert judged["outcome"] == "undecided"
    assert "nor is it shown of full precision" in judged["reason"]


def test_a_limit_beyond_full_precision_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = digits(tmp_path, limit="100 %")
    assert main(["tune", str(path), "--build", str(tmp_path / "build")]) == 1
    assert "even in the widest table the share of `test` that is sorted wrong" in capsys.readouterr().out


def test_too_few_inputs_to_hold_some_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = digits(tmp_path)
    with np.load(tmp_path / "digits" / "test.npz") as stored:
        few = {name: stored[name][:5] for name in stored.files}
    np.savez(tmp_path / "digits" / "test.npz", **few)
    assert main(["tune", str(path), "--build", str(tmp_path / "build")]) == 1
    assert "holds 5 inputs: too few" in capsys.readouterr().err


@pytest.mark.slow
def test_the_trained_network_keeps_gradients_and_accuracy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = tune(digits(tmp_path, gradients=True), capsys)
    assert status == 0
    assert found["cost"] < found["cost_before"] == 28_736  # type: ignore[operator]
    statistics = {own["statistic"] for own in found["confirmation"]}  # type: ignore[attr-defined]
    assert statistics == {"variance", "ratio", "bias", "output error", "accuracy"}


# ---- the limit itself ----


@pytest.mark.parametrize(
    ("right", "outcome"),
    # Wilson's intervals at 95 % (z = 1.95996) of 100 inputs: 90 gives 82.6 to 94.5, 98 gives 93.0 to 99.4, 80 gives
    # 71.1 to 86.7 (Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", 2001, formula 4).
    [(98, "pass"), (90, "undecided"), (80, "fail")],
)
def test_the_interval_decides(right: int, outcome: str, tmp_path: Path) -> None:
    (item,) = accuracy_limits(spec_of(digits(tmp_path, limit="90 %")))
    judged = accuracy_judged(item, Accuracy(right, 100))
    assert judged.outcome == outcome
    assert accuracy_load(item, Accuracy(right, 100)) == pytest.approx(float(Fraction(100 - right, 10)))


def test_the_strictest_of_several_limits_counts(tmp_path: Path) -> None:
    path = digits(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("budget f407 {\n", "budget f407 {\n  accuracy test >= 97 %\n"), encoding="utf-8")
    assert [float(item.limit.base) for item in accuracy_limits(spec_of(path))] == [0.97]
