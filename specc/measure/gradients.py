"""Gradients on a device: what is asked of it, and how its answer is held against the golden model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from specc.graph.tail import dense_tail
from specc.measure.backend import BackendError, Job
from specc.numerics.inputs import to_bytes
from specc.numerics.quantized import IntArray

SAMPLES = 4  # inputs, each with a class of its own as its label


@dataclass(frozen=True)
class Answer:
    """What a program said to one request: gradients as 32-bit floats by layer, and ticks of the backward pass."""

    gradients: dict[str, bytes]
    total: int
    layers: dict[str, int]


def wanted(job: Job) -> bool:
    """Whether the spec asks for gradients on its targets, and the network has layers that can give them."""
    harness = job.spec.harness
    return harness is not None and harness.on_device and bool(dense_tail(job.network.network))


def absent(job: Job) -> tuple[str, ...]:
    """Layers with weights whose backward pass is not built."""
    built = {layer.name for layer in dense_tail(job.network.network)}
    graph = job.network.network
    return tuple(layer.name for layer in graph.layers if layer.weight_shape is not None and layer.name not in built)


def requests(job: Job, codes: IntArray) -> list[str]:
    """One request for each input: its label is the number of the input, modulo the classes."""
    form = job.network.formats[job.network.network.input]
    return [f"gradient {label(job, index)} {to_bytes(one, form).hex()}" for index, one in enumerate(codes)]


def label(job: Job, index: int) -> int:
    """The class that an input is given."""
    return index % job.network.network.output_shape[-1]


def read_answer(lines: Sequence[str], job: Job) -> Answer:
    """The lines behind a request.

    Raises:
        BackendError: they are no answer to it.
    """
    layers = job.network.network.layers
    *parts, last = [line.split() for line in lines] or [[]]
    try:
        if last[0] != "result" or len(last) != len(layers) + 3 or any(len(part) != 3 for part in parts):
            raise ValueError
        found = {layers[int(number)].name: bytes.fromhex(text) for _, number, text in parts}
        ticks = [int(word) for word in last[2:]]
    except (ValueError, IndexError):
        raise BackendError("the program's gradients are garbled", "\n".join(lines)[:10_000]) from None
    return Answer(found, ticks[0], {layer.name: ticks[index + 1] for index, layer in enumerate(layers)})


def difference(job: Job, codes: IntArray, answers: Sequence[Answer]) -> str:
    """The first number that is not, bit for bit, the golden model's: where, both values; empty where there is none."""
    from specc.numerics import golden
    from specc.numerics.gradients import gradients

    tensors = golden.run(job.network, codes)
    for index, answer in enumerate(answers):
        for name, expected in gradients(job.network, tensors, index, label(job, index)).items():
            ours = np.concatenate([expected.weights.reshape(-1), expected.bias]).astype("<f4")
            theirs = np.frombuffer(answer.gradients.get(name, b""), "<f4")
            if len(ours) != len(theirs):
                return f"{name}, input {index}: {len(theirs):,} numbers instead of {len(ours):,}"
            apart = np.flatnonzero(ours.view("<u4") != theirs.view("<u4"))
            if len(apart):
                first = int(apart[0])
                return (
                    f"{name}, input {index}: {len(apart):,} of {len(ours):,} numbers differ, the first is "
                    f"{_place(expected.weights.shape, first)}: {theirs[first]!s} instead of {ours[first]!s}"
                )
    return ""


def _place(shape: tuple[int, ...], at: int) -> str:
    units, features = shape
    if at >= units * features:
        return f"bias {at - units * features}"
    return f"weight {at // features},{at % features}"
