"""Takes the figures of the README again: `python tests/benchmark/bench.py`. Takes minutes; run it on an idle machine.

Start-up is compared with the bare interpreter in turns, so that a busy moment meets both. What cannot be measured is
listed with the reason.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
SPEC = "specs/kws.hwspec"
TARGET = "l4r5"
BUILD = ROOT / "build" / "benchmark"
REFERENCE_NETWORKS = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8")
SPECC = (sys.executable, "-m", "specc")


class Unavailable(Exception):
    """A figure cannot be taken here; the message says why."""


def seconds(*command: str | Path, statuses: tuple[int, ...] = (0,)) -> float:
    """Wall time of one command.

    Raises:
        Unavailable: it ended with none of the statuses.
    """
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode not in statuses:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise Unavailable(f"status {done.returncode}: {lines[-1]}")
    return took


def start_up() -> str:
    """`specc check`, cold, beside an interpreter that does nothing."""
    bare, check = [], []
    for _ in range(15):
        bare.append(seconds(sys.executable, "-c", "pass"))
        check.append(seconds(*SPECC, "check", SPEC))
    low, high = statistics.median(bare), statistics.median(check)
    return f"{high * 1e3:.0f} ms; {high / low:.1f} times the bare interpreter ({low * 1e3:.0f} ms)"


def instruction_rate() -> str:
    """Guest instructions per second on the virtual board, each layer counted apart; beside Unicorn that counts nothing.

    The two take turns in one process, so that a busy moment meets both.
    """
    from specc.check import check
    from specc.codegen.toolchain import Toolchain
    from specc.numerics.inputs import draw_codes, to_bytes
    from specc.numerics.quantize import quantize
    from specc_backends.virtual_board.firmware import build_firmware, memory_bytes
    from specc_backends.virtual_board.machine import Machine
    from specc_backends.virtual_board.native import Native, build_native
    from specc_backends.virtual_board.processor import Processor

    checked = check(ROOT / SPEC)
    assert checked.spec is not None and checked.network is not None
    network = quantize(checked.spec, checked.network)
    target = checked.spec.target(TARGET)
    toolchain = Toolchain(BUILD)
    folder = BUILD / "rate"
    folder.mkdir(parents=True, exist_ok=True)
    firmware = build_firmware(network, target, toolchain, folder)
    (codes,) = draw_codes(checked.spec.model.input, network, 1, seed=1)
    request = f"run {to_bytes(codes, network.formats[network.network.input]).hex()}\n".encode()
    library = build_native(toolchain, BUILD / "native")

    def machine() -> Machine:
        return Machine(
            firmware.image,
            library,
            core=target.hardware.core,
            sram_bytes=memory_bytes(target)[1],
            regions=len(network.network.layers) + 1,
            line_bytes=16,
            code_budget=10**11,
            seconds=60.0,
        )

    counting = machine()
    # Without the block hook there is nothing to count with, and the cycle counter stands still.
    with (
        patch.object(Native, "_add_hook", lambda *_: None),
        patch.object(Processor, "_read_dwt", lambda *_: 0),
        patch.object(Processor, "_write_dwt", lambda *_: None),
    ):
        bare = machine()
    counting.command(request)
    bare.command(request)
    with_counts, without = [], []
    for _ in range(9):
        start = time.perf_counter()
        counting.command(request)
        between = time.perf_counter()
        bare.command(request)
        with_counts.append(between - start)
        without.append(time.perf_counter() - between)
    took, base = statistics.median(with_counts), statistics.median(without)
    instructions = counting.counters()[0]["instructions"]
    return (
        f"{instructions / took / 1e6:.0f} million/s; {instructions / 1e6:.1f} million in {took:.3f} s; "
        f"{took / base:.2f} times Unicorn alone ({base:.3f} s)"
    )


def board_measurement() -> str:
    """The whole measurement of one target: build, four inputs, every layer compared with the integer model."""
    measure = (*SPECC, "measure", SPEC, "--target", TARGET, "--build", BUILD, "--fresh")
    first = seconds(*measure)
    return (
        f"{statistics.median(seconds(*measure) for _ in range(3)):.1f} s; {first:.1f} s the first time, with the build"
    )


def reference_networks() -> str:
    """The four reference networks on one Cortex-M4, a command each: from nothing, and with nothing changed."""
    folder = BUILD / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    specs = []
    for name in REFERENCE_NETWORKS:
        model = ROOT.parent / "shared" / "data" / "models" / f"{name}.tflite"
        if not model.is_file():
            raise Unavailable(f"{name}.tflite is not beside this checkout (../shared/data/models)")
        shutil.copy(model, folder)
        spec = folder / f"{name}.hwspec"
        text = f'hwspec 1\nmodel {name} {{ from "{name}.tflite" }}\ntarget l4r5 {{ use stm32l4r5, clock 120 MHz }}\n'
        spec.write_text(text, encoding="utf-8")
        specs.append(spec)

    def all_four() -> float:
        return sum(seconds(*SPECC, "measure", spec, "--build", folder / "build") for spec in specs)

    first = all_four()
    again = statistics.median(all_four() for _ in range(3))
    return f"{first:.1f} s from nothing, {again:.1f} s when nothing changed; all four together"


def report() -> str:
    """The documents, when every result is in the store."""
    command = (*SPECC, "report", SPEC, "--no-gate", "--build", BUILD)
    seconds(*command)
    return f"{statistics.median(seconds(*command) for _ in range(3)):.1f} s"


def editor() -> str:
    """An edit in a spec of 1,000 lines, until the language server has published what it found."""
    from editor import answer  # beside this file

    return answer()


FIGURES: tuple[tuple[str, Callable[[], str]], ...] = (
    (f"specc check {SPEC}", start_up),
    ("language server, an edit in 1,000 lines", editor),
    ("instructions on the virtual board", instruction_rate),
    (f"specc measure --target {TARGET}", board_measurement),
    ("specc measure, the four reference networks on a Cortex-M4", reference_networks),
    ("specc report, everything stored", report),
)


def main() -> None:
    """Print one line per figure."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for name, figure in FIGURES:
        try:
            value = figure()
        except (Unavailable, ImportError) as error:
            value = f"not measured: {error}"
        print(f"| {name} | {value} |", flush=True)


if __name__ == "__main__":
    main()
