"""Whether the layers that a schedule fuses can run as one, and in tiles."""

from __future__ import annotations

from specc.check.accumulators import accumulator_need, repair
from specc.check.context import Context, mark, place
from specc.diagnostics.model import Label
from specc.graph.rewrites import is_global_average
from specc.graph.row_work import row_work
from specc.spec.model import Fusion, QuantizationRow


def check_fusions(context: Context) -> None:
    """Each fusion is a chain without side exits; window sums are a linear convolution and its global average pool."""
    experiments = context.spec.experiments
    fused = [fusion for fusion in context.spec.model.fusions if fusion.method == "fused"]
    if experiments and experiments.tiles and not fused:
        message = "`tile` cuts nothing: no layers are fused"
        notes = (f"for example `schedule {context.spec.model.name} {{ fuse a+b }}`, with neighbours of the network",)
        context.report("N1104", message, place(experiments, "tiles"), notes=notes)
    for fusion in context.spec.model.fusions:
        problem = chain_problem(context, fusion) or _window_sums_problem(context, fusion)
        if problem:
            _report(context, fusion, problem)
            continue
        problem = _tile_problem(context, fusion)
        if problem:
            _report(context, fusion, problem, field="tile")
            continue
        narrow = _narrow_accumulator(context, fusion)
        if narrow is not None:
            row, needed = narrow
            _report(
                context,
                fusion,
                f"the accumulator of `{fusion.layers[0]}` keeps {row.accumulator} bits, "
                f"and its sum over `{fusion.layers[1]}` needs {needed}",
                secondary=(mark(row, "accumulator"),),
                notes=(repair(needed),),
            )


def _report(
    context: Context,
    fusion: Fusion,
    problem: str,
    *,
    secondary: tuple[Label | None, ...] = (),
    notes: tuple[str, ...] = (),
    field: str = "",
) -> None:
    message = f"`{'+'.join(fusion.layers)}` cannot run as {_method(fusion)}: {problem}"
    context.report("E4111", message, place(fusion, field), secondary=secondary, notes=notes)


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
    return None


def _tile_problem(context: Context, fusion: Fusion) -> str | None:
    """Why a chain cannot make its output some columns at a time, or None."""
    if fusion.tile is None:
        return None
    network = context.network
    layers = [network.layer(name) for name in fusion.layers]
    for layer in layers:
        work = row_work(layer, frozenset())
        if work is None or work.way == "at once":
            return f"`{layer.name}` is a {layer.kind}, which has no columns: end the run before it"
        if work.sums:
            return f"`{layer.name}` averages all columns: end the run before it"
    columns = layers[-1].output_shape[1]
    if fusion.tile >= columns:
        return f"the output of `{layers[-1].name}` has {columns} column{'s' if columns > 1 else ''}, a tile takes fewer"
    if context.spec.model.input.streamed and network.input in layers[0].inputs:
        return f"`{network.input}` arrives by rows, which are gone when the second tile needs them"
    return None


def _narrow_accumulator(context: Context, fusion: Fusion) -> tuple[QuantizationRow, int] | None:
    """The row whose accumulator cannot hold the sum over the whole image, and the bits that it needs."""
    if fusion.method != "window_sums":
        return None
    convolution, pool = (context.network.layer(name) for name in fusion.layers)
    need = accumulator_need(context, convolution, pool)
    table = context.spec.quantization
    row = table.row(convolution.name) if table else None
    return (row, need.worst) if row and need and need.worst > row.accumulator else None


def _method(fusion: Fusion) -> str:
    if fusion.tile:
        return f"one in tiles of {fusion.tile} column{'s' if fusion.tile > 1 else ''}"
    return "window sums" if fusion.method == "window_sums" else "one"
