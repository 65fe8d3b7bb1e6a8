"""How the `kernels` section of a spec has a program built, and which layers it leaves to be found by measuring."""

from __future__ import annotations

from dataclasses import dataclass, replace

from specc.codegen.choice import alternatives, smallest
from specc.codegen.kernels import GENERIC, family_of, kernels_of
from specc.measure.backend import BackendError, BuildOptions
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Target


@dataclass(frozen=True)
class Tunable:
    """A layer whose kernel is to be found by measuring."""

    layer: str
    kernels: tuple[str, ...]  # family and name of each that computes it, the fastest by its make first
    places: tuple[str, ...]  # where its constants may lie: flash, sram


def cannot_tune(target: Target) -> BackendError:
    """Why the layers of a target are not tuned."""
    return BackendError(f"kernels are tuned on virtual boards alone: `use fastest` in the kernels of {target.name}")


def resolve(
    spec: Spec, target: Target, network: QuantizedNetwork, asked: BuildOptions
) -> tuple[BuildOptions, tuple[Tunable, ...]]:
    """How a network is built for a target, and the layers that are to be tuned.

    Args:
        spec: the spec.
        target: one of its targets.
        network: as it is scheduled on the target.
        asked: what an experiment asks for; a family or a place for all layers sets aside what the spec says of it.
    """
    own = spec.kernels_of(target.name)
    layers = [layer for layer in network.network.layers if layer.kind != "flatten"]
    family = asked.kernels or family_of(target.hardware.core, has_dsp=target.hardware.dsp)
    choices = {layer.name: "fastest" if asked.kernels else own.choice(layer.name) for layer in layers}
    places = {layer.name: None if asked.weights == "sram" else own.place(layer.name) for layer in layers}
    tunable = tuple(
        Tunable(
            layer.name,
            tuple(map(str, alternatives(network, layer, family))),
            (place,) if (place := places[layer.name]) else ("flash",) if asked.weights == "sram" else ("flash", "sram"),
        )
        for layer in layers
        if choices[layer.name] == "tuned"
    )
    in_sram = tuple(name for name, place in places.items() if place == "sram" and choices[name] != "tuned")
    if choices and set(choices.values()) == {"generic"}:
        return replace(asked, kernels=GENERIC, in_sram=in_sram), ()
    fixed = {}
    for layer in layers:
        if choices[layer.name] == "generic":
            fixed[layer.name] = str(kernels_of(network, layer, GENERIC)[0])
        elif choices[layer.name] == "smallest":
            fixed[layer.name] = str(smallest(network, layer, family))
    return replace(asked, fixed=tuple(fixed.items()), in_sram=in_sram), tunable
