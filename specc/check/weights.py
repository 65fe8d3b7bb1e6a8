"""Whether a network has the weights that it needs, and a file of weights fits it."""

from __future__ import annotations

from specc.check.context import Context, mark, place
from specc.graph.build import show
from specc.graph.network import Layer
from specc.spec.base import Node
from specc.spec.imported import StoredWeights


def check_measurable(context: Context) -> None:
    """What can only be judged by running the network needs weights to run it with."""
    model = context.spec.model
    if model.file is not None or model.weights is not None:
        return
    asking = _first_to_be_measured(context)
    if asking is not None:
        context.report(
            "N2103",
            f"`{model.name}` declares no weights: it can be checked, and not measured",
            place(model, "name"),
            secondary=(mark(asking, "", "needs a measurement"),),
            notes=("`weights seed 42` is enough for cost; `weights from` takes trained ones",),
        )


def _first_to_be_measured(context: Context) -> Node | None:
    """The first limit of a budget, or else of a harness, that no fact of the hardware decides."""
    for budget in context.spec.budgets:
        for item in budget.items:
            if item.kind != "price":
                return item
    harness = context.spec.harness
    return harness if harness and (harness.gradients or harness.output_error) else None


def check_weights(context: Context) -> None:
    """Every layer that has weights finds them in the file, in its shape, and the file holds no others."""
    declared = context.spec.model.weights
    if declared is None or declared.file is None:
        return
    stored = declared.file.content
    layers = {layer.name: layer for layer in context.network.layers if layer.weight_shape is not None}
    problems = [problem for layer in layers.values() if (problem := _misfit(layer, stored))]
    unknown = [f"{name}.weights" for name in stored.weights if name not in layers]
    tensors = {context.network.input, *(layer.name for layer in context.network.layers)}
    unknown += [f"{name}.range" for name in stored.ranges if name not in tensors]
    problems += [f"`{name[:80]}` belongs to no layer" for name in unknown]
    if problems:
        message = f"`{declared.file.path}` does not fit the network: {problems[0]}"
        context.report("E2102", message, place(declared, "file"), notes=tuple(problems[1:6]))


def _misfit(layer: Layer, stored: StoredWeights) -> str | None:
    """What is wrong with the weights of one layer, if anything."""
    assert layer.weight_shape is not None
    own = stored.weights.get(layer.name)
    if own is None:
        return f"there is no `{layer.name}.weights`, which is {show(layer.weight_shape)}"
    if own.weights.shape != layer.weight_shape:
        found = show(own.weights.shape) or "a single number"
        return f"`{layer.name}.weights` is {found}; `{layer.name}` needs {show(layer.weight_shape)}"
    if own.bias is not None and own.bias.shape != layer.output_shape[-1:]:
        found = show(own.bias.shape) or "a single number"
        return f"`{layer.name}.bias` is {found}; `{layer.name}` needs {layer.output_shape[-1]}"
    return None
