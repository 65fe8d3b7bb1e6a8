"""Which kernel computes which layer: families of kernels, the family of a core, the kernel of a layer.

`generic` is plain C for any core and defines every kernel. Another family has kernels for some layers and leaves the
others to `generic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.graph.network import Layer

GENERIC: Final = "generic"
FAMILIES: Final = (GENERIC,)

# The generic kernel of each kind of layer, where its name is another; a flatten has no code.
_GENERIC_NAMES: Final = {"relu6": "relu"}


@dataclass(frozen=True)
class Kernel:
    """A file under `firmware/kernels/`, in the folder of its family."""

    family: str
    name: str

    @property
    def file(self) -> str:
        """As the generated C includes it."""
        return f"{self.family}/{self.name}.inc"

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"


def family_of(core: str, *, dsp: bool) -> str:
    """The family that is fastest on a core.

    Args:
        core: as a `hardware` section names it.
        dsp: whether the chip has the core's DSP extension, where that is a choice.
    """
    del core, dsp
    return GENERIC


def kernel_of(layer: Layer, family: str) -> Kernel | None:
    """The kernel of a layer; None for a layer without code.

    Raises:
        ValueError: there is no such family.
    """
    if family not in FAMILIES:
        raise ValueError(f"there is no family of kernels named {family}; there are {', '.join(FAMILIES)}")
    if layer.kind == "flatten":
        return None
    return Kernel(GENERIC, _GENERIC_NAMES.get(layer.kind, layer.kind))
