"""What the tests of serial boards share: a job, and the virtual board behind a pseudo terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from specc.graph.build import build_network
from specc.measure.backend import Job
from specc.numerics.quantize import quantize
from specc.spec import Spec
from specc.spec.hardware import Fact, Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc.units import quantity
from specc_backends.serial_board import parts
from specc_backends.serial_board.firmware import Firmware

CLOCK_HZ = 80_000_000
SRAM = 64 * 1024
LAYERS = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=4, activation="relu"),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="dense", kind="dense", units=5),
    LayerSpec(name="softmax", kind="softmax"),
)
VIRTUAL = parts.Part(
    family="virtual",
    shared=("virtual_serial",),
    flags=parts.PARTS["stm32f407"].flags,
    clocks_hz=(CLOCK_HZ,),
    flash_origin=0x08000000,
    sram_origin=0x20000000,
    sram_limit=SRAM,
    openocd=("interface/none.cfg", "target/none.cfg"),
    pyocd="none",
    uart="a pseudo terminal",
)


def fact(number: int, unit: str) -> Fact:
    return Fact(value=quantity(number, unit), source="made up for this test")


def target(hardware: str = "virtual") -> Target:
    return Target(
        name="board",
        hardware=Hardware(
            name=hardware,
            title="A board",
            core="cortex-m4",
            clock=fact(CLOCK_HZ // 1_000_000, "MHz"),
            sram=fact(64, "KiB"),
            flash=fact(256, "KiB"),
        ),
    )


def make_job(
    folder: Path,
    port: str | None = None,
    *,
    layers: tuple[LayerSpec, ...] = LAYERS,
    shape: tuple[int, ...] = (6, 6, 3),
    bits: int = 8,
    seed: int = 1,
    to: Target | None = None,
) -> Job:
    board = to or target()
    spec = Spec(
        edition=1,
        model=ModelSpec(
            name="net",
            input=InputSpec(name="x", shape=shape, distribution="uniform"),
            layers=layers,
            weights=WeightsSpec(seed=seed),
        ),
        quantization=QuantizationTable(model="net", rows=(QuantizationRow(layer="*", bits=bits),)),
        targets=(board,),
    )
    return Job(spec, board, quantize(spec, build_network(spec.model)), folder, lambda line: None, port)


@dataclass
class PtyProcess:
    """A running board and the port it is on."""

    process: subprocess.Popen[str]
    port: str


Start = Callable[..., PtyProcess]


def launch(running: list[subprocess.Popen[str]], library: Path, firmware: Firmware, *options: str) -> PtyProcess:
    command = [sys.executable, "-P", "-m", "specc_backends.virtual_board.pty", str(firmware.elf), str(library)]
    arguments = ["--sram", str(SRAM), "--clock", str(CLOCK_HZ), *options]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    running.append(process)
    assert process.stdout is not None
    return PtyProcess(process, process.stdout.readline().strip())


def end(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
