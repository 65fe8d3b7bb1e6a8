"""What is known about a name: shape, multiply-accumulates, bytes, and what a target can do at best."""

from __future__ import annotations

from typing import Final

from lsprotocol import types

from specc.check import CheckResult
from specc.check.context import Context
from specc.check.instruction_model import core_name, instruction_model
from specc.check.latency import fewest_cycles, target_clock
from specc.diagnostics.model import Sink
from specc.elaborate.hardware import library_names, load_hardware
from specc.graph.build import show
from specc.graph.memory import tensor_bytes, weight_bytes
from specc.graph.network import Layer, Network
from specc.lsp.document import Document
from specc.lsp.names import Occurrence
from specc.spec import Spec
from specc.spec.hardware import Fact, Hardware, Target

_NAMES_SHOWN: Final = 8


def hover(document: Document, position: types.Position) -> types.Hover | None:
    """The derived facts of the name at a position, or None where no name stands or nothing is known."""
    found = document.names.at(document.positions.offset(position))
    lines = facts(document.known_result, found) if found else []
    if found is None or not lines:
        return None
    text = "\n\n".join([f"**{found.name}**: {lines[0]}", *lines[1:]])
    span = document.positions.range(found.span.start, found.span.end)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), span)


def facts(result: CheckResult, found: Occurrence) -> list[str]:
    """Statements about a name, the most important first. Empty where the file's errors leave nothing certain."""
    spec, network = result.spec, result.network
    if found.kind == "hardware":
        hardware = _hardware(spec, found.name)
        return _hardware_facts(hardware) if hardware else []
    if spec is None:
        return []
    if found.kind == "target":
        target = next((target for target in spec.targets if target.name == found.name), None)
        return _target_facts(result, target) if target else []
    if network is None:
        return []
    if found.kind == "model":
        return [
            f"{len(network.layers):,} layers, {network.macs:,} MACs, {network.parameters:,} parameters",
            f"input {show(network.input_shape)}, output {show(network.output_shape)}",
            f"weights {weight_bytes(network, spec.quantization):,} B",
        ]
    if found.kind == "layer" and found.name == network.input:
        size = tensor_bytes(network, spec.quantization)[found.name]
        return [f"input {show(network.input_shape)}", f"{size:,} B"]
    layers = [layer for layer in network.layers if found.kind == "layer" and found.matches(layer.name)]
    if len(layers) > 1:
        macs, parameters = sum(layer.macs for layer in layers), sum(layer.parameters for layer in layers)
        names = ", ".join(layer.name for layer in layers[:_NAMES_SHOWN]) + (", …" if len(layers) > _NAMES_SHOWN else "")
        return [f"{len(layers):,} layers, {macs:,} MACs, {parameters:,} parameters", names]
    return _layer_facts(spec, network, layers[0]) if layers else []


def _layer_facts(spec: Spec, network: Network, layer: Layer) -> list[str]:
    alone = Network(network.name, layer.inputs[0], layer.input_shapes[0], (layer,))
    size = tensor_bytes(network, spec.quantization)[layer.name]
    lines = [
        f"{layer.kind}, {' + '.join(show(shape) for shape in layer.input_shapes)} to {show(layer.output_shape)}",
        f"{layer.macs:,} MACs, {layer.parameters:,} parameters",
        f"output {size:,} B, weights {weight_bytes(alone, spec.quantization):,} B",
    ]
    context = Context(spec, network, Sink())
    return lines + [bound for target in spec.targets if (bound := _bound(context, target, (layer,)))]


def _bound(context: Context, target: Target, layers: tuple[Layer, ...]) -> str:
    """The lower bound of latency for a direct schedule, or nothing where the core has no model or nothing to do."""
    model, clock = instruction_model(target.hardware), target_clock(target)
    if model is None or clock is None or clock.base <= 0:
        return ""
    bound = fewest_cycles(context, model, layers)
    if not bound.cycles:
        return ""
    counted = ", loads and stores counted," if bound.moved else ","
    milliseconds = float(bound.cycles / clock.base) * 1e3
    return f"on `{target.name}` at least {bound.cycles:,} cycles{counted} {milliseconds:.3g} ms at {clock}"


def _target_facts(result: CheckResult, target: Target) -> list[str]:
    clock = target_clock(target)
    runs = f" at {clock}" if clock else ""
    lines = [f"{target.hardware.part}, {core_name(target.hardware)}{runs}, compiled with {target.compile}"]
    if result.spec is not None and result.network is not None:
        context = Context(result.spec, result.network, Sink())
        lines += [bound for bound in [_bound(context, target, result.network.layers)] if bound]
    proven = (fact for fact in result.facts if fact.subject.split()[-1:] == [target.name])
    return lines + [f"{fact.subject.rsplit(' ', 1)[0]}: {fact.statement}" for fact in proven]


def _hardware(spec: Spec | None, name: str) -> Hardware | None:
    own = [target.hardware for target in spec.targets if target.hardware.name == name] if spec else []
    if own:
        return own[0]
    return load_hardware(name, Sink()) if name in library_names() else None


def _hardware_facts(hardware: Hardware) -> list[str]:
    lines = [f"{hardware.part}, {core_name(hardware)}"]
    for field in type(hardware).model_fields:
        value = getattr(hardware, field)
        if isinstance(value, Fact):
            lines.append(f"{field} {value.value} ({value.evidence}: {value.source})")
    return lines
