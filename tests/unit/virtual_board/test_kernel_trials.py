"""Kernels tuned on the virtual board: what trials say of layers holds in the program that is made of the best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_backend import TIMING, job, measure, target
from test_small_flash import LAYERS, ROWS

from specc.codegen.toolchain import Toolchain
from specc.graph.network import Layer, Network
from specc.measure.backend import BackendError, BuildOptions
from specc.measure.result import Measurement
from specc.measure.runner import RunReport
from specc.measure.runner import measure as measure_all
from specc.measure.store import Store
from specc.spec.contract import Budget, BudgetItem
from specc.spec.kernels import KernelRule, Kernels
from specc.units import quantity
from specc_backends.virtual_board import VirtualBoardBackend
from specc_backends.virtual_board.firmware import build_firmware
from specc_backends.virtual_board.image import Image
from specc_backends.virtual_board.kernel_trials import layer_bytes

TUNED = (Kernels(target="board", rules=(KernelRule(choice="tuned"),)),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for the module: the compiler's cache is warm after the first test."""
    return tmp_path_factory.mktemp("build")


def run(folder: Path, **limits: int) -> RunReport:
    """Tunes the network within budgets: bytes of `flash` and `sram`."""
    made = job(folder, target(flash_timing=TIMING), layers=LAYERS, rows=ROWS)
    lines = [
        BudgetItem(kind="memory", scope=(memory,), relation="<=", limit=quantity(limit, "B"))
        for memory, limit in limits.items()
    ]
    budget = Budget(target="board", items=tuple(lines))
    model = made.spec.model.model_copy(update={"rows": "never"})
    spec = made.spec.model_copy(update={"kernels": TUNED, "budgets": (budget,), "model": model})
    with Store(folder / "specc.db") as store:
        return measure_all(spec, made.network, store, folder, lambda line: None, backends=[VirtualBoardBackend()])


def tuned(folder: Path, **limits: int) -> Measurement:
    report = run(folder, **limits)
    assert not report.failures, report.failures
    return report.measurements["board"]


def test_the_program_takes_what_was_expected_and_no_more_memory_than_there_is(folder: Path) -> None:
    before = measure(job(folder, target(flash_timing=TIMING), layers=LAYERS, rows=ROWS))
    result = tuned(folder)
    tuning = result.kernel_tuning
    assert tuning is not None and tuning.proven and tuning.excess == 0
    cycles = result.counters["cycles"]
    assert cycles.high is not None and tuning.expected.high is not None and before.counters["cycles"].high is not None
    assert cycles.high == pytest.approx(tuning.expected.high, rel=0.01)
    assert cycles.high < before.counters["cycles"].high
    assert (tuning.untuned.value, tuning.untuned.high) == pytest.approx(
        (before.counters["cycles"].value, before.counters["cycles"].high), rel=0.01
    )
    assert result.output_matches_golden


def test_the_program_has_the_chosen_variants(folder: Path) -> None:
    result = tuned(folder)
    assert result.kernel_tuning is not None
    chosen = [variant for variant in result.kernel_tuning.variants if variant.chosen]
    assert {one.layer: one.kernel for one in chosen} == result.provenance.kernels
    assert tuple(one.layer for one in chosen if one.place == "sram") == result.provenance.in_sram
    assert result.memory.regions.get("sram: weights", 0) == sum(one.sram for one in chosen)
    for layer, kernel in result.provenance.kernels.items():
        tried = [one for one in result.kernel_tuning.variants if one.layer == layer]
        assert kernel in {one.kernel for one in tried}
        assert len(tried) == len({(one.kernel, one.place) for one in tried})


@pytest.mark.parametrize("lacking", [1, 600])
def test_less_flash_takes_smaller_variants_that_are_linked_within_it(folder: Path, lacking: int) -> None:
    free = tuned(folder)
    assert free.memory.flash.value is not None
    limit = round(free.memory.flash.value) - lacking
    result = tuned(folder, flash=limit)
    assert result.memory.flash.value is not None and result.memory.flash.value <= limit
    assert result.output_matches_golden
    assert result.provenance.kernels != free.provenance.kernels or result.provenance.in_sram != free.provenance.in_sram


def test_sram_for_constants_is_what_activations_and_stack_leave(folder: Path) -> None:
    free = tuned(folder)
    without = round(free.memory.sram.value or 0) - free.memory.regions.get("sram: weights", 0)
    result = tuned(folder, sram=without + 1100)
    assert result.memory.sram.value is not None and result.memory.sram.value <= without + 1100
    assert result.provenance.in_sram != free.provenance.in_sram


def test_a_kernel_that_does_not_compute_a_layer_is_no_traceback(folder: Path) -> None:
    made = job(folder, target(), layers=LAYERS, rows=ROWS)
    asked = replace(made, options=BuildOptions(fixed=(("early", "dsp/dense"),)))
    with pytest.raises(BackendError, match="dsp/dense does not compute early; dsp/conv, dsp/conv_fields, generic/conv"):
        measure(asked)


def test_every_byte_of_a_layer_is_its_own(folder: Path) -> None:
    """Constants and code of layers, as linked, are those that their symbols say."""
    made = job(folder, target(), layers=LAYERS, rows=ROWS)
    firmware = build_firmware(made.network, made.target, Toolchain(folder), folder / "symbols")
    sizes = layer_bytes(made.network.network, firmware.image)
    assert sum(constants for _, constants in sizes.values()) == firmware.constant_bytes
    assert all(code > 0 for code, _ in sizes.values())
    assert [layer for layer, (_, constants) in sizes.items() if constants] == ["early", "late"]


def test_a_layer_whose_name_ends_in_that_of_another() -> None:
    names = ("conv", "my_conv")
    layers = tuple(Layer(name, "relu", ("x",), ((1,),), (1,)) for name in names)
    symbols = {"layer_conv": (0, 3), "row_my_conv": (0, 5), "weights_my_conv": (0, 7), "weights_conv": (0, 11)}
    image = Image(b"", 0, b"", 0, 0, 0, symbols)
    assert layer_bytes(Network("n", "x", (1,), layers), image) == {"conv": (3, 11), "my_conv": (5, 7)}
