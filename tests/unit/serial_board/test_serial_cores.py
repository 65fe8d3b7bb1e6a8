"""The framed protocol on every core that a part has: the same firmware, compiled for it and run on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from serial_rig import VIRTUAL, Start, make_job, target

from specc.codegen.toolchain import Toolchain, core_flags
from specc.spec.hardware import Core, Target
from specc_backends.serial_board import SerialBoardBackend, backend, parts
from specc_backends.serial_board.firmware import build_firmware

# One of them in the quick tests: each compiles for a core of its own.
CORES = [*(pytest.param(core, marks=pytest.mark.slow) for core in ("cortex-m0+", "cortex-m7")), "cortex-m33"]


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A target on the core, with board support for it."""
    core: Core = request.param
    parts.PARTS[f"virtual {core}"] = replace(VIRTUAL, flags=core_flags(core, fpu=True, dsp=True))
    own = target(f"virtual {core}")
    yield own.model_copy(update={"hardware": own.hardware.model_copy(update={"core": core})})
    del parts.PARTS[f"virtual {core}"]


@pytest.mark.parametrize("board", CORES, indirect=True)
def test_a_board_of_another_core(board: Target, start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "SAMPLES", 8)
    monkeypatch.setattr(backend, "WARM_UP", 1)
    monkeypatch.setattr(backend, "COLD_STARTS", 2)
    build = folder / board.hardware.core
    build.mkdir()
    job = make_job(folder, to=board)
    firmware = build_firmware(job.network, board, Toolchain(folder), build)
    assert firmware.image.symbols["specc_arena"][1] == firmware.planned_bytes
    running = start(firmware, "--core", board.hardware.core)
    job = replace(job, port=running.port)
    result = SerialBoardBackend().measure(job, SerialBoardBackend().key(job))
    assert result.output_matches_golden
    assert len(result.total.samples) == 8 and len(result.cold.samples) == 2
    # The virtual board repeats exactly, input by input: no sample was lost, none invented.
    assert result.total.samples[:4] == result.total.samples[4:]
    assert all(sample > 0 for layer in result.layers for sample in layer.latency.samples)
