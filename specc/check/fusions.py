"""Whether the layers that a schedule fuses can run as one."""

from __future__ import annotations

from specc.check.context import Context, place
from specc.check.latency import exact_rewrites
from specc.graph.rewrites import is_global_average
from specc.spec.model import Fusion


def check_fusions(context: Context) -> None:
    """Each fusion is a chain without side exits; window sums are a linear convolution and its global average pool."""
    for fusion in context.spec.model.fusions:
        problem = chain_problem(context, fusion) or _window_sums_problem(context, fusion)
        if problem:
            chain = "+".join(fusion.layers)
            context.report("E4111", f"{chain} cannot run as {_method(fusion)}: {problem}", place(fusion))


def valid_fusions(context: Context) -> tuple[Fusion, ...]:
    """The fusions that are chains, so that a schedule can be built with them."""
    return tuple(fusion for fusion in context.spec.model.fusions if chain_problem(context, fusion) is None)


def chain_problem(context: Context, fusion: Fusion) -> str | None:
    """Why the layers are no chain, or None."""
    known = {layer.name for layer in context.network.layers}
    unknown = [name for name in fusion.layers if name not in known]
    if unknown:
        return f"there is no layer `{unknown[0]}`"
    if len(fusion.layers) < 2:
        return "it takes at least two layers"
    owners = [other for other in context.spec.model.fusions if set(other.layers) & set(fusion.layers)]
    if owners[0] is not fusion:
        return f"a layer of it is already in {'+'.join(owners[0].layers)}"
    for first, second in zip(fusion.layers, fusion.layers[1:], strict=False):
        readers = [layer.name for layer in context.network.consumers(first)]
        if readers != [second]:
            names = " and ".join(f"`{name}`" for name in readers) or "nothing"
            return f"`{first}` is read by {names}, not by `{second}` alone"
    return None


def _window_sums_problem(context: Context, fusion: Fusion) -> str | None:
    if fusion.method != "window_sums":
        return None
    first, last = context.network.layer(fusion.layers[0]), context.network.layer(fusion.layers[-1])
    if len(fusion.layers) != 2 or first.kind not in ("conv", "dwconv") or not is_global_average(last):
        return "window sums are a convolution followed by a global average pool"
    if first.activation != "linear":
        return (
            f"`{first.name}` has activation {first.activation}, and the sum of a clipped value is not the clipped sum"
        )
    table = context.spec.quantization
    if table and table.row(first.name) and first.name not in exact_rewrites(context):
        return f"the accumulator of `{first.name}` cannot hold its sum over `{last.name}`"
    return None


def _method(fusion: Fusion) -> str:
    return "window sums" if fusion.method == "window_sums" else "one"
