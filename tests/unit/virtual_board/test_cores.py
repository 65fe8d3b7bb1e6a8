"""Every core: the same results bit for bit, its own cycles, and an interval as wide as its model says."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_backend import TIMING, hardware, job, kws, measure, target

from specc.measure.result import Measurement
from specc.spec.model import LayerSpec, QuantizationRow
from specc_backends.virtual_board.cores import CORES, core_model
from specc_backends.virtual_board.figures import Bounds
from specc_backends.virtual_board.flash import flash_model

NARROW = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=6, activation="relu"),
    LayerSpec(name="gap", kind="avgpool"),
    LayerSpec(name="mlp1", kind="dense", units=16, activation="relu"),
    LayerSpec(name="mlp2", kind="dense", units=4),
)
WIDTHS = tuple(QuantizationRow(layer=name, bits=bits) for name, bits in (("conv", 8), ("mlp1", 12), ("mlp2", 16)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cores")


@pytest.fixture(scope="module")
def small(folder: Path) -> dict[str, Measurement]:
    boards = {core: target(core=core, fpu=True, dsp=True) for core in CORES}
    return {
        core: measure(job(folder / core, one, layers=NARROW, shape=(8, 8, 3), rows=WIDTHS))
        for core, one in boards.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_keyword_spotting_equals_the_integer_model(folder: Path, core: str) -> None:
    result = measure(
        job(folder / f"{core}-kws", target(core=core, fpu=True, dsp=True), layers=kws(), shape=(49, 10, 1))
    )
    assert result.output_matches_golden
    # The kernels skip what the border would multiply by zero: up to 1 % of the 2,656,768 that are counted on paper. One
    # multiplication rescales each of 72,076 outputs. A Cortex-M0+ takes two for three products, and several to rescale.
    paper, outputs = 2_656_768, 72_076
    least, most = (0.66 * paper, paper) if core == "cortex-m0+" else (0.99 * paper, 1.01 * paper + outputs)
    assert least < result.counters["multiply_accumulates"].value < most
    assert result.provenance.core_model == core_model(core).model
    for layer in result.layers:
        causes = sum(figure.value for name, figure in layer.counters.items() if name.endswith("_cycles"))
        assert causes == layer.counters["cycles"].value


@pytest.mark.parametrize("core", CORES)
def test_widths_of_8_12_and_16_bits_equal_the_integer_model(small: dict[str, Measurement], core: str) -> None:
    assert small[core].output_matches_golden


@pytest.mark.parametrize("core", CORES)
def test_sigmoid_and_tanh_equal_the_integer_model(folder: Path, core: str) -> None:
    """By table, and interpolated from codes of 12 and 16 bits."""
    layers = (
        LayerSpec(name="conv", kind="conv", kernel=(3, 3), units=4),
        LayerSpec(name="tanh", kind="tanh"),
        LayerSpec(name="dense", kind="dense", units=6),
        LayerSpec(name="narrow", kind="sigmoid"),
        LayerSpec(name="last", kind="dense", units=3),
        LayerSpec(name="wide", kind="tanh"),
    )
    rows = (
        QuantizationRow(layer="conv", bits=8),
        QuantizationRow(layer="tanh", bits=12),
        QuantizationRow(layer="dense", bits=8),
        QuantizationRow(layer="narrow", bits=8),
        QuantizationRow(layer="last", bits=16, range=4.0, step=0.0002),
        QuantizationRow(layer="wide", bits=16),
    )
    board = target(core=core, fpu=True, dsp=True)
    result = measure(job(folder / f"{core}-curves", board, layers=layers, shape=(8, 8, 3), rows=rows))
    assert result.output_matches_golden
    assert result.provenance.kernels["tanh"] == "generic/tabulated"


def test_order_of_the_cores(small: dict[str, Measurement]) -> None:
    cycles = {core: result.counters["cycles"].value for core, result in small.items()}
    assert (
        cycles["cortex-m7"] < cycles["cortex-m33"] < cycles["cortex-m4"] <= cycles["cortex-m3"] < cycles["cortex-m0+"]
    )


def test_without_floating_point_unit_and_dsp_extension(folder: Path) -> None:
    board = target(core="cortex-m33", fpu=False, dsp=False)
    assert measure(job(folder / "plain", board, layers=NARROW, shape=(8, 8, 3), rows=WIDTHS)).output_matches_golden


@pytest.mark.parametrize(("core", "margin"), [("cortex-m4", 0), ("cortex-m7", 0.12), ("cortex-m33", 0.20)])
def test_unvalidated_models_say_so_and_widen_the_interval(
    small: dict[str, Measurement], core: str, margin: float
) -> None:
    cycles, best = small[core].counters["cycles"], small[core].total.best
    assert cycles.low == pytest.approx(cycles.value * (1 - margin))
    assert best.low == pytest.approx(best.value * (1 - margin), rel=0.01)
    assert ("unvalidated" in small[core].provenance.core_model) == bool(margin)
    assert best.high is None  # no flash timing is declared


def test_high_end_is_widened_too() -> None:
    flash = flash_model(hardware(flash_timing=TIMING), 10e6)
    counted = {"cycles_low": 1000, "cycles_high": 1500, "flash_fetch_misses": 7, "flash_data_misses": 3}
    bounds = Bounds(10e6, flash, 0.12)
    assert (bounds.low_cycles(counted), bounds.high_cycles(counted)) == (880, pytest.approx(1680))
