"""A real experiment, on a virtual board: predicted, measured, stored, and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specc.check import check
from specc.cli import main
from specc.explain.experiment import Experiment, run_experiment, stored_experiment
from specc.measure.backend import Job
from specc.measure.result import Measurement
from specc.measure.store import Store
from specc.measure.variants import VariantError
from specc_backends.virtual_board import VirtualBoardBackend

TEXT = """hwspec 1
model small {
  input x 8x8x4 { distribution uniform ±1 }
  conv  c { kernel 3x3, filters 8, padding same, activation relu }
  conv  p { kernel 1x1, filters 8 }
  dense d { units 4 }
  weights seed 1
}
quantization small {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target t { use stm32f407, clock 168 MHz }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("experiment")
    (path / "small.hwspec").write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> Experiment:
    checked = check(folder / "small.hwspec")
    with Store(folder / "build" / "specc.db") as store:
        return run_experiment(
            checked,
            "t",
            ("kernels", "placement", "fusion"),
            store=store,
            build_folder=folder / "build",
            progress=lambda line: None,
        )


def test_every_variant_is_measured_and_exact(found: Experiment) -> None:
    assert [trial.label for trial in found.trials] == ["generic kernels", "weights in SRAM", "layers by rows"]
    assert all(trial.output_exact and not trial.failure for trial in (found.before, *found.trials))
    assert all(trial.evidence == "simulated" for trial in found.trials)


def test_generic_kernels_multiply_one_by_one(found: Experiment) -> None:
    generic = found.trials[0]
    macs = 8 * 8 * 8 * 9 * 4 + 8 * 8 * 8 * 8 + 4 * 512
    products = [trial.counters["multiply_cycles"].value or 0.0 for trial in (generic, found.before)]
    assert products[0] >= 0.8 * macs  # padding needs no product
    assert products[1] < 0.8 * products[0]
    assert generic.predicted is not None and generic.held is not None


def test_weights_in_sram_take_sram_and_leave_the_cycles(found: Experiment) -> None:
    before, placed = found.before, found.trials[1]
    weights = 8 * 9 * 4 + 8 * 8 + 4 * 512
    assert before.sram and placed.sram and before.sram.value is not None and placed.sram.value is not None
    assert placed.sram.value >= before.sram.value + weights
    assert placed.counters["cycles"].value == before.counters["cycles"].value
    waits = [trial.counters["flash_data_misses"].value or 0.0 for trial in (before, placed)]
    assert waits[1] < waits[0]
    assert placed.held is True


def test_layers_by_rows_take_less_memory(found: Experiment) -> None:
    before, fused = found.before, found.trials[2]
    assert before.sram and fused.sram and before.sram.value and fused.sram.value
    assert fused.sram.value < before.sram.value


def test_every_rewrite_that_is_off_takes_cycles_as_predicted(folder: Path) -> None:
    """On a symmetric grid, zero is in the middle of the codes, and a ReLU is more than saturation."""
    text = TEXT.replace("| calibrated |", "| ±12.7 | 0.1 |").replace("| range      |", "| range | step |")
    text = text.replace("| ---------- |", "| --- | --- |").replace("filters 8 }", "filters 8, activation relu }")
    (folder / "grid.hwspec").write_text(text, encoding="utf-8")
    with Store(folder / "build" / "specc.db") as store:
        found = run_experiment(
            check(folder / "grid.hwspec"),
            "t",
            ("rewrites",),
            store=store,
            build_folder=folder / "build",
            progress=lambda line: None,
        )
    labels = [f"rewrite {name} off" for name in ("activations", "padding", "shifts", "all")]
    assert [trial.label for trial in found.trials] == labels
    assert all(trial.output_exact and trial.held for trial in found.trials)
    whole, activations, _, shifts, _ = (
        trial.counters["cycles"].value or 0.0 for trial in (found.before, *found.trials)
    )
    assert activations > whole and shifts > whole
    stores = [trial.counters["store_cycles"].value or 0.0 for trial in (found.before, found.trials[0])]
    assert stores[1] >= stores[0] + 2 * 8 * 8 * 8  # both convolutions' codes are stored once more


@pytest.mark.slow
def test_tuned_kernels_are_tried_where_they_are_listed(folder: Path) -> None:
    path = folder / "tuned.hwspec"
    path.write_text(TEXT + "experiments { kernels tuned generic }\n", encoding="utf-8")
    with Store(folder / "build" / "specc.db") as store:
        found = run_experiment(
            check(path), "t", ("kernels",), store=store, build_folder=folder / "build", progress=lambda line: None
        )
    tuned, generic = found.trials
    assert (tuned.label, generic.label) == ("tuned kernels", "generic kernels")
    assert tuned.output_exact and tuned.held and not tuned.failure
    ends = [trial.latency.high for trial in (found.before, tuned) if trial.latency]
    assert ends[0] is not None and ends[1] is not None and ends[1] <= ends[0]


def test_what_is_found_is_stored(folder: Path, found: Experiment) -> None:
    checked = check(folder / "small.hwspec")
    assert checked.spec is not None
    with Store(folder / "build" / "specc.db") as store:
        kept = stored_experiment(checked.spec, "t", store)
    assert kept is not None
    assert kept.trials == found.trials


def test_the_command_tells_it_all(
    folder: Path, found: Experiment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["experiment", "small.hwspec", "--axis", "placement"]) == 0
    printed = capsys.readouterr().out
    assert "weights in SRAM" in printed and "predicted" in printed and "held" in printed
    assert main(["experiment", "small.hwspec", "--axis", "placement", "--json"]) == 0
    (experiment,) = json.loads(capsys.readouterr().out)["experiments"]
    assert experiment["trials"][0] == found.trials[1].model_dump(mode="json")


class Sparing(VirtualBoardBackend):
    """Says of every program that it was linked with generic kernels, as if flash had to be spared."""

    name = "sparing"

    def measure(self, job: Job, key: str) -> Measurement:
        result = super().measure(job, key)
        generic = {name: f"generic/{kernel.partition('/')[2]}" for name, kernel in result.provenance.kernels.items()}
        return result.model_copy(update={"provenance": result.provenance.model_copy(update={"kernels": generic})})


def test_kernels_are_those_that_were_linked_and_not_the_fastest(folder: Path) -> None:
    """From generic kernels to generic kernels nothing changes, whatever this core could run."""
    checked = check(folder / "small.hwspec")
    with Store(folder / "sparing.db") as store:
        found = run_experiment(
            checked, "t", ("kernels",), store=store, build_folder=folder / "build", progress=lambda line: None,
            backends=[Sparing()],
        )  # fmt: skip
    (generic,) = found.trials
    assert generic.predicted is not None and found.before.latency is not None
    ends = (generic.predicted.low, generic.predicted.value, generic.predicted.high)
    assert ends == pytest.approx((found.before.latency.value,) * 3)


def test_a_variant_that_does_not_fit_is_told_and_costs_nothing_else(folder: Path) -> None:
    """A chip with 3 KiB of SRAM has no room for 2.4 KB of weights beside activations of 1,024 bytes."""
    text = TEXT.replace("use stm32f407, clock 168 MHz", "use tiny").replace(
        "target t",
        'hardware tiny { title "Tiny", core cortex-m4, clock 48 MHz source "test", sram 3 KiB source "test", '
        'flash 64 KiB source "test" }\ntarget t',
    )
    path = folder / "tiny.hwspec"
    path.write_text(text, encoding="utf-8")
    checked = check(path)
    assert checked.spec is not None, checked.diagnostics
    with Store(folder / "tiny.db") as store:
        found = run_experiment(
            checked, "t", ("placement",), store=store, build_folder=folder / "build", progress=lambda line: None
        )
    (placed,) = found.trials
    assert "bytes more than the 3,072 bytes of SRAM" in placed.failure
    assert placed.latency is None


def test_a_target_that_cannot_be_measured_has_no_experiment(tmp_path: Path) -> None:
    path = tmp_path / "small.hwspec"
    path.write_text(TEXT, encoding="utf-8")
    with Store(tmp_path / "specc.db") as store, pytest.raises(VariantError, match="no backend can measure"):
        run_experiment(
            check(path), "t", ("clock",), store=store, build_folder=tmp_path, progress=lambda line: None, backends=()
        )
