"""The spec files that specc ships, read into objects: what they say, and where they say it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load
from specc.elaborate.hardware import library_names, load_hardware
from specc.graph.build import build_network
from specc.resources import resource
from specc.spec import Spec
from specc.spec.base import Node
from specc.spec.hardware import Fact, Hardware


def spec_of(name: str) -> Spec:
    sink = Sink()
    spec = load(resource("specs", f"{name}.hwspec"), sink)
    assert not sink.diagnostics
    assert spec is not None
    return spec


@pytest.fixture(scope="module")
def edge_cnn() -> Spec:
    return spec_of("edge_cnn")


@pytest.fixture(scope="module")
def kws() -> Spec:
    return spec_of("kws")


def test_edge_cnn_model(edge_cnn: Spec) -> None:
    model = edge_cnn.model
    assert (model.input.name, model.input.shape, model.input.distribution) == ("frame", (32, 32, 16), None)
    assert [(layer.kind, layer.name) for layer in model.layers] == [
        ("dwconv", "conv"),
        ("avgpool", "gap"),
        ("dense", "mlp1"),
        ("dense", "mlp2"),
    ]
    conv, gap, mlp1, mlp2 = model.layers
    assert (conv.kernel, conv.stride, conv.padding, conv.activation) == ((3, 3), (1, 1), "same", "linear")
    assert gap.kernel is None
    assert (mlp1.units, mlp1.activation, mlp2.units, mlp2.activation) == (32, "relu", 16, "linear")
    assert model.weights is None


def test_edge_cnn_quantization(edge_cnn: Spec) -> None:
    assert edge_cnn.quantization is not None
    rows = [(row.layer, row.bits, row.range, row.step, row.guard, row.notes) for row in edge_cnn.quantization.rows]
    assert rows == [
        ("conv", 8, 3.2, 0.01, 0, "keep 32-bit accum"),
        ("mlp1", 12, 2.5, 0.001, 0, ""),
        ("mlp2", 16, 1.0, 0.0003, 0, "highest precision"),
    ]
    assert {row.accumulator for row in edge_cnn.quantization.rows} == {32}


def test_edge_cnn_contracts(edge_cnn: Spec) -> None:
    lines = [(budget.target, item.label, str(item.limit)) for budget in edge_cnn.budgets for item in budget.items]
    assert lines == [
        ("m4", "latency total", "1 ms"),
        ("m4", "latency conv", "0.4 ms"),
        ("m4", "latency mlp1+mlp2", "0.5 ms"),
        ("m4", "latency overhead", "0.1 ms"),
        ("m4", "memory sram", "12 KiB"),
        ("xeon", "latency total", "100 us"),
        ("xeon", "memory l1", "1 MiB"),
    ]
    assert edge_cnn.budgets[1].items[1].per_core
    harness = edge_cnn.harness
    assert harness is not None
    assert (harness.iterations, harness.seed) == (10_000, "fresh")
    assert [(g.statistic, g.relation, g.limit) for g in harness.gradients] == [
        ("variance", "<=", 0.05),
        ("drift", "<", 0.0001),
    ]
    assert [(i.target, i.counters) for i in edge_cnn.instruments] == [
        ("m4", ("cycles", "fetch_stalls")),
        ("xeon", ("cache_misses", "memory_bandwidth")),
    ]
    guidelines = edge_cnn.guidelines
    assert guidelines is not None
    assert guidelines.application == "wake on gesture, coin cell"
    assert (guidelines.optimise, guidelines.tree_depth, guidelines.tree_leaf) == (("energy", "price"), 5, 3)


def test_edge_cnn_targets(edge_cnn: Spec) -> None:
    m4, xeon = edge_cnn.targets
    assert (m4.hardware.name, m4.hardware.core, m4.clock_hz, m4.compile) == ("stm32f407", "cortex-m4", 168e6, "-Os")
    assert (xeon.hardware.core, xeon.clock_hz, xeon.cores) == ("host", None, 2)


def test_repaired_says_what_it_repairs() -> None:
    spec = spec_of("edge_cnn_repaired")
    assert spec.model.input.streamed
    assert (spec.model.input.distribution, spec.model.input.scale) == ("uniform", 1.0)
    assert [(fusion.layers, fusion.method) for fusion in spec.model.fusions] == [(("conv", "gap"), "window_sums")]
    assert spec.quantization is not None
    assert [(row.bits, row.range, row.guard) for row in spec.quantization.rows] == [
        (10, 3.2, 0),
        (12, 2.5, 1),
        (13, 0.9999, 0),
    ]


def test_kws_is_the_mlperf_tiny_network(kws: Spec) -> None:
    network = build_network(kws.model)
    assert network.macs == 2_656_768
    assert network.parameters == 22_604
    assert network.output_shape == (12,)
    assert network.shape("conv0") == (25, 5, 64)
    assert kws.model.weights is not None


def test_kws_has_four_boards_and_the_host(kws: Spec) -> None:
    cores = [target.hardware.core for target in kws.targets]
    assert cores == ["cortex-m4"] * 4 + ["host"]
    assert {target.clock_hz for target in kws.targets} == {120e6, 168e6, 170e6, 64e6, None}


EXPECTED_TEXT = {
    "model.input.shape": "32x32x16",
    "model.layers.0.kernel": "3x3",
    "model.layers.0.name": "conv",
    "model.layers.1.kernel": "global",
    "model.layers.2.units": "32",
    "quantization.rows.0.range": "±3.2",
    "quantization.rows.1.bits": "12",
    "quantization.rows.2.step": "0.0003",
    "targets.0.hardware": "stm32f407",
    "targets.0.clock": "168 MHz",
    "targets.0.compile": '"-Os"',
    "budgets.0.items.2.scope": "mlp1+mlp2",
    "budgets.0.items.2.limit": "0.5 ms",
    "budgets.0.items.2.": "latency mlp1+mlp2 <= 0.5 ms",
    "harness.gradients.1.limit": "0.01 %",
    "instruments.0.fetch_stalls": "fetch_stalls",
    "guidelines.optimise": "energy then price",
}


@pytest.mark.parametrize(("path", "text"), EXPECTED_TEXT.items())
def test_spans_cover_what_was_written(edge_cnn: Spec, path: str, text: str) -> None:
    *steps, field = path.split(".")
    node: object = edge_cnn
    for step in steps:
        node = node[int(step)] if isinstance(node, tuple) else getattr(node, step)
    assert isinstance(node, Node)
    assert node.spans[field].text == text


def test_spans_are_no_part_of_what_a_spec_says(edge_cnn: Spec) -> None:
    assert "spans" not in edge_cnn.model_dump_json()
    assert Spec.model_validate_json(edge_cnn.model_dump_json()) == edge_cnn


def hardware_of(name: str) -> Hardware:
    sink = Sink()
    hardware = load_hardware(name, sink)
    assert not sink.diagnostics
    assert hardware is not None
    return hardware


@pytest.mark.parametrize("name", library_names())
def test_library_states_a_source_for_every_fact(name: str) -> None:
    hardware = hardware_of(name)
    assert hardware.name == name
    for field in type(hardware).model_fields:
        fact = getattr(hardware, field)
        if isinstance(fact, Fact):
            assert re.search(r"\w{4}", fact.source)
            assert fact.value.base > 0
            if fact.low is not None and fact.high is not None:
                assert fact.low.base <= fact.value.base <= fact.high.base
    assert (hardware.active_power is None) == (hardware.active_power_clock is None)
    if hardware.flash_timing is not None and hardware.clock is not None:
        assert hardware.flash_timing.states_at(float(hardware.clock.value.base)) is not None
        assert hardware.flash_timing.states_at(float(hardware.clock.value.base) + 1) is None


def test_nothing_is_known_of_the_host() -> None:
    host = hardware_of("host")
    assert [field for field in type(host).model_fields if isinstance(getattr(host, field), Fact)] == []


@pytest.mark.parametrize(
    ("name", "clock", "states"),
    [
        ("stm32f407", 168e6, 5),  # RM0090, table 10, 2.7 V to 3.6 V
        ("stm32f407", 30e6, 0),
        ("stm32g474", 170e6, 4),  # RM0440, table 9, range 1 boost
        ("stm32g474", 34e6, 0),
        ("stm32l4r5", 120e6, 5),
        ("stm32l4r5", 80e6, 3),
    ],
)
def test_flash_wait_states(name: str, clock: float, states: int) -> None:
    timing = hardware_of(name).flash_timing
    assert timing is not None
    assert timing.states_at(clock) == states


@pytest.mark.parametrize("name", ["../kws", "..", "", "/etc/passwd", "STM32F407", "nothing", "a" * 100, "targets/host"])
def test_names_outside_the_library_reach_no_file(name: str) -> None:
    sink = Sink()
    assert load_hardware(name, sink) is None
    assert not sink.diagnostics


def test_loading_is_repeatable(tmp_path: Path) -> None:
    assert spec_of("kws") == spec_of("kws")
