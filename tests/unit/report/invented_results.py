"""Invented measurements of the keyword-spotting network, for tests of what is written about measurements.

The figures are made up. They are shaped like real ones: layers, counters and intervals agree with each other.
"""

from __future__ import annotations

import math
from dataclasses import replace

from specc.evidence import Figure
from specc.graph.build import build_network
from specc.graph.network import Layer, Network
from specc.measure.judge import judge
from specc.measure.result import Baseline, Latency, LayerResult, Measurement, MemoryResult, Provenance
from specc.numerics.quantize import quantize
from specc.report.inputs import ReportInputs
from specc.spec import Budget, BudgetItem, Guidelines, ModelSpec, Spec, Target
from specc.spec.hardware import Fact, Hardware
from specc.spec.model import InputSpec, LayerSpec, QuantizationRow, QuantizationTable, WeightsSpec
from specc.units import quantity

BOARDS = {  # clock MHz, SRAM KiB, flash KiB, active power mW (low, high), slowdown of the upper bound
    "board_a": (120, 640, 2048, (40.6, 48.0), 1.62),
    "board_b": (168, 192, 1024, (120.0, 160.0), 1.74),
    "board_c": (64, 256, 1024, None, 1.18),
    "board_d": (170, 128, 512, None, None),
}


def kws_model() -> ModelSpec:
    """The MLPerf Tiny keyword-spotting network."""
    layers = [
        LayerSpec(name="conv1", kind="conv", kernel=(10, 4), stride=(2, 2), padding="same", units=64, activation="relu")
    ]
    for block in range(1, 5):
        layers.append(LayerSpec(name=f"dw{block}", kind="dwconv", kernel=(3, 3), padding="same", activation="relu"))
        layers.append(LayerSpec(name=f"pw{block}", kind="conv", kernel=(1, 1), units=64, activation="relu"))
    layers.append(LayerSpec(name="pool", kind="avgpool"))
    layers.append(LayerSpec(name="classes", kind="dense", units=12))
    layers.append(LayerSpec(name="scores", kind="softmax"))
    return ModelSpec(
        name="kws",
        input=InputSpec(name="features", shape=(49, 10, 1), distribution="uniform", scale=1.0),
        layers=tuple(layers),
        weights=WeightsSpec(seed=42),
    )


def fact(number: str, unit: str, source: str, low: str | None = None, high: str | None = None) -> Fact:
    return Fact(
        value=quantity(number, unit),
        source=source,
        low=quantity(low, unit) if low else None,
        high=quantity(high, unit) if high else None,
    )


def board(name: str) -> Target:
    clock, sram, flash, power, _ = BOARDS[name]
    hardware = Hardware(
        name=name,
        vendor="Invented",
        title=f"Test {name.replace('_', ' ').title()}",
        core="cortex-m4",
        fpu=True,
        dsp=True,
        clock=fact(str(clock), "MHz", f"{name} test data sheet, section 1"),
        sram=fact(str(sram), "KiB", f"{name} test data sheet, section 2"),
        flash=fact(str(flash), "KiB", f"{name} test data sheet, section 2"),
        active_power=fact(str(sum(power) / 2), "mW", f"{name} test power log", str(power[0]), str(power[1]))
        if power
        else None,
        active_power_clock=quantity(clock, "MHz") if power else None,
    )
    return Target(name=name, hardware=hardware)


def kws_spec() -> Spec:
    items = (
        BudgetItem(kind="latency", scope=("total",), relation="<=", limit=quantity("250", "ms")),
        BudgetItem(kind="latency", scope=("conv1",), relation="<=", limit=quantity("60", "ms")),
        BudgetItem(kind="memory", scope=("sram",), relation="<=", limit=quantity("24", "KiB")),
        BudgetItem(kind="memory", scope=("flash",), relation="<=", limit=quantity("64", "KiB")),
        BudgetItem(kind="energy", scope=("inference",), relation="<=", limit=quantity("12", "mJ")),
    )
    host = Target(name="host", hardware=Hardware(name="host", title="This machine", core="host"))
    return Spec(
        edition=1,
        model=kws_model(),
        targets=(*(board(name) for name in BOARDS), host),
        budgets=(Budget(target="all", items=items),),
        guidelines=Guidelines(application="wake on a spoken word, coin cell", optimise=("energy", "latency")),
    )


