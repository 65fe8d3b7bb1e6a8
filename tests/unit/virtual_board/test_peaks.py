"""Peaks of virtual boards, against the instruction timings of the cores."""

from __future__ import annotations

import pytest

from specc.check import check
from specc.measure.backend import Job
from specc.measure.peaks import Peaks, measured_peaks
from specc.measure.store import Store
from specc_backends.virtual_board import VirtualBoardBackend

TEXT = """hwspec 1
model m {
  input x 4
  dense d { units 2 }
  weights seed 1
}
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target m4 { use stm32f407, clock 168 MHz }
target m0 { use rp2040 }
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Peaks]:
    folder = tmp_path_factory.mktemp("peaks")
    path = folder / "m.hwspec"
    path.write_text(TEXT, encoding="utf-8")
    spec = check(path).spec
    assert spec is not None
    backend = VirtualBoardBackend()
    with Store(folder / "specc.db") as store:
        jobs = [Job(spec, target, None, folder, lambda line: None) for target in spec.targets]  # type: ignore[arg-type]
        first = {job.target.name: measured_peaks(backend, job, store) for job in jobs}
        again = {job.target.name: measured_peaks(backend, job, store) for job in jobs}
    assert again == first  # from the store
    return first


def per_cycle(peaks: Peaks, name: str) -> float:
    value = peaks.rates[name].value
    assert value is not None and peaks.clock_hz
    return value / peaks.clock_hz


def test_a_cortex_m4_multiplies_two_pairs_in_a_cycle(found: dict[str, Peaks]) -> None:
    """Cortex-M4 Technical Reference Manual, table 3-1: SMLAD takes one cycle; a turn of 128 also a branch."""
    assert 1.8 < per_cycle(found["m4"], "mac") <= 2


def test_a_cortex_m0_plus_multiplies_one_in_two_instructions(found: dict[str, Peaks]) -> None:
    """Cortex-M0+ Technical Reference Manual, table 3-1: MULS, ADDS and the move of an operand take a cycle each."""
    assert 0.3 <= per_cycle(found["m0"], "mac") <= 0.5


@pytest.mark.parametrize("name", ["sram_read", "sram_write", "flash_read"])
def test_a_word_for_each_cycle_and_one_more(found: dict[str, Peaks], name: str) -> None:
    """LDM and STM of N words take 1 + N cycles: 32 bytes in 9, or 16 in 5; the loop costs some more."""
    assert 3.0 < per_cycle(found["m4"], name) <= 32 / 9
    assert 2.7 < per_cycle(found["m0"], name) <= 16 / 5


def test_flash_may_be_slower_by_its_wait_states(found: dict[str, Peaks]) -> None:
    rate = found["m4"].rates["flash_read"]
    assert rate.low is not None and rate.value is not None
    assert rate.low < 0.6 * rate.value  # 5 wait states for every 16 bytes
