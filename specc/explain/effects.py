"""What becomes of the cycles of a target's layers: the factors and costs of `factors`, between two layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from specc.explain.factors import (
    ADDITION,
    BY_ROWS,
    CALL,
    CALL_INSIDE,
    COPY,
    FAMILIES,
    OTHER_LOOPS,
    PASS,
    PRODUCT,
    RESCALED,
    SAME,
    SAME_CODE,
    WIDER,
    Cycles,
    Effect,
    Factor,
    other_columns,
    reversed_effect,
    whole_windows,
)
from specc.explain.layout import Layout

_BYTE_BITS: Final = 8
_MOST_IN_MEMORY: Final = 9  # times as many cycles as optimised code has: see `factors.IN_MEMORY`


def changed(
    parts: Mapping[str, Mapping[str, float]],
    axes: set[str],
    then: Layout,
    now: Layout,
    compiled: Callable[[str], Effect],
    *,
    optimised: bool,
) -> Cycles:
    """Cycles after changes: those of each cause of each layer times what happens to them, and what is done anew.

    Args:
        parts: cycles by cause of each layer, and of what is outside the layers under an empty name.
        axes: what is changed.
        then: layout of the variant.
        now: layout of the target as it is.
        compiled: what other flags do to the cycles of a layer.
        optimised: whether the variant's flags optimise.
    """
    sums = Cycles(0, 0, 0)
    added = PASS.times(then.passed - now.passed) + COPY.times(then.copied - now.copied)
    for layer, causes in parts.items():
        if _recast(layer, then, now):
            added += _work(then, layer)
            continue
        effects = [compiled(layer), *_effects(layer, axes, then, now)]
        for cause, count in causes.items():
            own = Cycles(count, count, count)
            for effect in effects:
                own = own.times(effect.get(cause, SAME))
            sums += own
        if _folds(now, layer) != _folds(then, layer):
            added += RESCALED.times(then.outputs.get(layer, 0) * (1 if _folds(now, layer) else -1))
    more = {name: then.calls.get(name, 1) - now.calls.get(name, 1) for name in then.kernels}
    added += CALL.times(sum(more.values())) + CALL_INSIDE.times(sum(more.values()))
    sums += added if optimised else _in_memory(added)
    return replace(sums, low=max(sums.low, 0.0), value=max(sums.value, sums.low, 0.0))


def _in_memory(added: Cycles) -> Cycles:
    """Costs are those of optimised code; without optimisation, `IN_MEMORY` says what they may be."""
    ends = [end * scale for end in (added.low, added.high or 0.0) for scale in (1.0, _MOST_IN_MEMORY)]
    return Cycles(min(ends), 3 * added.value, max(ends))


def _recast(layer: str, then: Layout, now: Layout) -> bool:
    """Whether window sums take the place of a convolution and its pool, or the other way round."""
    kernels = [layout.kernels.get(layer, "") for layout in (now, then)]
    return kernels[0] != kernels[1] and any("/window_" in kernel for kernel in kernels)


def _work(layout: Layout, layer: str) -> Cycles:
    own = layout.averaged[layer]
    return PRODUCT.times(own.products) + ADDITION.times(own.additions) + RESCALED.times(own.rescaled)


def _folds(layout: Layout, layer: str) -> bool:
    """Whether the channels of a layer share one shift: what its family's own convolutions do, but for those for any
    numbers."""
    family, _, name = layout.kernels.get(layer, "").partition("/")
    return family == "dsp" and name.startswith(("conv", "dwconv")) and not name.endswith("_any")


def _effects(layer: str, axes: set[str], then: Layout, now: Layout) -> Iterable[Effect]:
    """What happens to the cycles of a layer."""
    before, after = (layout.kernels.get(layer, "") for layout in (now, then))
    if layer in then.choices:
        yield _any_of([_of_kernels(before, choice) for choice in then.choices[layer]])
    else:
        yield from _of_kernels(before, after)
    if (layer in now.by_rows) != (layer in then.by_rows):
        yield BY_ROWS if layer in then.by_rows else reversed_effect(BY_ROWS)
    before_rows, after_rows = now.rows.get(layer), then.rows.get(layer)
    if before_rows and after_rows and before_rows != after_rows:
        yield other_columns(before_rows, after_rows)
    if now.on_padding.get(layer) and not then.on_padding.get(layer):
        yield whole_windows(now.on_padding[layer])
    elif then.on_padding.get(layer) and not now.on_padding.get(layer):
        yield reversed_effect(whole_windows(then.on_padding[layer]))
    if layer and axes & {"bits", "rewrites"}:
        narrow, wide = (layout.bits.get(layer, _BYTE_BITS) for layout in (now, then))
        if wide > narrow:
            yield WIDER
        elif wide < narrow:
            yield reversed_effect(WIDER)
        elif "bits" in axes:
            yield SAME_CODE


def _of_kernels(before: str, after: str) -> list[Effect]:
    """What another kernel does to the cycles of a layer."""
    families = [FAMILIES.get(kernel.partition("/")[0]) for kernel in (before, after)]
    if families[0] != families[1]:
        undone = [reversed_effect(families[0])] if families[0] else []
        return [*undone, families[1]] if families[1] else undone
    return [OTHER_LOOPS] if before != after and before and after else []


def _any_of(choices: list[list[Effect]]) -> Effect:
    """The bounds of all of some effects together; what is likely is that nothing changes."""
    causes = {cause for effects in choices for effect in effects for cause in effect}
    found = {}
    for cause in causes:
        ends = [Cycles(1, 1, 1)]
        for effects in choices:
            own = Cycles(1, 1, 1)
            for effect in effects:
                own = own.times(effect.get(cause, SAME))
            ends.append(own)
        highs = [end.high for end in ends]
        high = None if None in highs else max(high for high in highs if high is not None)
        found[cause] = Factor(min(end.low for end in ends), 1, high)
    return found
