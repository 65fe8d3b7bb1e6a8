"""Which kernel computes which layer: families of kernels, the family of a core, the kernel of a layer.

`generic` is plain C for any core and defines every kernel. Another family has kernels for some layers and leaves the
others to `generic`.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Final

from specc.codegen import armv6m, dsp, generic, x86
from specc.codegen.geometry import as_run
from specc.codegen.input_pass import as_read
from specc.codegen.packed import Packed, Packers
from specc.graph.network import Layer
from specc.graph.rewrites import is_global_average
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.model import TABULATED

GENERIC: Final = "generic"
DSP: Final = "dsp"  # Armv7E-M and Armv8-M with the DSP extension: dual 16-bit multiply-accumulate
ARMV6M: Final = "armv6m"  # Cortex-M0+: a 32-bit multiplication and eight registers for most instructions

X86: Final = "x86"  # computers: AVX-512 with VNNI, AVX2 or neither, chosen when the program runs

# The layers that each family has kernels for, by kind.
_PACKERS: Final[dict[str, Packers]] = {
    GENERIC: {},
    DSP: dsp.PACKERS,
    ARMV6M: armv6m.PACKERS,
    X86: x86.PACKERS,
}
FAMILIES: Final = tuple(_PACKERS)

_BY_CORE: Final = {"cortex-m4": DSP, "cortex-m7": DSP, "cortex-m0+": ARMV6M}

# The generic kernel of each kind of layer, where its name is another; a flatten has no code.
_GENERIC_NAMES: Final = {"relu6": "relu", **dict.fromkeys(TABULATED, "tabulated")}


# Of the bytes of a family's constants: what a generic kernel, so much slower, may take.
_WORTHWHILE: Final = 0.6


@dataclass(frozen=True)
class Kernel:
    """A file under `firmware/kernels/`, in the folder of its family."""

    family: str
    name: str
    packed: Packed | None = None  # its constants, where they are not those of the generic kernel

    @property
    def file(self) -> str:
        """As the generated C includes it."""
        return f"{self.family}/{self.name}.inc"

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"


def family_of(core: str, *, has_dsp: bool) -> str:
    """The family that is fastest on a core.

    Args:
        core: as a `hardware` section names it.
        has_dsp: whether the chip has the core's DSP extension, where that is a choice.
    """
    if core == "host":
        return X86 if platform.machine() in ("x86_64", "AMD64") else GENERIC
    if core == "cortex-m33" and has_dsp:
        return DSP
    return _BY_CORE.get(core, GENERIC)


def kernels_of(network: QuantizedNetwork, layer: Layer, family: str) -> tuple[Kernel, ...]:
    """The kernels of a layer to choose from, the fastest first: the family's where they compute the layer exactly.

    Then generic ones with much smaller constants. Empty for a layer without code.

    Raises:
        ValueError: there is no such family.
    """
    if family not in FAMILIES:
        raise ValueError(f"there is no family of kernels named {family}; there are {', '.join(FAMILIES)}")
    if layer.kind == "flatten":
        return ()
    layer = as_run(network, layer)
    if layer.name in network.window_sums:
        return (Kernel(DSP if family == DSP else GENERIC, "window_sums"),)
    if layer.inputs[0] in network.window_sums:
        return (Kernel(GENERIC, "window_products"),)
    if layer.name in network.by_rows and is_global_average(layer):
        return (Kernel(GENERIC, "pool_sums"),)
    if layer.kind == "avgpool" and network.numbers[layer.name].multipliers.size > 1:
        return (Kernel(GENERIC, "avgpool"),)  # a scale for each channel, of sums that a convolution did not round
    network, layer = as_read(network, layer)
    own = _packed(network, layer, family, _PACKERS[family])
    plain = Kernel(GENERIC, _GENERIC_NAMES.get(layer.kind, layer.kind))
    slower = (plain, *_packed(network, layer, GENERIC, generic.PACKERS))
    least = min((constant_bytes(network, layer, kernel) for kernel in own), default=None)
    return own + tuple(
        one for one in slower if least is None or constant_bytes(network, layer, one) < _WORTHWHILE * least
    )


def constant_bytes(network: QuantizedNetwork, layer: Layer, kernel: Kernel) -> int:
    """Bytes of flash that a kernel's constants take."""
    numbers = network.numbers[layer.name]
    if numbers.weights is None or numbers.bias is None:
        return 0
    each = {"bias": 4, "multipliers": 4, "shifts": 1}  # bytes for a channel
    beside = numbers.bias.size * sum(each[name] for name in (kernel.packed.beside if kernel.packed else each))
    if kernel.packed:
        return kernel.packed.weights.size * 4 + beside
    return numbers.weights.size * numbers.weight_container_bits // 8 + beside


def _packed(network: QuantizedNetwork, layer: Layer, family: str, packers: Packers) -> tuple[Kernel, ...]:
    packed = {name: pack(network, layer) for name, pack in packers.get(layer.kind, {}).items()}
    return tuple(Kernel(family, name, constants) for name, constants in packed.items() if constants is not None)
