"""What each layer of a program takes, from its run and from the symbols of its code and its constants."""

from __future__ import annotations

from collections.abc import Sequence

from specc.codegen.generate import CONSTANT_PREFIXES
from specc.codegen.layers import identifiers
from specc.graph.network import Network
from specc.measure.kernel_result import LayerTrial, ProgramTrial
from specc.numerics.quantized import QuantizedNetwork
from specc_backends.virtual_board import figures
from specc_backends.virtual_board.figures import Bounds, Inference
from specc_backends.virtual_board.firmware import Firmware
from specc_backends.virtual_board.image import Image


def room_for_trials(network: QuantizedNetwork) -> int:
    """Bytes beyond a target's memory in which every variant of every layer fits: the time of a layer has no part in it.

    A weight takes at most two bytes, twice that where taps are filled up to pairs; a kernel's code a few thousand.
    """
    return 8 * network.network.parameters + (4096 + 4096) * len(network.network.layers)


def program_trial(
    network: QuantizedNetwork, firmware: Firmware, inferences: Sequence[Inference], stack_used: int, bounds: Bounds
) -> ProgramTrial:
    """What the layers of a program take, and the program itself."""
    sizes = layer_bytes(network.network, firmware.image)
    layers = {
        layer.name: LayerTrial(
            cycles=figures.counters([inference.layers[index] for inference in inferences], bounds)["cycles"],
            flash=sum(sizes[layer.name]),
            constants=sizes[layer.name][1],
        )
        for index, layer in enumerate(network.network.layers)
    }
    return ProgramTrial(
        layers=layers,
        cycles=figures.counters([inference.total for inference in inferences], bounds)["cycles"],
        flash=firmware.image.flash_bytes,
        sram_beside_constants=firmware.image.static_sram_bytes - firmware.constant_bytes_in_sram + stack_used,
    )


def layer_bytes(network: Network, image: Image) -> dict[str, tuple[int, int]]:
    """Bytes of code and of constants of each layer, by the names of its symbols.

    A symbol ends in `_` and the layer's identifier; where one identifier ends in another, the longer one has it.
    """
    names = identifiers(network)
    found = {layer: [0, 0] for layer in names}
    longest_first = sorted(names, key=lambda layer: -len(names[layer]))
    for symbol, (_, size) in image.symbols.items():
        layer = next((own for own in longest_first if symbol.endswith(f"_{names[own]}")), None)
        if layer is not None:
            found[layer][symbol.startswith(CONSTANT_PREFIXES)] += size
    return {layer: (code, constants) for layer, (code, constants) in found.items()}
