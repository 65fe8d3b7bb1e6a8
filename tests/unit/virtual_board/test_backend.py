"""From a spec to a measurement on the virtual board, and everything that can stop it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from specc.graph.build import build_network
from specc.measure import trace
from specc.measure.backend import BackendError, Job
from specc.measure.result import Measurement
from specc.numerics.quantize import quantize
from specc.spec import Spec
from specc.spec.hardware import CacheGeometry, Fact, FlashCache, FlashTiming, Hardware, Target, WaitStates
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc.units import quantity
from specc_backends.virtual_board import VirtualBoardBackend
from specc_backends.virtual_board.flash import flash_model


def fact(number: int | float, unit: str, low: float | None = None, high: float | None = None) -> Fact:
    ends = {"low": low and quantity(low, unit), "high": high and quantity(high, unit)}
    return Fact(value=quantity(number, unit), source="made up for this test", **ends)


TIMING = FlashTiming(
    line_bytes=8,
    wait_states=(
        WaitStates(up_to=quantity(20, "MHz"), states=0),
        WaitStates(up_to=quantity(80, "MHz"), states=4),
    ),
    source="made up for this test",
)


def hardware(**changes: object) -> Hardware:
    facts = {
        "name": "m4",
        "title": "A board",
        "core": "cortex-m4",
        "clock": fact(80, "MHz"),
        "sram": fact(64, "KiB"),
        "flash": fact(256, "KiB"),
    }
    return Hardware(**(facts | changes))


def target(**changes: object) -> Target:
    """A target; `at` is the clock it runs at, everything but `compile` belongs to its hardware."""
    options = {"compile": changes.pop("compile", "-O2"), "clock": changes.pop("at", None)}
    return Target(name="board", hardware=hardware(**changes), **options)


SMALL = (
    LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=6, activation="relu"),
    LayerSpec(name="pool", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="dense", kind="dense", units=5),
    LayerSpec(name="softmax", kind="softmax"),
)


def kws() -> tuple[LayerSpec, ...]:
    """The keyword-spotting network of MLPerf Tiny."""
    blocks = [
        layer
        for i in range(1, 5)
        for layer in (
            LayerSpec(name=f"dw{i}", kind="dwconv", kernel=(3, 3), padding="same", activation="relu"),
            LayerSpec(name=f"pw{i}", kind="conv", kernel=(1, 1), units=64, activation="relu"),
        )
    ]
    first = LayerSpec(
        name="conv", kind="conv", kernel=(10, 4), stride=(2, 2), padding="same", units=64, activation="relu"
    )
    last = (
        LayerSpec(name="pool", kind="avgpool"),
        LayerSpec(name="dense", kind="dense", units=12),
        LayerSpec(name="softmax", kind="softmax"),
    )
    return (first, *blocks, *last)


def job(
    folder: Path,
    target: Target,
    *,
    layers: tuple[LayerSpec, ...] = SMALL,
    shape: tuple[int, ...] = (8, 8, 3),
    rows: tuple[QuantizationRow, ...] = (QuantizationRow(layer="*", bits=8),),
    seed: int = 1,
) -> Job:
    spec = Spec(
        edition=1,
        model=ModelSpec(
            name="net",
            input=InputSpec(name="x", shape=shape, distribution="uniform"),
            layers=layers,
            weights=WeightsSpec(seed=seed),
        ),
        quantization=QuantizationTable(model="net", rows=rows),
        targets=(target,),
    )
    return Job(spec, target, quantize(spec, build_network(spec.model)), folder, lambda line: None)


def measure(job: Job) -> Measurement:
    return VirtualBoardBackend().measure(job, VirtualBoardBackend().key(job))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for the module: the compiler's cache is warm after the first test."""
    return tmp_path_factory.mktemp("build")


def test_keyword_spotting_network(folder: Path) -> None:
    result = measure(job(folder, target(flash_timing=TIMING), layers=kws(), shape=(49, 10, 1)))
    assert result.output_matches_golden
    assert result.evidence == "simulated"
    names = ["conv", "dw1", "pw1", "dw2", "pw2", "dw3", "pw3", "dw4", "pw4", "pool", "dense", "softmax"]
    assert [layer.name for layer in result.layers] == names
    assert result.provenance.inputs == len(result.total.samples) == 4
    cycles = result.counters["cycles"]
    assert cycles.value is not None
    # 2,656,768 multiplications less those that meet padding, one to rescale each of 72,076 outputs, and a few for
    # positions that are left over from pairs.
    assert 2_000_000 < result.counters["multiply_accumulates"].value <= 2_656_768 + 72_076 + 8_000
    assert result.total.samples[0] == pytest.approx(cycles.value / 80e6, rel=1e-12)
    assert result.memory.regions["sram: activations"] == 16_000
    assert result.memory.flash.value > 22_604


