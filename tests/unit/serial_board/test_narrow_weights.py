"""A real board with too little flash for the fastest kernels gets the narrow weights that the virtual board gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from serial_rig import Start, fact, make_job, target

from specc.codegen.toolchain import Toolchain
from specc.measure.backend import BackendError, Job
from specc.numerics import golden
from specc.numerics.inputs import draw_codes, to_bytes
from specc.spec.model import LayerSpec
from specc_backends.serial_board.board import SerialBoard
from specc_backends.serial_board.firmware import Firmware, build_firmware
from specc_backends.serial_board.line import SerialLine
from specc_backends.virtual_board import firmware as virtual

LAYERS = (
    LayerSpec(name="early", kind="conv", kernel=(3, 3), padding="same", units=8),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="late", kind="conv", kernel=(3, 3), padding="same", units=64),
)
WIDE, NARROW = "dsp/conv", "dsp/conv_fields"


def job(folder: Path, flash: int) -> Job:
    hardware = target().hardware.model_copy(update={"dsp": True, "flash": fact(flash, "B")})
    return make_job(folder, layers=LAYERS, bits=4, to=target().model_copy(update={"hardware": hardware}))


def build(folder: Path, flash: int) -> Firmware:
    place = folder / f"flash-{flash}"
    place.mkdir(exist_ok=True)
    made = job(folder, flash)
    return build_firmware(made.network, made.target, Toolchain(folder), place)


@pytest.fixture(scope="module")
def fastest(folder: Path) -> Firmware:
    made = build(folder, 256 * 1024)
    assert (made.kernels["early"], made.kernels["late"]) == (WIDE, WIDE)
    return made


def test_a_byte_less_makes_the_cheapest_layer_narrow(folder: Path, fastest: Firmware, start: Start) -> None:
    flash = fastest.image.flash_bytes - 1
    made = build(folder, flash)
    assert (made.kernels["early"], made.kernels["late"]) == (WIDE, NARROW)
    assert made.image.flash_bytes <= flash
    assert made.hash != fastest.hash and made.code_hash != fastest.code_hash
    own = job(folder, flash)
    codes = draw_codes(own.spec.model.input, own.network, 2, 3)
    expected = golden.run(own.network, codes)[own.network.network.output]
    with SerialLine(start(made).port) as line:
        board = SerialBoard(line, 20)
        assert board.identity.hash == made.hash
        found = [board.sample(to_bytes(one, own.network.formats["x"])).output for one in codes]
    assert found == [to_bytes(one, own.network.formats[own.network.network.output]) for one in expected]


@pytest.mark.slow
def test_the_virtual_board_chooses_the_same_for_the_same_lack(folder: Path, fastest: Firmware) -> None:
    """The two programs around the network differ in size; a lack of as many bytes narrows the same layers."""
    place = folder / "virtual"
    roomy = job(folder, 256 * 1024)
    whole = virtual.build_firmware(roomy.network, roomy.target, Toolchain(folder), place)
    for lack in (0, 1, 2_000):
        short = job(folder, whole.image.flash_bytes - lack)
        chosen = virtual.build_firmware(short.network, short.target, Toolchain(folder), place).kernels
        assert chosen == build(folder, fastest.image.flash_bytes - lack).kernels


def test_what_does_not_fit_at_all(folder: Path, fastest: Firmware) -> None:
    with pytest.raises(BackendError, match=r"needs [\d,]+ bytes more than the .* bytes of flash"):
        build(folder, fastest.image.flash_bytes // 2)
