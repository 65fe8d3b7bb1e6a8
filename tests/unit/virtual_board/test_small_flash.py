"""A program that does not fit with the fastest kernels: narrower weights where that suffices, an error where not."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_backend import fact, job, measure, target

from specc.codegen.toolchain import Toolchain
from specc.graph.build import build_network
from specc.graph.memory import weight_bytes
from specc.measure.backend import BackendError
from specc.spec.hardware import Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable
from specc_backends.virtual_board.firmware import Firmware, build_firmware

LAYERS = (
    LayerSpec(name="early", kind="conv", kernel=(3, 3), padding="same", units=8),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="late", kind="conv", kernel=(3, 3), padding="same", units=64),
)
NARROW = "dsp/conv_fields"
ROWS = tuple(QuantizationRow(layer=layer.name, bits=8 if layer.name == "pool" else 4) for layer in LAYERS)
NETWORK = build_network(ModelSpec(name="net", input=InputSpec(name="x", shape=(8, 8, 3)), layers=LAYERS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for the module: the compiler's cache is warm after the first test."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(scope="module")
def fastest(folder: Path) -> int:
    """Bytes of flash with the fastest kernels."""
    made = job(folder, target(), layers=LAYERS, rows=ROWS)
    firmware = build_firmware(made.network, made.target, Toolchain(folder), folder / "fastest")
    assert NARROW not in firmware.kernels.values()
    return firmware.image.flash_bytes


def test_a_byte_less_makes_the_cheapest_layer_narrow(folder: Path, fastest: int) -> None:
    result = measure(job(folder, target(flash=fact(fastest - 1, "B")), layers=LAYERS, rows=ROWS))
    kernels = result.provenance.kernels
    assert (kernels["early"], kernels["late"]) == ("dsp/conv", NARROW)
    assert result.output_matches_golden
    assert result.memory.flash.value is not None and result.memory.flash.value < fastest


def test_as_much_as_there_is_stays_as_it_is(folder: Path, fastest: int) -> None:
    made = job(folder, target(flash=fact(fastest, "B")), layers=LAYERS, rows=ROWS)
    firmware = build_firmware(made.network, made.target, Toolchain(folder), folder / "exact")
    assert NARROW not in firmware.kernels.values()
    assert firmware.image.flash_bytes == fastest


def test_what_does_not_fit_at_all_says_what_the_smallest_lacks(folder: Path, fastest: int) -> None:
    made = job(folder, target(flash=fact(fastest // 2, "B")), layers=LAYERS, rows=ROWS)
    with pytest.raises(BackendError, match=r"bytes more than the .* bytes of flash") as error:
        build_firmware(made.network, made.target, Toolchain(folder), folder / "tiny")
    lacking = int(str(error.value).split(" bytes more")[0].split()[-1].replace(",", ""))
    assert lacking < fastest - fastest // 2


@pytest.mark.parametrize(("core", "bits"), [("cortex-m4", 4), ("cortex-m4", 2), ("cortex-m0+", 4)])
def test_narrow_weights_share_bytes_in_flash(folder: Path, core: str, bits: int) -> None:
    """The weights that are linked take what `specc check` counts, and their kernels' other constants."""
    rows = (QuantizationRow(layer="*", bits=8), QuantizationRow(layer="late", bits=bits, range=2 ** (bits - 1), step=1))
    roomy = build(folder, target(core=core), rows, f"roomy {core} {bits}")
    assert "fields" not in roomy.kernels["late"]
    tight = build(folder, target(core=core, flash=fact(roomy.image.flash_bytes - 2000, "B")), rows, f"{core} {bits}")
    assert tight.kernels["late"].endswith("_fields")
    weights = 64 * 9 * 8
    assert (
        weight_bytes(NETWORK, QuantizationTable(model="net", rows=rows))
        == 8 * 27 + 8 * 4 + weights * bits // 8 + 64 * 4
    )
    linked = tight.image.symbols["weights_late"][1]
    assert linked == weights * bits // 8 + 64 * (4 + 4)  # biases and multipliers are among the weights
    assert tight.image.flash_bytes < roomy.image.flash_bytes - 2000


def build(folder: Path, board: Target, rows: tuple[QuantizationRow, ...], name: str) -> Firmware:
    made = job(folder, board, layers=LAYERS, rows=rows)
    return build_firmware(made.network, made.target, Toolchain(folder), folder / name)
