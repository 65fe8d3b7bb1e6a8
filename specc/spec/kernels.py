"""Which kernels compute the layers on a target, and where their constants lie."""

from __future__ import annotations

from typing import Final, Literal, get_args

from specc.spec.base import Node

# Which of the kernels that compute a layer on a core: the one that is fastest by its make, the one with the smallest
# constants, plain C, or the one that is found fastest by measuring all of them.
KernelChoice = Literal["fastest", "smallest", "generic", "tuned"]
ConstantsPlace = Literal["flash", "sram"]
# Exact rewrites that generated code has unless they are switched off, to see their worth. No result changes.
Rewrite = Literal["activations", "padding", "zero_points", "shifts", "rows", "window_sums"]
REWRITES: Final[tuple[Rewrite, ...]] = get_args(Rewrite)
ALL_REWRITES: Final = "all"
# What code does with each, and without it.
MEANINGS: Final[dict[Rewrite, tuple[str, str]]] = {
    "activations": (
        "a kernel clamps to the codes of the activation",
        "another pass over the output does, behind a kernel that clamps to its container",
    ),
    "padding": (
        "kernels of windows know where their input ends",
        "the input is copied first, with the codes of the padding around it",
    ),
    "zero_points": (
        "biases hold what the input's zero point adds to a sum, and kernels take codes as they are",
        "the input is copied first, less its zero point, in codes of twice the width",
    ),
    "shifts": (
        "the channels of a convolution share one shift and one rounding, which hold the output's zero point; the "
        "differences are in their weights (kernels for the DSP extension)",
        "every sum is shifted and rounded by numbers of its channel",
    ),
    "rows": (
        "layers run by rows, and in tiles, where the schedule or the memory asks for it",
        "every layer runs by itself, over whole tensors",
    ),
    "window_sums": (
        "a convolution that is only averaged adds up its inputs, and multiplies each weight once",
        "it makes every output, in 32 bits, and these are added up",
    ),
}


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
    off: tuple[Rewrite, ...] = ()  # in the order of `REWRITES`

    def choice(self, layer: str) -> KernelChoice:
        """The choice for a layer: its own, else that for all others, else `fastest`."""
        general: KernelChoice = next((rule.choice for rule in self.rules if not rule.layers), "fastest")
        return next((rule.choice for rule in self.rules if layer in rule.layers), general)

    def place(self, layer: str) -> ConstantsPlace | None:
        """Where the constants of a layer are to lie; None where nothing is said."""
        general = next((rule.place for rule in self.places if not rule.layers), None)
        return next((rule.place for rule in self.places if layer in rule.layers), general)
