"""SRAM for activations: what the linker gave equals what was planned, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_backend import SMALL, job, kws, target

from specc.check import check
from specc.codegen.generate import plan_arena
from specc.codegen.toolchain import Toolchain
from specc.graph.memory import liveness_bound
from specc.measure.backend import Job
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.hardware import Target
from specc.spec.model import LayerSpec, QuantizationRow
from specc_backends.virtual_board.firmware import build_firmware

MODELS = Path(__file__).resolve().parents[4] / "shared" / "data" / "models"
RESIDUAL = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=6, activation="relu"),
    LayerSpec(name="other", kind="conv", kernel=(1, 1), units=6),
    LayerSpec(name="sum", kind="add", inputs=("other", "conv")),
    LayerSpec(name="mean", kind="avgpool"),
)
BITS_8 = (QuantizationRow(layer="*", bits=8),)
BITS_16 = (QuantizationRow(layer="*", bits=16, range=0.9, step=0.0001),)


def linked(network: QuantizedNetwork, board: Target, folder: Path) -> int:
    """Size of the activations' symbol in the program."""
    build = folder / network.network.name
    build.mkdir(exist_ok=True)
    made = build_firmware(network, board, Toolchain(folder), build)
    assert made.image.symbols["specc_arena"][1] == made.arena_bytes == made.planned_bytes
    return made.arena_bytes


@pytest.mark.parametrize(
    ("made", "by_hand"),
    [
        # conv: 8 x 8 x 3 codes and 8 x 8 x 6 at once.
        (lambda folder: job(folder, target(), layers=SMALL, rows=BITS_8), 192 + 384),
        (lambda folder: job(folder, target(), layers=SMALL, rows=BITS_16), 2 * (192 + 384)),
        # `sum` writes over one of its two inputs of 384 codes.
        (lambda folder: job(folder, target(), layers=RESIDUAL, rows=BITS_8), 2 * 384),
        # The first depthwise layer: 25 x 5 x 64 codes in and as many out.
        (lambda folder: job(folder, target(), layers=kws(), shape=(49, 10, 1)), 2 * 8_000),
    ],
    ids=["8 bits", "16 bits", "residual", "keyword spotting"],
)
def test_linked_equals_planned(made, by_hand: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "activations"
    folder.mkdir(exist_ok=True)
    wanted: Job = made(folder)
    assert linked(wanted.network, wanted.target, folder) == plan_arena(wanted.network).size == by_hand


@pytest.mark.parametrize(
    "name",
    [
        "ad01_int8",
        "kws_ref_model",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("pretrainedResnet_quant", "vww_96_int8")),
    ],
)
def test_a_reference_network_takes_the_proven_least(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The liveness bound is published for these networks, and no plan can be smaller."""
    if not (MODELS / f"{name}.tflite").is_file():
        pytest.skip(f"needs {MODELS / name}.tflite, which is not part of the checkout")
    folder = tmp_path_factory.getbasetemp() / "activations"
    folder.mkdir(exist_ok=True)
    shutil.copy(MODELS / f"{name}.tflite", folder)
    spec = folder / f"{name}.hwspec"
    text = 'hwspec 1\nmodel NAME { from "NAME.tflite" }\ntarget b { use stm32l4r5, clock 120 MHz }\n'
    spec.write_text(text.replace("NAME", name), encoding="utf-8")
    checked = check(spec)
    assert checked.spec is not None and checked.network is not None
    size = linked(quantize(checked.spec, checked.network), checked.spec.target("b"), folder)
    assert size == liveness_bound(checked.network, checked.spec.quantization)
