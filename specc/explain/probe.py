"""What other compiler flags do to each kernel, found on a network that is not the one that is predicted.

A kernel's cycles are its inner loops', some of them assembly that no compiler changes, and those of what surrounds
them. So the probe has every kind of layer twice: with loops so short that what surrounds them prevails, and with loops
so long that they do. Between these two a layer of another shape is expected to lie. Window sums have no
part in it: the loops of their products are as many and as long as there are classes of windows, and compilers make of
each number of them something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from specc.codegen.kernels import GENERIC
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.explain.factors import Factor
from specc.explain.layout import Layout
from specc.graph.build import build_network
from specc.measure.backend import BuildOptions
from specc.measure.result import Measurement
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.source import SourceFile
from specc.spec import Spec
from specc.spec.hardware import Target
from specc.spec.kernels import Kernels

OUTSIDE: Final = ""  # what is outside of the layers, in place of a kernel
# Beyond the two: shapes, strides and paddings that the probe has not. By these compilers unroll, where loops are C.
_MARGIN: Final = 1.5
_NAME: Final = "probe"

# Layers with 4 channels and with 32; in a row of 8 positions half of the windows of an 8x8 tensor meet the border.
_TEXT: Final = """hwspec 1
model probe {
  input x 8x8x8 { distribution uniform ±1 }
  conv    few      { from x, kernel 1x1, filters 4, activation relu }
  conv    many     { from x, kernel 1x1, filters 32, activation relu }
  conv    few3     { from few, kernel 3x3, filters 4, padding same, activation relu }
  conv    many3    { from many, kernel 3x3, filters 16, padding same, activation relu }
  dwconv  fewd     { from few, kernel 3x3, stride 2x2, padding same, activation relu }
  dwconv  manyd    { from many, kernel 3x3, padding same, activation relu }
  conv    many1    { from manyd, kernel 1x1, filters 32 }
  add     fewa     { from few + few3 }
  add     manya    { from many + many1 }
  maxpool fewm     { from few, kernel 2x2 }
  maxpool manym    { from manya, kernel 2x2 }
  avgpool fewp     { from fewa, global }
  avgpool manyp    { from manym, kernel 2x2 }
  dense   fewc     { from fewp, units 3 }
  dense   manyc    { from manyp, units 32, activation relu }
  dense   last     { from manyc, units 10 }
  softmax result   { from last }
  weights seed 1
}
quantization probe {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | BITS | calibrated |
}
target t { use host }
"""

Measure = Callable[[Spec, QuantizedNetwork, BuildOptions], Measurement | str]


def compiled_factors(
    target: Target, kernels: Kernels, flags: str, layout: Layout, measured: Measure
) -> dict[str, Factor]:
    """What becomes of the cycles of each kernel of a target, and of what is outside of them, with other flags.

    Args:
        target: as it is.
        kernels: what the spec says of its kernels.
        flags: the other flags.
        layout: of the network that is predicted; the probe's codes are as wide as those of most of its layers.
        measured: measures a spec's only target, or says why it cannot.

    Returns:
        By kernel, for those that the probe has; nothing where it cannot be measured.
    """
    wide = sum(bits > 8 for bits in layout.bits.values()) * 2 > len(layout.bits)
    spec = load_text(SourceFile(_NAME, _TEXT.replace("BITS", "16" if wide else "8")), Sink())
    assert spec is not None, "the probe is a valid spec"
    network = quantize(spec, build_network(spec.model))
    generic = all(rule.choice == GENERIC for rule in kernels.rules) and bool(kernels.rules)
    options = BuildOptions(kernels=GENERIC) if generic else BuildOptions()
    results = []
    for own in (target.compile, flags):
        named = target.model_copy(update={"name": f"{target.name}.{_NAME}", "compile": own})
        result = measured(spec.model_copy(update={"targets": (named,)}), network, options)
        if isinstance(result, str):
            return {}
        results.append(result)
    return factors(*results)


def factors(before: Measurement, after: Measurement) -> dict[str, Factor]:
    """The ratios of the cycles of each kernel, with their bounds, and of what is outside of the layers."""
    cycles = [_cycles(result) for result in (before, after)]
    found: dict[str, list[float]] = {}
    for name, count in cycles[0].items():
        kernel = before.provenance.kernels.get(name, "") if name else OUTSIDE
        if count > 0 and cycles[1].get(name) is not None and (kernel or not name):
            found.setdefault(kernel, []).append(cycles[1][name] / count)
    return {kernel: _between(ratios) for kernel, ratios in found.items()}


def _between(ratios: list[float]) -> Factor:
    low, high = min(ratios), max(ratios)
    return Factor(low / _MARGIN, (low * high) ** 0.5, high * _MARGIN)


def _cycles(result: Measurement) -> Mapping[str, float]:
    """Cycles of each layer, and of what is outside of them under an empty name."""
    counted = {layer.name: layer.counters["cycles"].value for layer in result.layers if "cycles" in layer.counters}
    layers = {name: count for name, count in counted.items() if count is not None}
    whole = result.counters["cycles"].value if "cycles" in result.counters else None
    return layers | ({OUTSIDE: whole - sum(layers.values())} if whole is not None else {})
