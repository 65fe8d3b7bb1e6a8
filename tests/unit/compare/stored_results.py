"""Results with figures chosen by the tests."""

from specc.evidence import Figure
from specc.measure.result import LayerResult, Measurement, MemoryResult, Provenance
from specc.measure.statistics import summarise

PROVENANCE = Provenance(
    spec_hash="spec",
    graph_hash="graph",
    code_hash="code",
    compiler="cc 1",
    compiler_flags="-O2",
    backend="host",
    backend_version="1",
    hardware="host",
    clock_hz=None,
    core_model="none",
    model_assumptions=(),
    fact_sources={},
    host="this",
    seed=1,
    inputs=8,
    warmup=10,
    library_versions={"numpy": "2"},
    taken_at="2024-01-01T00:00:00+00:00",
)


def seconds(low: float | None, value: float | None, high: float | None) -> Figure:
    return Figure(value=value, low=low, high=high, unit="s", evidence="unknown" if value is None else "measured")


def result(
    key: str = "a" * 64,
    target: str = "host",
    total: Figure | None = None,
    layers: dict[str, Figure] | None = None,
    **provenance: object,
) -> Measurement:
    latency = summarise([1e-3, 1e-3])
    bytes_ = Figure.exact(1024, "B", "measured", "sizes")
    return Measurement(
        key=key,
        target=target,
        evidence="measured",
        layers=tuple(
            LayerResult(
                name=name,
                latency=latency.model_copy(update={"best": figure}),
                counters={"macs": Figure.exact(5, "MACs", "measured")},
                energy=Figure.exact(2e-6, "J", "measured"),
            )
            for name, figure in (layers or {}).items()
        ),
        total=latency.model_copy(update={"best": total or latency.best}),
        overhead=latency,
        cold=None,
        counters={"cycles": Figure.exact(7, "cycles", "measured")},
        memory=MemoryResult(flash=bytes_, sram=bytes_, regions={}),
        energy=Figure.unknown("J", "no sensor"),
        output_matches_golden=True,
        provenance=PROVENANCE.model_copy(update=provenance),
    )
