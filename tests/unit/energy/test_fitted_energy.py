"""Where recordings exist, results without a sensor get energy fitted to them; where they are too few, a note."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_results import BARE
from test_energy_model import ALPHA, BETA, GAMMA, recordings

from specc.evidence import Figure
from specc.measure.energy.fitted import samples, with_fitted_energy
from specc.measure.energy.model import Sample
from specc.measure.result import LayerResult, Measurement, MemoryResult
from specc.measure.statistics import summarise
from specc.measure.store import Store

CLOCK = 80e6
UNKNOWN = Figure.unknown("J", "no sensor")


def result(layers: list[Sample], *, recorded: bool, graph: str = "g", clock: float | None = CLOCK) -> Measurement:
    size = Figure.exact(1, "B", "measured")

    def layer(sample: Sample) -> LayerResult:
        counts = {"cycles": sample.cycles, "loads": 0.75 * sample.accesses, "stores": 0.25 * sample.accesses}
        return LayerResult(
            name=sample.layer,
            latency=summarise([1e-3]),
            counters={name: Figure.exact(value, name, "simulated") for name, value in counts.items()},
            energy=Figure.exact(sample.joules, "J", "measured") if recorded else None,
        )

    return Measurement(
        key=graph,
        target="board",
        evidence="simulated",
        layers=tuple(layer(sample) for sample in layers),
        total=summarise([1e-3]),
        overhead=summarise([1e-6]),
        cold=None,
        counters={},
        memory=MemoryResult(flash=size, sram=size, regions={}),
        energy=Figure.exact(1e-3, "J", "measured") if recorded else UNKNOWN,
        output_matches_golden=True,
        provenance=BARE.model_copy(update={"graph_hash": graph, "hardware": "chip", "clock_hz": clock}),
    )


@pytest.fixture
def known() -> list[Measurement]:
    """Two networks with 15 recorded layers each."""
    layers = recordings(30, clocks=(CLOCK,))
    return [result(layers[:15], recorded=True, graph="one"), result(layers[15:], recorded=True, graph="two")]


def asked() -> list[Sample]:
    return [Sample("a", 1e5, 3e4, CLOCK, 0.0), Sample("b", 2e5, 4e4, CLOCK, 0.0)]


def test_an_inference_is_the_sum_of_its_layers(known: list[Measurement]) -> None:
    found = with_fitted_energy(result(asked(), recorded=False), known)
    expected = [ALPHA * s.cycles + BETA * s.accesses + GAMMA * CLOCK for s in asked()]
    assert [layer.energy.value for layer in found.layers] == pytest.approx(expected)
    assert found.energy.value == pytest.approx(sum(expected))
    terms = {"cycles": ALPHA * 1e5, "memory accesses": BETA * 3e4, "clock": GAMMA * CLOCK}
    assert found.layers[0].energy_terms == pytest.approx(terms)
    assert found.energy.evidence == "predicted" and "30 recorded layers" in found.energy.basis
    assert found.notes == ("energy is fitted to recordings of other runs on this hardware; an inference is the sum of "
                           "its layers",)  # fmt: skip


def test_too_few_recordings_leave_the_result_and_say_so(known: list[Measurement]) -> None:
    found = with_fitted_energy(result(asked(), recorded=False), known[:1])
    assert found.energy == UNKNOWN
    assert found.notes == ("energy is not fitted: 15 different layers were recorded; a fit needs 19",)


def test_a_layer_beyond_the_recordings_leaves_the_inference_unknown(known: list[Measurement]) -> None:
    found = with_fitted_energy(result([*asked(), Sample("c", 1e9, 1e4, CLOCK, 0.0)], recorded=False), known)
    assert found.energy == UNKNOWN
    assert "layer c: 1e+09 cycles are outside" in found.notes[0]


def test_without_recordings_nothing_is_said() -> None:
    mute = result(asked(), recorded=False)
    assert with_fitted_energy(mute, []) is mute


def test_a_layer_without_memory_counters_is_no_sample(known: list[Measurement]) -> None:
    bare = known[0].model_copy(
        update={"layers": tuple(one.model_copy(update={"counters": {}}) for one in known[0].layers)}
    )
    assert len(samples([bare, known[1]])) == 15
    assert (
        samples([known[0].model_copy(update={"provenance": bare.provenance.model_copy(update={"clock_hz": None})})])
        == []
    )


def test_the_store_finds_recordings_by_hardware_newest_of_each_key(tmp_path: Path, known: list[Measurement]) -> None:
    elsewhere = known[0].provenance.model_copy(update={"hardware": "other"})
    newer = known[0].model_copy(update={"notes": ("again",)})
    with Store(tmp_path / "specc.db") as store:
        for one in (known[0], known[1], result(asked(), recorded=False, graph="three"), newer):
            store.put(one)
        store.put(known[0].model_copy(update={"key": "x", "provenance": elsewhere}))
        assert store.with_recorded_energy("chip") == [known[1], newer]
        assert store.with_recorded_energy("none") == []