def latency(value: float, high: float | None, evidence: str = "simulated", basis: str = "static timing") -> Latency:
    best = Figure(value=value, low=value, high=high, unit="s", evidence=evidence, basis=basis)
    return Latency(samples=(value,) * 4, best=best, p50=value, p90=value, p95=value, p99=value)


def counters(layer: Layer) -> dict[str, float]:
    outputs = math.prod(layer.output_shape)
    work = layer.macs or math.prod(layer.input_shapes[0])
    costly = 2.0 if layer.kind == "dwconv" else 1.0
    found = {
        "multiply_accumulates": layer.macs,
        "loads": round(2.05 * work + 3 * outputs),
        "stores": outputs,
        "branches": round(costly * 0.25 * work + 2 * outputs),
        "taken_branches": round(costly * 0.24 * work + outputs),
        "load_stalls": round(0.9 * work),
        "divides": 0,
    }
    found["other_cycles"] = round(1.4 * work)
    found["instructions"] = sum(found[n] for n in ("loads", "stores", "branches", "other_cycles")) + layer.macs
    found["multiply_cycles"] = layer.macs
    found["load_cycles"] = found["loads"] + found["load_stalls"]
    found["store_cycles"] = found["stores"]
    found["branch_cycles"] = found["branches"]
    found["refill_cycles"] = found["taken_branches"]
    found["cycles"] = sum(value for name, value in found.items() if name.endswith("_cycles"))
    found["flash_fetch_lines"] = found["instructions"] // 4
    return {name: float(value) for name, value in found.items()}


def provenance(target: str, compiler_flags: str, clock: float | None, core: str) -> Provenance:
    return Provenance(
        spec_hash="5" * 64,
        graph_hash="6" * 64,
        code_hash="7" * 64,
        compiler="test compiler 1.2.3",
        compiler_flags=compiler_flags,
        backend="host" if clock is None else "virtual_board",
        backend_version="1",
        hardware=target,
        clock_hz=clock,
        core_model=core,
        model_assumptions=() if clock is None else ("zero data-dependent divides", "no interrupts, no bus contention"),
        fact_sources={} if clock is None else {"clock": f"{target} test data sheet, section 1"},
        host="x86_64 test machine, 2 cores",
        seed=42,
        inputs=4,
        warmup=10,
        library_versions={"numpy": "2.0.0", "unicorn": "2.1.4"},
        taken_at="2024-05-06T07:08:09Z",
    )


def board_measurement(name: str, network: Network) -> Measurement:
    clock, _, _, power, slowdown = BOARDS[name]
    hertz = clock * 1e6
    sums: dict[str, float] = {}
    results = []
    for layer in network.layers:
        found = counters(layer)
        for key, value in found.items():
            sums[key] = sums.get(key, 0.0) + value
        seconds = found["cycles"] / hertz
        results.append(
            LayerResult(
                name=layer.name,
                latency=latency(seconds, seconds * slowdown if slowdown else None),
                counters={key: Figure.exact(value, "count", "simulated") for key, value in found.items()},
            )
        )
    sums["cycles"] += 900
    sums["other_cycles"] += 900
    sums["instructions"] += 900
    total = sums["cycles"] / hertz
    total_latency = latency(total, total * slowdown if slowdown else None)
    energy = Figure.unknown("J", "no active power is declared for this hardware")
    if power and slowdown:
        energy = Figure(
            value=total * sum(power) / 2 / 1000,
            low=total * power[0] / 1000,
            high=total * slowdown * power[1] / 1000,
            unit="J",
            evidence="predicted",
            basis="active power of the hardware description times simulated time",
        )
    memory = MemoryResult(
        flash=Figure.exact(41_212, "B", "simulated", "ELF sections"),
        sram=Figure.exact(18_944, "B", "simulated", "ELF sections and painted stack"),
        regions={
            "flash: weights": 24_000,
            "flash: code": 17_212,
            "sram: activations": 16_000,
            "sram: data": 1_920,
            "sram: stack (painted)": 1_024,
        },
    )
    return Measurement(
        key=name,
        target=name,
        evidence="simulated",
        layers=tuple(results),
        total=total_latency,
        overhead=latency(900 / hertz, 900 / hertz * slowdown if slowdown else None),
        cold=latency(total * 1.001, total * 1.001 * slowdown if slowdown else None),
        counters={key: Figure.exact(value, "count", "simulated") for key, value in sums.items()},
        memory=memory,
        energy=energy,
        output_matches_golden=True,
        provenance=provenance(name, "-O2 -mcpu=cortex_m4", hertz, "cortex-m4 static timing"),
    )