def test_figures_agree_with_each_other(folder: Path) -> None:
    result = measure(job(folder, target(flash_timing=TIMING)))
    for counters in (result.counters, *(layer.counters for layer in result.layers)):
        causes = [figure.value for name, figure in counters.items() if name.endswith("_cycles")]
        assert sum(causes) == counters["cycles"].value
        assert counters["cycles"].low <= counters["cycles"].value <= counters["cycles"].high
        assert len(counters) >= 8
    layers = zip(*(layer.latency.samples for layer in result.layers), strict=True)
    for total, overhead, parts in zip(result.total.samples, result.overhead.samples, layers, strict=True):
        assert total == pytest.approx(overhead + sum(parts), rel=1e-12)
    assert sum(size for name, size in result.memory.regions.items() if name.startswith("flash")) == (
        result.memory.flash.value
    )
    assert sum(size for name, size in result.memory.regions.items() if name.startswith("sram")) == (
        result.memory.sram.value
    )
    assert result.cold is not None and result.cold.samples == result.total.samples[:1]


ROWS = (
    QuantizationRow(layer="conv", bits=8, range=1.27, step=0.01),
    QuantizationRow(layer="dense", bits=12, range=2.047, step=0.001, guard=1),
    QuantizationRow(layer="*", bits=16, range=0.9, step=0.0001),
)


@pytest.mark.parametrize("flags", ["-O0", "-O2", "-O3", "-Os"])
@pytest.mark.parametrize("rows", [(QuantizationRow(layer="*", bits=8),), ROWS], ids=["8 bits", "8, 13 and 16 bits"])
def test_every_layer_equals_the_golden_model(folder: Path, rows: tuple[QuantizationRow, ...], flags: str) -> None:
    assert measure(job(folder, target(compile=flags), rows=rows)).output_matches_golden


def test_wrong_output_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of the pool's output, on every input."""
    real = trace.outputs_of_trace

    def other(lines: Sequence[str], layers: int) -> list[bytes]:
        outputs = real(lines, layers)
        at = 3 * 6 + 5  # of 4 x 4 positions and 6 channels
        return [outputs[0], outputs[1][:at] + bytes([outputs[1][at] ^ 1]) + outputs[1][at + 1 :], *outputs[2:]]

    monkeypatch.setattr(trace, "outputs_of_trace", other)
    result = measure(job(folder, target()))
    found = result.output_difference
    assert result.output_matches_golden is False and found is not None
    assert (found.layer, found.input, found.element, found.differing) == ("pool", 0, (0, 3, 5), 4)
    assert abs(found.found - found.expected) == 1
    assert found.cause == "no single cause found, in channel 5 alone"


def test_unknown_flash_timing_gives_a_lower_bound(folder: Path) -> None:
    result = measure(job(folder, target()))
    assert result.total.best.high is None
    assert result.counters["cycles"].high is None
    assert "flash timing is not declared" in result.total.best.basis


def test_wait_states_only_raise_the_high_end(folder: Path) -> None:
    slow = measure(job(folder, target(flash_timing=TIMING, at=quantity(20, "MHz"))))
    fast = measure(job(folder, target(flash_timing=TIMING)))
    assert slow.counters["cycles"].value == fast.counters["cycles"].value
    misses = sum(fast.counters[name].high for name in ("flash_fetch_misses", "flash_data_misses"))
    waits = fast.counters["cycles"].high - slow.counters["cycles"].high
    assert waits == pytest.approx(4 * misses, rel=0.01)
    assert fast.counters["flash_fetch_misses"].value >= fast.counters["flash_fetch_lines"].value
    beyond = measure(job(folder, target(flash_timing=TIMING, at=quantity(100, "MHz"))))
    assert beyond.total.best.high is None


def test_declared_cache_only_lowers_the_high_end(folder: Path) -> None:
    cache = FlashCache(
        instruction=CacheGeometry(sets=1, ways=64, line_bytes=8),
        data=CacheGeometry(sets=1, ways=8, line_bytes=8),
        source="made up for this test",
    )
    without = measure(job(folder, target(flash_timing=TIMING)))
    cached = measure(job(folder, target(flash_timing=TIMING, flash_cache=cache)))
    instructions_only = cache.model_copy(update={"data": None})
    half = measure(job(folder, target(flash_timing=TIMING, flash_cache=instructions_only)))
    best = [result.total.best for result in (cached, half, without)]
    assert best[0].low == best[1].low == best[2].low
    assert best[0].low < best[0].high < best[1].high < best[2].high
    assert any("1 x 64 lines of 8 B" in text for text in cached.provenance.model_assumptions)
    assert "made up for this test" in cached.provenance.fact_sources["flash_cache"]


