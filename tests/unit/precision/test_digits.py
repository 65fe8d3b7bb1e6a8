"""specs/digits.hwspec: its weights are what its script trains, its figures what it says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from specc.check import check
from specc.cli import main
from specc.numerics import reference
from specc.numerics.quantize import real_parameters
from specc.precision.accuracy import accuracy
from specc.precision.data import load
from specc.precision.samples import FromData
from specc.precision.study import Study
from specc.resources import resource

ROOT = Path(__file__).resolve().parents[3]
FOLDER = resource("specs", "digits")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_digits", FOLDER / "train.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_spec_has_nothing_to_report() -> None:
    checked = check(resource("specs", "digits.hwspec"))
    assert not checked.diagnostics and checked.network is not None
    text = resource("specs", "digits.hwspec").read_text(encoding="utf-8")
    assert f"{checked.network.macs:,} multiply-accumulates" in text
    assert f"{sum(layer.parameters for layer in checked.network.layers):,} parameters" in text


def test_the_test_set_is_the_part_that_training_does_not_see(script: ModuleType) -> None:
    x_train, _, x_test, y_test = script.images()
    stored = load("test", FOLDER / "test.npz", (8, 8, 1), 10)
    assert np.array_equal(stored.inputs, x_test) and np.array_equal(stored.labels, y_test)
    assert len(x_train) + len(x_test) == 1797
    assert {np.bincount(y_test)[digit] for digit in range(10)} <= {35, 36, 37}


def test_the_script_and_specc_compute_the_same_network(script: ModuleType) -> None:
    checked = check(resource("specs", "digits.hwspec"))
    assert checked.spec is not None and checked.network is not None
    with np.load(FOLDER / "weights.npz") as stored:
        weights = {name: stored[name].astype(np.float64) for name in stored.files}
    inputs = script.images()[2].astype(np.float64)
    theirs = script.forward(weights, inputs)
    ours = reference.run(checked.network, real_parameters(checked.spec, checked.network), inputs, np.float64)
    for name in theirs:
        assert np.allclose(ours[name], theirs[name], rtol=1e-9, atol=1e-9), name


def test_its_gradients_are_slopes(script: ModuleType) -> None:
    x, y = script.images()[2][:5].astype(np.float64), script.images()[3][:5]
    generator = np.random.default_rng(2)
    weights = {}
    for name, shape in script.SHAPES.items():
        weights[f"{name}.weights"] = generator.standard_normal(shape) / 3
        weights[f"{name}.bias"] = generator.standard_normal(shape[0])  # of zero, empty corners lie on a ReLU's edge

    def loss() -> float:
        output = script.forward(weights, x)["digit"]
        return float((np.log(np.exp(output).sum(axis=1)) - output[np.arange(5), y]).mean())

    for name, gradient in script.backward(weights, x, y).items():
        for place in generator.integers(0, gradient.size, 6):
            before = weights[name].flat[place]
            weights[name].flat[place] = before + 1e-6
            above = loss()
            weights[name].flat[place] = before - 1e-6
            slope = (above - loss()) / 2e-6
            weights[name].flat[place] = before
            assert slope == pytest.approx(gradient.flat[place], rel=1e-5, abs=1e-7), (name, place)


def test_the_accuracy_that_is_promised() -> None:
    checked = check(resource("specs", "digits.hwspec"))
    assert checked.spec is not None and checked.network is not None
    data = load("test", FOLDER / "test.npz", (8, 8, 1), 10)
    samples = FromData("data set test", data.inputs, data.labels)
    study = Study.of(checked.spec, checked.network, iterations=100, seed=1, samples=samples)
    found = accuracy(study.tables.arithmetic(checked.spec.quantization), data)
    assert found.count == 360 and found.right >= 352


@pytest.mark.slow
def test_training_again_gives_the_weights_in_the_project(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", str(tmp_path)])
    script.main()
    with np.load(FOLDER / "weights.npz") as kept, np.load(tmp_path / "weights.npz") as made:
        assert kept.files == made.files
        # 1,760 steps of float64; another library of linear algebra sums in another order.
        for name in kept.files:
            assert np.allclose(kept[name], made[name], rtol=1e-3, atol=1e-4), name
    assert (tmp_path / "test.npz").exists()


@pytest.mark.slow
def test_the_documentation_shows_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precision", str(resource("specs", "digits.hwspec")), "--build", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    match = re.search(r"<!-- printed by specc precision specs/digits\.hwspec -->\n\n```text\n(.*?)```", text, re.DOTALL)
    assert match is not None
    number = r"\d[\d,]*(?:\.\d+)?"
    assert re.sub(number, "#", match[1]).split() == re.sub(number, "#", printed).split()
    ours, theirs = ([float(n.replace(",", "")) for n in re.findall(number, part)] for part in (match[1], printed))
    assert ours == pytest.approx(theirs, rel=0.05)