def host_measurement(network: Network) -> Measurement:
    samples = tuple(0.0021 * (1 + 0.02 * math.sin(i) + (0.3 if i % 17 == 0 else 0.0)) for i in range(200))
    ordered = sorted(samples)

    def spread(share: float) -> Latency:
        best = Figure(
            value=ordered[100] * share,
            low=ordered[90] * share,
            high=ordered[110] * share,
            unit="s",
            evidence="measured",
            basis="95% bootstrap interval of the median of 200 samples",
        )
        p50, p90, p95, p99 = (ordered[i] * share for i in (100, 180, 190, 198))
        return Latency(samples=tuple(s * share for s in samples), best=best, p50=p50, p90=p90, p95=p95, p99=p99)

    weight = {layer.name: (layer.macs or 500) / 2_660_000 for layer in network.layers}
    cold = latency(0.0091, 0.0095, "measured", "first inference of 5 fresh processes")
    return Measurement(
        key="host",
        target="host",
        evidence="measured",
        layers=tuple(
            LayerResult(name=layer.name, latency=spread(0.98 * weight[layer.name]), counters={})
            for layer in network.layers
        ),
        total=spread(1.0),
        overhead=spread(0.02),
        cold=cold,
        counters={},
        memory=MemoryResult(
            flash=Figure.exact(39_000, "B", "measured", "ELF sections"),
            sram=Figure.exact(18_100, "B", "measured", "ELF sections"),
            regions={"flash: weights": 24_000, "flash: code": 15_000, "sram: activations": 16_000, "sram: data": 2_100},
        ),
        energy=Figure.unknown("J", "no energy sensor on this machine"),
        output_matches_golden=True,
        provenance=provenance("host", "-O2 -march=native", None, "native"),
    )


def full_inputs() -> ReportInputs:
    """The same with everything that a full report can show: a quantized network, other runtimes, notes."""
    inputs = kws_inputs()
    host = inputs.measurements["host"]
    times = tuple(0.0004 * (1 + 0.001 * (i % 7)) for i in range(100))
    other = host.total.model_copy(
        update={"samples": times, "p50": 0.0004012, "best": host.total.best.model_copy(update={"value": 0.0004012})}
    )
    baseline = Baseline(name="Other Runtime", version="1.2", latency=other, largest_difference=1)
    host = host.model_copy(update={"baselines": (baseline,), "notes": ("noisy: invented",)})
    table = QuantizationTable(model="kws", rows=(QuantizationRow(layer="*", bits=8),))
    quantized = quantize(inputs.spec.model_copy(update={"quantization": table}), inputs.network)
    return replace(inputs, measurements={**inputs.measurements, "host": host}, quantized=quantized)


def kws_inputs() -> ReportInputs:
    """Inputs of a complete document: four invented boards and a host."""
    spec = kws_spec()
    network = build_network(spec.model)
    measurements = {name: board_measurement(name, network) for name in BOARDS}
    measurements["host"] = host_measurement(network)
    return ReportInputs(
        spec=spec,
        network=network,
        measurements=measurements,
        verdicts=judge(spec, measurements),
        source_name="kws.hwspec",
    )