def test_a_wide_line_takes_several_reads_of_flash() -> None:
    cache = FlashCache(
        instruction=CacheGeometry(sets=1, ways=4, line_bytes=32),
        data=CacheGeometry(sets=1, ways=4, line_bytes=8),
        source="made up for this test",
    )
    model = flash_model(hardware(flash_timing=TIMING, flash_cache=cache), 80e6)
    # A read takes 4 waits and the cycle that is paid anyway; the three further reads of a line of 32 bytes 5 each.
    assert model.wait_cycles(1, 0) == 4 + 3 * 5
    assert model.wait_cycles(0, 1) == 4


def test_energy_is_predicted_only_at_the_declared_clock(folder: Path) -> None:
    power = fact(10, "mW", 8, 12)
    known = measure(
        job(folder, target(flash_timing=TIMING, active_power=power, active_power_clock=quantity(80, "MHz")))
    )
    best = known.total.best
    assert known.energy.evidence == "predicted"
    assert known.energy.value == pytest.approx(0.010 * best.value)
    assert known.energy.low == pytest.approx(0.008 * best.low)
    assert known.energy.high == pytest.approx(0.012 * best.high)
    assert {layer.energy.evidence for layer in known.layers} == {"predicted"}
    for layer in known.layers:
        assert layer.energy.value == pytest.approx(0.010 * layer.latency.best.value)
    of_layers = sum(layer.energy.value for layer in known.layers)
    assert known.energy.value == pytest.approx(of_layers + 0.010 * known.overhead.best.value, rel=1e-3)
    for changes in ({"active_power_clock": quantity(40, "MHz")}, {}):
        other = measure(job(folder, target(active_power=power, **changes)))
        assert other.energy.evidence == "unknown" and other.energy.value is None
        assert {layer.energy for layer in other.layers} == {None}
    assert "no active power" in measure(job(folder, target())).energy.basis


def test_result_is_the_same_every_time(folder: Path) -> None:
    def without_time(result: Measurement) -> Measurement:
        return result.model_copy(update={"provenance": result.provenance.model_copy(update={"taken_at": ""})})

    first, second = (without_time(measure(job(folder, target()))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sram": fact(512, "B")}, r"needs [\d,]+ bytes more than the 512 bytes of SRAM"),
        ({"flash": fact(1, "KiB")}, r"needs [\d,]+ bytes more than the 1,024 bytes of flash"),
        ({"flash": fact(6, "KiB")}, r"needs [\d,]+ bytes more than the 6,144 bytes of flash"),
        ({"sram": None}, "declares no sram"),
        ({"sram": None, "flash": None}, "declares no flash and no sram"),
        ({"clock": None}, "no clock"),
        ({"compile": "-O2 -o /etc/passwd"}, "not allowed"),
        ({"compile": "@/etc/passwd"}, "not allowed"),
        ({"compile": "-O2 -mcpu=cortex-m7"}, "has a Cortex-M4"),
    ],
)
def test_target_that_cannot_be_built_for(folder: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(BackendError, match=message):
        measure(job(folder, target(**changes)))


def test_stack_that_runs_over_is_noticed(folder: Path) -> None:
    exact = measure(job(folder, target()))
    sram = int(exact.memory.sram.value)
    with pytest.raises(BackendError, match=r"stack ran over|faulted|answered|ended unexpectedly"):
        measure(job(folder, target(sram=fact(sram - 64, "B"))))


def test_naming_the_boards_own_core_is_allowed(folder: Path) -> None:
    plain, named = (measure(job(folder, target(compile=flags))) for flags in ("-O2", "-O2 -mcpu=cortex-m4"))
    assert plain.counters["cycles"] == named.counters["cycles"]


def test_key_changes_with_everything_that_matters(folder: Path) -> None:
    key = VirtualBoardBackend().key
    jobs = [
        job(folder, target()),
        job(folder, target(compile="-O3")),
        job(folder, target(at=quantity(40, "MHz"))),
        job(folder, target(sram=fact(32, "KiB"))),
        job(folder, target(), layers=SMALL[:3]),
        job(folder, target(), seed=2),
    ]
    assert len({key(job) for job in jobs}) == len(jobs)
    same = job(folder / "elsewhere", target())
    renamed = replace(same, target=same.target.model_copy(update={"name": "other"}))
    assert key(jobs[0]) == key(same) == key(renamed)


def test_supported_cores() -> None:
    cores = ("cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32", "host")
    supported = [core for core in cores if VirtualBoardBackend().supports(target(core=core))]
    assert supported == ["cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"]
