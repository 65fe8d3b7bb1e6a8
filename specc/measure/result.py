"""What a backend returns: per-layer figures with counters, memory, and where all of it came from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from specc.evidence import Evidence, Figure
from specc.measure.kernel_result import KernelTuning

FORMAT_VERSION = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Latency(_Record):
    """Latency of one layer or of a whole inference, in seconds.

    `samples` are the warm runs as taken (measured backends) or one per distinct input (simulated ones). `best` is the
    figure to quote, with its bounds: a bootstrap interval of the median when measured, the model's proven bounds when
    simulated.
    """

    samples: tuple[float, ...]
    best: Figure
    p50: float
    p90: float
    p95: float
    p99: float


class LayerResult(_Record):
    """One layer: its latency and whatever counters the target can see (name to count per inference)."""

    name: str
    latency: Latency
    counters: dict[str, Figure]
    energy: Figure | None = None  # joules per inference; None where it is not known
    energy_terms: dict[str, float] = {}  # joules by term of the fitted model; empty where energy is not fitted


class MemoryResult(_Record):
    """Memory of the built image, in bytes. `regions` break flash and SRAM down by what they hold, as it was linked."""

    flash: Figure
    sram: Figure
    regions: dict[str, int]  # e.g. "flash: weights", "flash: code", "sram: activations", "sram: stack"
    planned_activations: int | None = None  # what the plan gives to activations; None where nothing was planned


class Provenance(_Record):
    """Everything needed to repeat a measurement, or to see why two differ."""

    spec_hash: str
    graph_hash: str
    code_hash: str
    compiler: str
    compiler_flags: str
    backend: str
    backend_version: str
    hardware: str
    clock_hz: float | None
    core_model: str
    model_assumptions: tuple[str, ...]
    fact_sources: dict[str, str]
    host: str
    seed: int
    inputs: int
    warmup: int
    model_file: str = (
        ""  # path and SHA-256 of the file that the network was read from; empty where the spec declares it
    )
    library_versions: dict[str, str]
    taken_at: str  # ISO 8601, UTC
    schedule: str = ""  # how the layers run, where the code is ours
    kernels: dict[str, str] = {}  # family and name of the kernel of each layer, where the code is ours
    in_sram: tuple[str, ...] = ()  # layers whose constants lie in SRAM


class Baseline(_Record):
    """Another runtime on the same network and inputs, in the same run."""

    name: str
    version: str
    latency: Latency
    largest_difference: int  # of its output codes from the golden model's: its rounding is its own


class GradientResult(_Record):
    """Gradients that the target computed, of the layers at the end of the network whose backward pass is built.

    `layers` come from the last to the first, with the time of the backward pass alone; `total` is all of it, the loss
    included.
    """

    layers: tuple[LayerResult, ...]
    absent: tuple[str, ...]  # layers with weights whose backward pass is not built
    total: Latency
    memory: MemoryResult  # of the program with gradients; its inference takes part in it
    samples: int  # inputs whose gradients were compared
    difference: str  # the first one from the golden model's; empty: every bit is equal


class OutputDifference(_Record):
    """The first layer, in the network's order, whose output is not the golden model's."""

    layer: str
    input: int  # number of the first input on which it differs
    element: tuple[int, ...]  # the first element of it that differs
    found: int  # its code
    expected: int  # the golden model's
    differing: int  # elements of the layer that differ, over all inputs compared
    compared: int  # elements of the layer, over the same inputs
    cause: str  # a fault that gives every code found, or that there is none

    @property
    def text(self) -> str:
        """In one line."""
        element = ",".join(str(index) for index in self.element)
        return (
            f"{self.layer}, input {self.input}: {self.differing:,} of {self.compared:,} codes differ, the first is "
            f"element {element}: {self.found} instead of {self.expected}; cause: {self.cause}"
        )


class Measurement(_Record):
    """One target's complete result."""

    format_version: int = FORMAT_VERSION
    key: str  # content address: equal keys are equal work
    target: str
    evidence: Evidence
    layers: tuple[LayerResult, ...]
    total: Latency
    overhead: Latency  # total less the sum of the layers
    cold: Latency | None  # first inference after start; None where it was not observed
    counters: dict[str, Figure]  # whole inference
    memory: MemoryResult
    energy: Figure  # joules per inference
    idle_power: Figure | None = None  # watts outside of inferences, in the recording that `energy` was taken from
    output_matches_golden: bool | None  # None: nothing ran that could have had an output
    output_difference: OutputDifference | None = None  # where `output_matches_golden` is false
    provenance: Provenance
    baselines: tuple[Baseline, ...] = ()
    gradients: GradientResult | None = None  # None: the spec asks for none, or they are not built for this target
    kernel_tuning: KernelTuning | None = None  # None: no layer's kernel was found by measuring
    notes: tuple[str, ...] = ()  # what a reader must know before trusting the figures: drift, noise, missing parts
