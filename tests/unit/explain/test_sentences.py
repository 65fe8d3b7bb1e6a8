"""Statements say what counters say, and nothing where there are none."""

from __future__ import annotations

from plain_results import BARE

from specc.evidence import Figure
from specc.explain.sentences import cycles_per_mac, statements
from specc.graph.network import Layer, Network
from specc.measure.result import Latency, LayerResult, Measurement, MemoryResult

NETWORK = Network(
    name="net",
    input="x",
    input_shape=(10,),
    layers=(
        Layer("first", "dense", ("x",), ((10,),), (10,)),  # 100 MACs
        Layer("second", "dense", ("first",), ((10,),), (30,)),  # 300 MACs
    ),
)


def latency(value: float, high: float | None = None, evidence: str = "simulated", p95: float = 1.0) -> Latency:
    best = Figure(value=value, low=value, high=high, unit="s", evidence=evidence)
    return Latency(samples=(value,), best=best, p50=value, p90=value, p95=value * p95, p99=value * p95)


def counts(**values: float) -> dict[str, Figure]:
    return {name: Figure.exact(value, "cycles", "simulated") for name, value in values.items()}


def result(
    first: dict[str, Figure],
    second: dict[str, Figure],
    whole: dict[str, Figure],
    total: Latency,
    *,
    cold: Latency | None = None,
    overhead: float = 0.0,
) -> Measurement:
    unknown = Figure.unknown("J", "not given")
    return Measurement(
        key="k",
        target="board",
        evidence=total.best.evidence,
        layers=(
            LayerResult(name="first", latency=latency(0.3), counters=first),
            LayerResult(name="second", latency=latency(0.6), counters=second),
        ),
        total=total,
        overhead=latency(overhead),
        cold=cold,
        counters=whole,
        memory=MemoryResult(flash=unknown, sram=unknown, regions={}),
        energy=unknown,
        output_matches_golden=True,
        provenance=BARE,
    )


def texts(measurement: Measurement) -> list[str]:
    return [statement.text.replace("\u00a0", " ") for statement in statements(measurement, NETWORK)]


def test_counters_become_sentences() -> None:
    measurement = result(
        counts(cycles=400, load_cycles=100, multiply_cycles=300),
        counts(cycles=600, load_cycles=450, other_cycles=150),
        counts(cycles=1000, load_cycles=550, multiply_cycles=300, other_cycles=150),
        latency(1.0, high=1.5),
    )
    assert texts(measurement) == [
        "second takes 60 % of an inference, more than any other layer; the largest part of its cycles, 75 %, goes to "
        "loads.",
        "Of all cycles, 55 % go to loads and 30 % to multiplication; 15 % are other instructions, such as address "
        "arithmetic and loop control.",
        "first spends 4.0 cycles per multiply-accumulate, 1.6 times the mean of 2.5.",
        "The model’s upper bound of the latency is 1.50 times its lower bound; budgets are held against the upper.",
    ]


def test_waiting_for_flash_is_stated_as_the_bound_it_is() -> None:
    whole = {
        "cycles": Figure(value=1000, low=1000, high=4000, unit="cycles", evidence="simulated"),
        "flash_waits_at_most": Figure(value=None, low=0, high=2000, unit="cycles", evidence="simulated"),
    }
    found = texts(result({}, {}, whole, latency(1.0, high=4.0)))
    assert (
        "The model’s upper bound of the latency is 4.00 times its lower bound, 50 % of it at most waiting for flash; "
        "budgets are held against the upper." in found
    )


def test_without_counters_only_time_speaks() -> None:
    assert texts(result({}, {}, {}, latency(1.0, high=1.0))) == [
        "second takes 60 % of an inference, more than any other layer."
    ]


def test_an_open_bound_is_called_a_lower_bound() -> None:
    assert any("lower bound" in text for text in texts(result({}, {}, {}, latency(1.0, high=None))))


def test_measured_spread_cold_start_and_overhead() -> None:
    measurement = result(
        {}, {}, {}, latency(1.0, 1.01, "measured", p95=1.4), cold=latency(3.0, 3.1, "measured"), overhead=0.1
    )
    assert texts(measurement)[1:] == [
        "10 % of an inference is spent outside the layers.",
        "One run in twenty takes 1.40 times the median or more (p95 over p50).",
        "The first inference after start takes 3.0 times the warm median.",
    ]


def test_every_statement_names_its_target_and_counters() -> None:
    measurement = result(counts(cycles=400), counts(cycles=600), counts(cycles=1000), latency(1.0, high=2.0))
    for statement in statements(measurement, NETWORK):
        assert statement.target == "board"
        assert statement.counters


def test_cycles_per_mac_needs_macs_and_cycles() -> None:
    layer = LayerResult(name="first", latency=latency(1.0), counters=counts(cycles=250))
    assert cycles_per_mac(layer, 100) == 2.5
    assert cycles_per_mac(layer, 0) is None
    assert cycles_per_mac(LayerResult(name="first", latency=latency(1.0), counters={}), 100) is None
