"""Whether an input that arrives by rows can be taken by rows."""

from __future__ import annotations

from specc.check.context import Context, mark
from specc.check.fusions import valid_fusions
from specc.graph.memory import generated
from specc.spec.model import RowsMode


def check_streaming(context: Context) -> None:
    """An input by rows needs readers that run by rows, each by itself unless the schedule lets layers run together."""
    declared, schedule = context.spec.model.input, context.spec.model.rows
    if not declared.streamed or any(found.code == "E4111" for found in context.sink):
        return  # a schedule that is wrong by itself is reported already
    fusions = valid_fusions(context)

    def possible(rows: RowsMode, *, streamed: bool) -> bool:
        network, table = context.network, context.spec.quantization
        return generated(network, table, fusions=fusions, streamed=streamed, rows=rows) is not None

    own: RowsMode = "least" if schedule == "least" else "never"  # `needed` begins with what is declared, and no more
    if possible(own, streamed=True) or not possible(own, streamed=False):
        return
    readers = context.network.consumers(declared.name)
    names = " and ".join(f"`{layer.name}`" for layer in readers)
    if possible("least", streamed=True):
        problem = f"{names} would have to run together"
        repair = f"repair: `schedule {context.spec.model.name} {{ rows least }}`, which lets them"
    else:
        problem = f"{names} cannot run by rows"
        repair = "repair: leave `stream rows` out, or let a convolution or a pool read the input"
    context.report(
        "E4114",
        f"`{declared.name}` cannot arrive by rows: {problem}",
        declared.span("streamed"),
        secondary=tuple(mark(context.layer_spec(layer.name), "name", f"{layer.kind}, reads it") for layer in readers),
        notes=(repair,),
    )
