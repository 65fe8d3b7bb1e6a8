"""Tables compared with full precision on the same inputs: the engine behind contracts, localisation and tuning.

    study = Study.of(spec, network, iterations=10_000, seed=42)
    found = study.evaluate(study.tables.declared)     # Statistics: rho, beta, R, b of each layer, output noise

Everything that does not depend on the table is done once: with `memory`, gradients in full precision are kept, and a
further table repeats only the layers whose numbers, or whose inputs' numbers, have changed.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from specc.graph.network import Network
from specc.numerics.quantize import QuantizationError, real_parameters
from specc.numerics.weights import FloatArray
from specc.precision.arithmetic import Active, Arithmetic, linear_pools, reference
from specc.precision.backward import Gradient, backward
from specc.precision.forward import Trace, enter, step
from specc.precision.losses import CrossEntropy, Linear, Loss
from specc.precision.memory import Memory
from specc.precision.moments import moments
from specc.precision.run import BlockSums, Run, Statistics
from specc.precision.samples import Chunk, Drawn, Samples
from specc.precision.statistics import BLOCKS
from specc.precision.tables import Tables
from specc.spec import Spec
from specc.spec.model import QuantizationTable

Progress = Callable[[int, int], None]  # iterations done, and of how many

FEWEST_ITERATIONS: Final = 20
_LARGEST_SEED: Final = 2**32
_CHUNK_VALUES: Final = 270_000  # activations of a chunk in one network: they stay in a core's cache, more or less
_SMALLEST_CHUNK, _LARGEST_CHUNK = 4, 32


@dataclass(frozen=True)
class _Full:
    """What full precision gives on one chunk."""

    gradients: dict[str, Gradient]
    output: FloatArray  # (batch, outputs)


@dataclass
class Study:
    """One network with its real weights, and a fixed sequence of inputs."""

    tables: Tables
    samples: Samples
    loss: Loss
    iterations: int
    seed: int
    memory: int = 0  # bytes to remember things in from one table to the next
    _memory: Memory = field(init=False, repr=False)
    _full: Arithmetic = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.iterations < FEWEST_ITERATIONS:
            raise ValueError(f"an interval needs at least {FEWEST_ITERATIONS} iterations, in ten blocks")
        self._full = reference(self.network, self.tables.parameters)
        self._memory = Memory(self.memory)

    @classmethod
    def of(
        cls,
        spec: Spec,
        network: Network,
        *,
        iterations: int,
        seed: int,
        samples: Samples | None = None,
        memory: int = 0,
    ) -> Study:
        """The study of a spec, with inputs of the declared distribution unless others are given.

        Raises:
            QuantizationError: the spec has no weights, or says nothing about what inputs arrive.
        """
        if samples is None:
            if spec.model.input.distribution is None:
                raise QuantizationError(spec.model.input.name, "the spec declares no distribution of its values")
            samples = Drawn(spec.model.input)
        tables = Tables(spec, network, real_parameters(spec, network), summed_convolutions(spec, network))
        labelled = samples.labels(seed, Chunk(0, 0, 1)) is not None
        return cls(tables, samples, CrossEntropy() if labelled else Linear(), iterations, seed, memory)

    @property
    def network(self) -> Network:
        return self.tables.network

    @property
    def blocks(self) -> int:
        """Blocks that the iterations are split into: 50, or fewer where each would have less than two."""
        return min(BLOCKS, self.iterations // 2)

    def chunks(self, block: int) -> list[Chunk]:
        """The chunks of a block, in order."""
        share, rest = divmod(self.iterations, self.blocks)
        size = share + (block < rest)
        values = sum(math.prod(layer.output_shape) for layer in self.network.layers if layer.name not in self._inside())
        values += math.prod(self.network.input_shape)
        chunk = max(_SMALLEST_CHUNK, min(_LARGEST_CHUNK, _CHUNK_VALUES // values))
        return [Chunk(block, at // chunk, min(chunk, size - at)) for at in range(0, size, chunk)]

    def evaluate(
        self,
        table: QuantizationTable | None,
        *,
        active: Active = None,
        progress: Progress | None = None,
    ) -> Statistics:
        """How far a table is from full precision. Equal tables give equal digests, run after run.

        Args:
            table: the table; None for the numbers of the model's own file.
            active: the operations that lose precision; all, where it is left out.

        Raises:
            QuantizationError: a number does not fit its format, or no row governs a layer.
        """
        run = self.new_run()
        self.advance(run, self.tables.arithmetic(table, active), progress)
        return run.statistics()

    def new_run(self) -> Run:
        """A run without any block."""
        return Run(self.blocks, {name: own.weights.size for name, own in self.tables.parameters.items()})

    def advance(self, run: Run, arithmetic: Arithmetic, progress: Progress | None = None) -> None:
        """Take the blocks that a run misses. Interrupted, it keeps every block that is complete."""
        done = int(run.counts.sum())
        self._memory.begin_turn()
        # More threads than one only wait for each other on matrices of this size.
        with threadpool_limits(1, "blas"):
            for block in run.missing():
                run.put(block, self._block(block, arithmetic))
                done += int(run.counts[block])
                if progress is not None:
                    progress(done, self.iterations)

    def _block(self, block: int, arithmetic: Arithmetic) -> BlockSums:
        sums: BlockSums | None = None
        for chunk in self.chunks(block):
            part = self._pairs(chunk, arithmetic)
            if sums is None:
                sums = part
                continue
            for name, own in part.layers.items():
                sums.layers[name].add(own)
            sums.count += part.count
            sums.error_square += part.error_square
            sums.output_square += part.output_square
            sums.output += part.output
        assert sums is not None
        return sums

    def _pairs(self, chunk: Chunk, arithmetic: Arithmetic) -> BlockSums:
        inputs = _Inputs(self.samples, self.seed, chunk)
        full = self._memory.get(chunk)
        if full is None:
            full = self._gradients(self._full, inputs)
            self._remember(chunk, full)
        quantized = self._gradients(arithmetic, inputs)
        error = quantized.output - full.output
        return BlockSums(
            count=chunk.count,
            layers={name: moments(quantized.gradients[name], full.gradients[name]) for name in full.gradients},
            error_square=float(np.vdot(error, error)),
            output_square=float(np.vdot(full.output, full.output)),
            output=full.output.sum(axis=0),
        )

    def _gradients(self, arithmetic: Arithmetic, inputs: _Inputs) -> _Full:
        trace = self._forward(arithmetic, inputs)
        output = trace.tensors[self.network.output].real
        reaching = self.loss.reaching(self.network, trace, inputs.labels())
        gradients = backward(arithmetic, trace, reaching)
        return _Full(gradients, output.reshape(len(output), -1).astype(np.float64))

    def _forward(self, arithmetic: Arithmetic, inputs: _Inputs) -> Trace:
        """The batch's trace; layers that compute as they did for an earlier table are remembered."""
        trace, chunk = Trace(), inputs.chunk
        name, digests = self.network.input, arithmetic.digests
        records = {own.output: self._memory.get((chunk, digests[own.output])) for own in arithmetic.layers}
        for own in arithmetic.layers:
            if own.pool is not None and records[own.output] is None:
                sums = self._memory.get((chunk, own.layer.name, digests[own.layer.inputs[0]]))
                if sums is not None:
                    trace.sums[own.layer.name] = sums
        # The input itself is often too large to keep. It is drawn if some layer starts from it, now or on the way back.
        if any(
            own.layer.name not in trace.sums and (records[own.output] is None or own.pool is None)
            for own in arithmetic.layers
            if name in own.layer.inputs
        ):
            trace.tensors[name], trace.slopes[name] = enter(arithmetic, inputs.values())
        for own in arithmetic.layers:
            if (record := records[own.output]) is not None:
                trace.take(own, record)
                continue
            step(arithmetic, own, trace)
            if self.memory:
                self._remember((chunk, digests[own.output]), trace.record(own))
                if own.pool is not None:
                    self._remember((chunk, own.layer.name, digests[own.layer.inputs[0]]), trace.sums[own.layer.name])
        return trace

    def _remember(self, key: Hashable, value: Any) -> None:
        self._memory.put(key, value, _size(value))

    def _inside(self) -> set[str]:
        return {name for name in linear_pools(self.network) if name in self.tables.summed}


class _Inputs:
    """The inputs of a chunk, drawn when they are asked for, and once."""

    def __init__(self, samples: Samples, seed: int, chunk: Chunk) -> None:
        self._samples, self._seed, self.chunk = samples, seed, chunk
        self._values: FloatArray | None = None

    def values(self) -> FloatArray:
        if self._values is None:
            self._values = self._samples.inputs(self._seed, self.chunk)
        return self._values

    def labels(self) -> Any:
        return self._samples.labels(self._seed, self.chunk)


def fresh_seed() -> int:
    """A seed that no run has had."""
    return secrets.randbelow(_LARGEST_SEED)


def summed_convolutions(spec: Spec, network: Network) -> Collection[str]:
    """Convolutions that the schedule fuses with their pool as window sums."""
    pools = linear_pools(network)
    return {
        fusion.layers[0]
        for fusion in spec.model.fusions
        if fusion.method == "window_sums" and fusion.layers[0] in pools
    }


def _size(value: Any) -> int:
    """Bytes of all arrays in a record."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, tuple):
        return sum(map(_size, value))
    return sum(map(_size, vars(value).values())) if hasattr(value, "__dict__") else 0
