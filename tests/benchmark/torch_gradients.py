"""Gradients by sample with PyTorch's vmap(grad), of one network in full precision, for comparison with specc's engine.

    python tests/benchmark/torch_gradients.py SPEC ITERATIONS BATCH

It needs PyTorch 2. The first batch is compared with specc's own gradients; then wall time and processor time of all
iterations on one thread are printed, inputs drawn beforehand. Nothing is quantized and no statistics are taken.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.func import grad, vmap
from torch.nn import functional

from specc.check import check
from specc.graph.network import Layer, Network
from specc.numerics.inputs import draw_inputs
from specc.numerics.quantize import real_parameters
from specc.numerics.weights import Parameters
from specc.precision.arithmetic import reference
from specc.precision.backward import OuterGradient, backward
from specc.precision.forward import forward
from specc.precision.losses import Linear

Weights = dict[str, Any]
TOLERANCE = 1e-3  # of the largest gradient of a layer: both sides compute in single precision


def main() -> None:
    """Compare, measure, print."""
    torch.set_num_threads(1)
    checked = check(Path(sys.argv[1]))
    iterations, batch = int(sys.argv[2]), int(sys.argv[3])
    assert checked.spec is not None and checked.network is not None
    network, parameters = checked.network, real_parameters(checked.spec, checked.network)
    inputs = draw_inputs(checked.spec.model.input, iterations, np.random.SeedSequence(1)).astype(np.float32)
    gradients = per_sample(network, parameters)
    compare(network, parameters, inputs[:batch], gradients(torch.from_numpy(inputs[:batch])))
    started, busy = time.perf_counter(), time.process_time()
    for start in range(0, iterations, batch):
        gradients(torch.from_numpy(inputs[start : start + batch]))
    print(time.perf_counter() - started, time.process_time() - busy, torch.__version__)


def per_sample(network: Network, parameters: dict[str, Parameters]) -> Any:
    """A function from a batch (samples, *shape) to the gradients of each sample, by layer."""
    direction = torch.from_numpy(np.array(Linear().reaching(network, _Shape(network), None)[network.output][0]))
    weights = {name: torch.from_numpy(own.weights).float() for name, own in parameters.items()}
    biases = {name: torch.from_numpy(own.bias).float() for name, own in parameters.items()}

    def loss(weights: Weights, x: Any) -> Any:
        tensors = {network.input: x.permute(2, 0, 1) if x.ndim == 3 else x}
        for layer in network.layers:
            tensors[layer.name] = activated(layer, run(layer, tensors, weights, biases))
        output = tensors[network.output]
        real = output.permute(1, 2, 0) if output.ndim == 3 else output
        return (real * direction.reshape(real.shape)).sum()

    batched = vmap(grad(loss), in_dims=(None, 0))
    return lambda x: batched(weights, x)


class _Shape:
    """As much of a trace as a linear loss looks at: one sample."""

    def __init__(self, network: Network) -> None:
        class Output:
            values = np.zeros((1, *network.output_shape))

        self.tensors = {network.output: Output}


def run(layer: Layer, tensors: Weights, weights: Weights, biases: Weights) -> Any:
    """One layer of one sample: channels first, where there are any."""
    x = tensors[layer.inputs[0]]
    if layer.kind == "add":
        return x + tensors[layer.inputs[1]]
    if layer.kind in ("relu", "relu6"):
        return functional.relu(x) if layer.kind == "relu" else functional.relu6(x)
    if layer.kind == "softmax":
        return functional.softmax(x.reshape(-1), dim=0).reshape(x.shape)
    if layer.kind == "flatten":
        return x.permute(1, 2, 0).reshape(-1)
    if layer.kind == "dense":
        flat = x.permute(1, 2, 0).reshape(-1) if x.ndim == 3 else x
        return functional.linear(flat, weights[layer.name], biases[layer.name])
    around = functional.pad(x.unsqueeze(0), padding(layer), value=-torch.inf if layer.kind == "maxpool" else 0.0)
    if layer.kind == "maxpool":
        return functional.max_pool2d(around, layer.kernel, layer.stride)[0]
    if layer.kind == "avgpool":
        return functional.avg_pool2d(around, layer.kernel, layer.stride)[0]
    own = weights[layer.name]
    groups = own.shape[-1] if layer.kind == "dwconv" else 1
    kernel = own.permute(2, 0, 1).unsqueeze(1) if layer.kind == "dwconv" else own.permute(0, 3, 1, 2)
    return functional.conv2d(around, kernel, biases[layer.name], layer.stride, groups=groups)[0]


def activated(layer: Layer, y: Any) -> Any:
    """What a layer's activation makes of its sums."""
    if layer.activation == "linear" or layer.kind in ("relu", "relu6"):
        return y
    if layer.activation not in ("relu", "relu6"):
        raise ValueError(f"{layer.name}: no benchmark has an activation {layer.activation}")
    return functional.relu(y) if layer.activation == "relu" else functional.relu6(y)


def padding(layer: Layer) -> tuple[int, int, int, int]:
    """Zeros left, right, above and below of the input, as PyTorch takes them."""
    found: list[int] = []
    for axis in (1, 0):
        before = layer.pad_before[axis]
        reach = (layer.output_shape[axis] - 1) * layer.stride[axis] + layer.kernel[axis]
        found += [before, max(reach - before - layer.input_shapes[0][axis], 0)]
    return found[0], found[1], found[2], found[3]


def compare(network: Network, parameters: dict[str, Parameters], inputs: Any, found: Weights) -> None:
    """Hold gradients against those of specc's engine.

    Raises:
        SystemExit: they differ.
    """
    arithmetic = reference(network, parameters)
    trace = forward(arithmetic, inputs)
    for name, own in backward(arithmetic, trace, Linear().reaching(network, trace, None)).items():
        expected = np.einsum("nu,nf->nuf", own.left, own.right) if isinstance(own, OuterGradient) else own.values
        expected = expected.reshape(len(inputs), -1)
        difference = np.abs(found[name].numpy().reshape(len(inputs), -1) - expected).max()
        if difference > TOLERANCE * np.abs(expected).max():
            sys.exit(f"{name}: gradients differ by {difference:.3g} of {np.abs(expected).max():.3g}")


if __name__ == "__main__":
    main()
