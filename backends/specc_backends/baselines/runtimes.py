"""LiteRT (TensorFlow Lite) and ONNX Runtime, each in a process of its own: they are native code, and a crash must cost
their figure only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.codegen.onnx_file import OnnxError, write_onnx
from specc.codegen.tflite_file import TfliteError, write_tflite
from specc.measure.backend import BackendError
from specc.measure.provenance import library_versions
from specc.measure.result import Baseline
from specc.measure.statistics import summarise
from specc.numerics.quantized import IntArray, QuantizedNetwork

RUNS: Final = 200
WARM_UP: Final = 10
COMMAND: Final = (sys.executable, "-P", "-m", "specc_backends.baselines.worker")
_TIME_LIMIT: Final = 120.0


@dataclass(frozen=True)
class Runtime:
    """A runtime that can be compared with."""

    name: str
    package: str  # on the package index
    file: str  # name of the model's file; its ending tells the worker which runtime to use
    write: Callable[[QuantizedNetwork], bytes]

    @property
    def version(self) -> str | None:
        """Version that is installed, or None."""
        return library_versions(self.package).get(self.package)


LITERT: Final = Runtime("LiteRT", "ai-edge-litert", "network.tflite", write_tflite)
ONNX_RUNTIME: Final = Runtime("ONNX Runtime", "onnxruntime", "network.onnx", write_onnx)


def installed() -> tuple[Runtime, ...]:
    """The runtimes of this installation."""
    return tuple(runtime for runtime in (LITERT, ONNX_RUNTIME) if runtime.version is not None)


def measure_baseline(
    runtime: Runtime,
    network: QuantizedNetwork,
    inputs: IntArray,
    expected: IntArray,
    folder: Path,
    *,
    cpus: Sequence[int] = (),
    threads: int = 1,
    command: Sequence[str] = COMMAND,
) -> Baseline:
    """Time a runtime with its default kernels, and compare its outputs.

    Args:
        runtime: which one.
        network: what to run; it is written as the runtime's kind of file.
        inputs: codes, (count, *input shape).
        expected: the golden model's outputs, (count, *output shape).
        folder: for the file.
        cpus: the processors that it may use; any, if none are named.
        threads: how many it is told to use.
        command: how the worker is started.

    Raises:
        BackendError: the network cannot be written for the runtime, or the runtime failed.
    """
    import numpy as np

    try:
        content = runtime.write(network)
    except (TfliteError, OnnxError, ImportError) as error:
        raise BackendError(f"{runtime.name} cannot run this network: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / runtime.file
    model.write_bytes(content)
    request = {
        "model": str(model),
        "cpus": list(cpus),
        "threads": threads,
        "runs": RUNS,
        "warm_up": WARM_UP,
        "inputs": inputs.tolist(),
    }
    nanoseconds, outputs = _ask(runtime.name, json.dumps(request), command)
    found = np.asarray(outputs, dtype=np.int64)
    if found.size != expected.size:
        raise BackendError(f"{runtime.name} gave outputs of another shape: {found.shape}, not {expected.shape}")
    how_many = "one thread" if threads == 1 else f"{threads} threads"
    return Baseline(
        name=runtime.name,
        version=runtime.version or "unknown",
        latency=summarise([count * 1e-9 for count in nanoseconds], "measured", f"{how_many}, default kernels"),
        largest_difference=int(np.abs(found.reshape(expected.shape) - expected).max()),
    )


def _ask(name: str, request: str, command: Sequence[str]) -> tuple[list[int], list[object]]:
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, text=True, errors="replace", timeout=_TIME_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"{name} failed: {error}") from error
    if done.returncode < 0:
        raise BackendError(f"{name} crashed with signal {-done.returncode}", done.stderr)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackendError(f"{name} failed: {said[-1][:300] if said else 'it said nothing'}", done.stderr)
    try:
        answer = json.loads(lines[-1])
        return [int(count) for count in answer["nanoseconds"]], list(answer["outputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise BackendError(f"{name}'s answer cannot be read: {lines[-1][:100]!r}", done.stderr) from error
