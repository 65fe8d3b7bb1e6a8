"""Whether everything declared is used, and everything used is declared."""

from __future__ import annotations

from specc.check.context import Context, mark, place


def check_targets(context: Context) -> None:
    """A target that no budget binds is measured, but nothing can be said about it."""
    for target in context.spec.targets:
        if not context.spec.budget_items(target.name):
            context.report(
                "W4110",
                f"no budget binds target `{target.name}`: it can neither pass nor fail",
                place(target, "name"),
                notes=(f"repair: `budget {target.name} {{ latency total <= 10 ms }}`, or `budget all`",),
            )


def check_rows(context: Context) -> None:
    """Each layer with weights has a row of the quantization table; a row for a layer without weights is a mistake."""
    table = context.spec.quantization
    if table is None:
        return
    for layer in context.network.layers:
        if layer.weight_shape is not None and table.row(layer.name) is None:
            context.report(
                "E3104",
                f"`{layer.name}` has {layer.parameters:,} parameters and no row in the quantization table",
                place(table),
                secondary=(mark(context.layer_spec(layer.name), "name", "has weights"),),
                notes=(f"repair: a row for `{layer.name}`, or a row `*` for every layer without its own",),
            )
    weightless = {layer.name: layer.kind for layer in context.network.layers if layer.weight_shape is None}
    for row in table.rows:
        if row.layer in weightless:
            context.report(
                "W3105",
                f"`{row.layer}` is {weightless[row.layer]} and has no weights: its row only sets how wide its input is",
                place(row, "layer"),
                secondary=(mark(context.layer_spec(row.layer), "name", "no weights"),),
                notes=("repair: remove the row; the input then takes the width of the layer that makes it",),
            )
