"""A program that does not fit with the fastest kernels: narrower weights where that suffices, an error where not."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_backend import fact, job, measure, target

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError
from specc.spec.model import LayerSpec
from specc_backends.virtual_board.firmware import build_firmware

LAYERS = (
    LayerSpec(name="early", kind="conv", kernel=(3, 3), padding="same", units=8),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="late", kind="conv", kernel=(3, 3), padding="same", units=64),
)
NARROW = "dsp/conv_narrow"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for the module: the compiler's cache is warm after the first test."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(scope="module")
def fastest(folder: Path) -> int:
    """Bytes of flash with the fastest kernels."""
    made = job(folder, target(), layers=LAYERS)
    firmware = build_firmware(made.network, made.target, Toolchain(folder), folder / "fastest")
    assert NARROW not in firmware.kernels.values()
    return firmware.image.flash_bytes


def test_a_byte_less_makes_the_cheapest_layer_narrow(folder: Path, fastest: int) -> None:
    result = measure(job(folder, target(flash=fact(fastest - 1, "B")), layers=LAYERS))
    kernels = result.provenance.kernels
    assert (kernels["early"], kernels["late"]) == ("dsp/conv", NARROW)
    assert result.output_matches_golden
    assert result.memory.flash.value is not None and result.memory.flash.value < fastest


def test_as_much_as_there_is_stays_as_it_is(folder: Path, fastest: int) -> None:
    made = job(folder, target(flash=fact(fastest, "B")), layers=LAYERS)
    firmware = build_firmware(made.network, made.target, Toolchain(folder), folder / "exact")
    assert NARROW not in firmware.kernels.values()
    assert firmware.image.flash_bytes == fastest


def test_what_does_not_fit_at_all_says_what_the_smallest_lacks(folder: Path, fastest: int) -> None:
    made = job(folder, target(flash=fact(fastest // 2, "B")), layers=LAYERS)
    with pytest.raises(BackendError, match=r"bytes more than the .* bytes of flash") as error:
        build_firmware(made.network, made.target, Toolchain(folder), folder / "tiny")
    lacking = int(str(error.value).split(" bytes more")[0].split()[-1].replace(",", ""))
    assert lacking < fastest - fastest // 2
