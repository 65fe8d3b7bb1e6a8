"""The backend: write the network as TensorFlow Lite, let Vela compile it, keep what Vela estimates, per layer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from specc.codegen.tflite_file import TfliteError, write_tflite
from specc.evidence import Figure
from specc.graph.network import Layer
from specc.measure import provenance
from specc.measure.backend import BackendError, Job
from specc.measure.result import Latency, LayerResult, Measurement, MemoryResult, Provenance
from specc.spec.hardware import Npu, Target
from specc_backends.ethos_u import vela
from specc_backends.ethos_u.performance import BOUNDS, Estimate, LayerEstimate, read_estimate

_FAMILIES: Final = ("ethos-u55", "ethos-u65", "ethos-u85")
# Ethos-U85 skips half of the weights where two of four are zero; the others multiply every one.
_MACS_SAVED_BY_SPARSITY: Final = {"ethos-u85": 2}
_BASIS: Final = "Vela's estimate, for which Arm states no error"


class EthosUBackend:
    """Estimates an Ethos-U accelerator by Vela."""

    name = "ethos_u"
    version = "2"

    def supports(self, target: Target) -> bool:
        """Targets whose core is an Ethos-U with a declared configuration."""
        return target.hardware.core in _FAMILIES and target.hardware.npu is not None

    def key(self, job: Job) -> str:
        """Hash of the file that Vela gets, its version and the configuration.

        Raises:
            BackendError: kernels are asked for, of which an accelerator has none.
        """
        job.options.require_default("what Vela compiles")
        if job.network.off:
            raise BackendError("Vela rewrites networks by itself: `rewrite` lines have no effect on it")
        return provenance.content_key(
            backend=[self.name, self.version],
            graph=provenance.graph_hash(job.network),
            target=job.target.model_dump(mode="json", exclude={"name"}),
            vela=vela.installed(),
        )

    def measure(self, job: Job, key: str) -> Measurement:
        """Compile and read the estimate.

        Raises:
            BackendError: Vela is missing or failed, or the network cannot be written as TensorFlow Lite.
        """
        npu, version = job.target.hardware.npu, vela.installed()
        assert npu is not None
        if version is None:
            raise BackendError("Vela is not installed: pip install 'specc[ethos-u]'")
        clock = job.target.clock_hz
        if clock is None:
            raise BackendError(f"no clock is declared for {job.target.name} or for {job.target.hardware.name}")
        job.progress(f"{job.target.name}: compiling with Vela {version}")
        folder = job.build_folder.resolve() / "ethos_u" / job.target.name
        content = _write(job)
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "network.tflite"
        model.write_bytes(content)
        accelerator = f"{job.target.hardware.core}-{npu.macs}"
        ran = vela.run_vela(model, accelerator, npu.system, npu.memory, folder / "vela")
        graph = job.network.network
        estimate = read_estimate(ran.per_layer, ran.summary, [layer.name for layer in graph.layers])
        if graph.macs and estimate.macs == 0:
            raise BackendError("Vela counts no multiply-accumulate: it understood none of this network")
        macs_per_cycle = npu.macs * _MACS_SAVED_BY_SPARSITY.get(job.target.hardware.core, 1)
        layers = tuple(_layer(layer, estimate.layers[layer.name], clock, macs_per_cycle) for layer in graph.layers)
        every = (*estimate.layers.values(), estimate.other)
        cycles = sum(found.cycles for found in every)
        return Measurement(
            key=key,
            target=job.target.name,
            evidence="predicted",
            layers=layers,
            total=_latency(cycles, graph.macs / macs_per_cycle, clock, _total_basis(estimate)),
            overhead=_latency(estimate.other.cycles, 0.0, clock, "operators that belong to no layer"),
            cold=None,
            counters={"cycles": _cycles(cycles)}
            | _bound_by(every)
            | {"macs": Figure.exact(graph.macs, "MACs", "predicted", "own count, not Vela's")},
            memory=_memory(estimate),
            energy=Figure.unknown("J", "Vela estimates no energy"),
            output_matches_golden=None,
            provenance=Provenance(
                spec_hash=provenance.spec_hash(job.spec),
                graph_hash=provenance.graph_hash(job.network),
                model_file=provenance.model_file(job.spec),
                code_hash=hashlib.sha256(content).hexdigest(),
                compiler=f"Vela {version}",
                compiler_flags=f"{accelerator}, {npu.system}, {npu.memory}",
                backend=self.name,
                backend_version=self.version,
                hardware=job.target.hardware.name,
                clock_hz=clock,
                core_model=f"Vela {version}, {accelerator}",
                model_assumptions=_assumptions(npu, estimate, version),
                fact_sources=provenance.fact_sources(job.target.hardware) | {"npu": npu.source},
                host=provenance.host_description(),
                seed=job.spec.model.weights.seed if job.spec.model.weights else 0,
                inputs=0,
                warmup=0,
                library_versions=provenance.library_versions("specc", "numpy", vela.PACKAGE, "flatbuffers"),
                taken_at=provenance.now(),
            ),
            notes=_notes(estimate, ran.warnings),
        )


def _write(job: Job) -> bytes:
    try:
        return write_tflite(job.network)
    except TfliteError as error:
        raise BackendError(f"the network cannot be given to Vela: {error}") from error
    except ImportError as error:
        raise BackendError(f"{error.name} is not installed: pip install 'specc[ethos-u]'") from error


def _layer(layer: Layer, estimate: LayerEstimate, clock: float, macs_per_cycle: int) -> LayerResult:
    basis = _BASIS if estimate.bound is None else f"{_BASIS}; bound by {estimate.bound}"
    latency = _latency(estimate.cycles, layer.macs / macs_per_cycle, clock, basis)
    if estimate.cpu:
        reason = f"left to the CPU, for which Vela estimates nothing: {', '.join(estimate.cpu)}"
        latency = latency.model_copy(update={"best": Figure.unknown("s", reason)})
    counters = {"cycles": _cycles(estimate.cycles)} | _bound_by([estimate])
    counters |= {f"{bound.lower()}_cycles": _cycles(cycles) for bound, cycles in estimate.needs.items()}
    if not estimate.operators and layer.kind != "flatten":  # which is no work
        # Vela runs it in one operator with what reads it, a convolution with its activation for example.
        reason = "Vela runs it in one operator with the layer that reads it"
        latency = latency.model_copy(update={"best": Figure.unknown("s", reason)})
        counters = {name: Figure.unknown("cycles", reason) for name in counters}
    counters["macs"] = Figure.exact(layer.macs, "MACs", "predicted", "own count, not Vela's")
    return LayerResult(name=layer.name, latency=latency, counters=counters)


def _bound_by(estimates: Iterable[LayerEstimate]) -> dict[str, Figure]:
    """Cycles of the operators that each part of the accelerator limits; together they are the cycles."""
    found = list(estimates)
    return {f"{bound.lower()}_bound_cycles": _cycles(sum(one.bound_by[bound] for one in found)) for bound in BOUNDS}


def _latency(cycles: float, fewest_cycles: float, clock: float, basis: str) -> Latency:
    """One estimate; its only proven bound is from below: every multiplier busy in every cycle."""
    value = cycles / clock
    best = Figure(
        value=value, low=min(value, fewest_cycles / clock), high=None, unit="s", evidence="predicted", basis=basis
    )
    return Latency(samples=(value,), best=best, p50=value, p90=value, p95=value, p99=value)


def _cycles(count: float) -> Figure:
    return Figure(value=count, unit="cycles", evidence="predicted", basis=_BASIS)


def _memory(estimate: Estimate) -> MemoryResult:
    flash = Figure.exact(estimate.flash_bytes, "B", "predicted", "Vela: weights and commands; no code of the host core")
    if estimate.flash_bytes == 0 and estimate.dram_bytes:
        flash = Figure.unknown("B", f"weights lie in DRAM in this memory mode: {estimate.dram_bytes:,} B")
    elif estimate.flash_bytes:
        flash = flash.model_copy(update={"high": None})
    sram = Figure(
        value=estimate.sram_bytes,
        low=estimate.sram_bytes,
        unit="B",
        evidence="predicted",
        basis="Vela's arena; what the host core needs is not known",
    )
    regions = {"flash: weights": estimate.flash_bytes, "sram: activations": estimate.sram_bytes}
    return MemoryResult(flash=flash, sram=sram, regions={name: size for name, size in regions.items() if size})


def _total_basis(estimate: Estimate) -> str:
    left = [name for name, found in estimate.layers.items() if found.cpu]
    return _BASIS + (f"; without {', '.join(left)}, left to the CPU" if left else "")


def _assumptions(npu: Npu, estimate: Estimate, version: str) -> tuple[str, ...]:
    tested = () if version == vela.TESTED_VERSION else (f"tested with Vela {vela.TESTED_VERSION}, not with {version}",)
    return (
        f"system configuration {npu.system} and memory mode {npu.memory} of Vela's Arm/vela.ini, made for "
        f"{estimate.clock_hz / 1e6:g} MHz: at another clock its memories are taken to scale with the clock",
        "no program runs: outputs are not compared, and the host core's own time is not counted",
        *tested,
    )


def _notes(estimate: Estimate, warnings: tuple[str, ...]) -> tuple[str, ...]:
    total = sum(found.cycles for found in estimate.layers.values())
    waiting = [name for name, found in estimate.layers.items() if found.bound not in (None, "MACs")]
    share = sum(estimate.layers[name].cycles for name in waiting) / total if total else 0
    notes = []
    if waiting:
        kinds = sorted({str(estimate.layers[name].bound) for name in waiting})
        notes.append(f"{share:.0%} of the cycles are in layers that wait for {' or '.join(kinds)}, not for multipliers")
    notes += [
        f"{name} is left to the CPU ({', '.join(found.cpu)})" for name, found in estimate.layers.items() if found.cpu
    ]
    return (*notes, *dict.fromkeys(warnings))
