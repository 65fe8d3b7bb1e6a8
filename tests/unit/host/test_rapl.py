"""The energy counters of processors, as files that the kernel would show."""

from pathlib import Path

import pytest

from specc_backends.host.machine import frequency
from specc_backends.host.rapl import energy, packages


def zone(folder: Path, name: str, used: str, limit: str = "1000000") -> Path:
    path = folder / name
    path.mkdir()
    (path / "energy_uj").write_text(used + "\n")
    (path / "max_energy_range_uj").write_text(limit + "\n")
    return path


def test_packages_that_can_be_read_are_found(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "10")
    zone(tmp_path, "intel-rapl:0:0", "5")  # the cores of package 0, counted with it
    zone(tmp_path, "intel-rapl:1", "nonsense")
    (tmp_path / "intel-rapl:2").mkdir()
    assert [package.folder.name for package in packages(tmp_path)] == ["intel-rapl:0"]
    assert packages(tmp_path / "absent") == ()


def test_energy_is_divided_by_the_inferences_and_survives_the_wrap(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "999000", limit="1000000") / "energy_uj"
    now = 0.0

    def run() -> int:
        nonlocal now
        now += 0.03
        file.write_text(str((int(file.read_text()) + 700) % 1_000_000))
        return 7

    figure = energy(run, packages(tmp_path), clock=lambda: now)
    assert figure.value == pytest.approx(100e-6)
    assert figure.low == pytest.approx(100e-6) == figure.high
    assert figure.evidence == "measured" and "RAPL" in figure.basis


def test_without_counters_the_energy_is_unknown() -> None:
    def run() -> int:
        raise AssertionError("nothing to measure")

    figure = energy(run, ())
    assert figure.value is None and "not observed" in figure.basis


def test_the_clock_of_a_processor_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "cpu3" / "cpufreq"
    folder.mkdir(parents=True)
    (folder / "scaling_cur_freq").write_text("2400000\n")
    assert frequency(3, tmp_path) == 2.4e9
    assert frequency(2, tmp_path) is None
    (folder / "scaling_cur_freq").write_text("<unknown>\n")
    assert frequency(3, tmp_path) is None
