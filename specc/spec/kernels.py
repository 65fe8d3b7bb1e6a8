"""Which kernels compute the layers on a target, and where their constants lie."""

from __future__ import annotations

from typing import Literal

from specc.spec.base import Node

# Which of the kernels that compute a layer on a core: the one that is fastest by its make, the one with the smallest
# constants, plain C, or the one that is found fastest by measuring all of them.
KernelChoice = Literal["fastest", "smallest", "generic", "tuned"]
ConstantsPlace = Literal["flash", "sram"]
# Exact rewrites that generated code has unless they are switched off, to see their worth: clamping to the codes of an
# activation within the kernel, in place of another pass over its output.
Rewrite = Literal["activations"]


class KernelRule(Node):
    """`use tuned`, `use generic for conv1+pool*`: the kernels of some layers, of all others where none are named."""

    choice: KernelChoice
    layers: tuple[str, ...] = ()


class PlaceRule(Node):
    """`weights sram for classes`: where the constants of some layers lie, of all others where none are named."""

    place: ConstantsPlace
    layers: tuple[str, ...] = ()


class Kernels(Node):
    """What a `kernels` section says of one target, or of every target (`kernels all`)."""

    target: str
    rules: tuple[KernelRule, ...] = ()
    places: tuple[PlaceRule, ...] = ()
    off: tuple[Rewrite, ...] = ()

    def choice(self, layer: str) -> KernelChoice:
        """The choice for a layer: its own, else that for all others, else `fastest`."""
        general: KernelChoice = next((rule.choice for rule in self.rules if not rule.layers), "fastest")
        return next((rule.choice for rule in self.rules if layer in rule.layers), general)

    def place(self, layer: str) -> ConstantsPlace | None:
        """Where the constants of a layer are to lie; None where nothing is said."""
        general = next((rule.place for rule in self.places if not rule.layers), None)
        return next((rule.place for rule in self.places if layer in rule.layers), general)
