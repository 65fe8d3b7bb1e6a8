"""The `schedule` section: layers to execute as one, and layers to run by rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast, get_args

from specc.diagnostics.model import Label, Sink
from specc.elaborate.groups import layer_group
from specc.elaborate.model import ModelParts
from specc.elaborate.reader import Handler, Reader, RejectedError, read_block, suggestion, value_of
from specc.source import Span
from specc.spec.experiments import MOST_COLUMNS
from specc.spec.model import Fusion, LayerSpec, RowsMode
from specc.syntax.nodes import Item, Word


@dataclass(frozen=True)
class ScheduleParts:
    """What a schedule section declares."""

    fusions: tuple[Fusion, ...] = ()
    rows: RowsMode = "needed"


def elaborate_schedule(item: Item, parts: ModelParts, sink: Sink) -> ScheduleParts:
    """Read a schedule section: `fuse conv+gap as window_sums`, `fuse a+b tile 12`, `rows least`."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        name = reader.name("the name of a model")
        block = reader.block("a schedule")
        reader.finish()
        if parts.name is not None and name.text != parts.name.text:
            notes, fix = suggestion(name.text, name.span, [parts.name.text])
            sink.add("E1011", f"there is no model `{name.text}`", name.span, notes=notes, fix=fix)
    except RejectedError:
        return ScheduleParts()
    handlers: dict[str, Handler] = {
        "fuse": lambda r: _fuse(r, parts),
        "rows": lambda r: r.choice("which layers run by rows", get_args(RowsMode)).text,
    }
    entries = read_block(block, handlers, "a schedule", sink, repeatable=frozenset({"fuse"}))
    fusions: list[Fusion] = []
    owner: dict[str, Fusion] = {}
    for entry in entries.get("fuse", []):
        fusion: Fusion = entry.value
        shared = [layer for layer in fusion.layers if layer in owner]
        if shared:
            there = owner[shared[0]].span()
            label = (Label(there, "fused here"),) if there else ()
            sink.add("E1006", f"layer `{shared[0]}` is fused twice", entry.item.head, secondary=label)
            continue
        owner |= dict.fromkeys(fusion.layers, fusion)
        fusions.append(fusion)
    return ScheduleParts(tuple(fusions), value_of(entries, "rows", "needed"))


def _fuse(reader: Reader, parts: ModelParts) -> Fusion:
    words = list(layer_group(reader, parts.layer_names).words)
    method = "fused"
    method_span = reader.item.head
    if reader.accept("as"):
        word = reader.choice("a way to fuse", get_args(Fusion.model_fields["method"].annotation))
        method, method_span = word.text, word.span
    tile = None
    spans: dict[str, Span] = {}
    if reader.accept("tile"):
        width = reader.integer("the columns of a tile", 1, MOST_COLUMNS)
        tile, spans["tile"] = int(width.quantity.number), width.span
    if len(words) < 2:
        reader.fail("E1005", "a fusion joins at least two layers: `fuse a + b`")
    _check_chain(reader, words, parts)
    if method == "window_sums":
        _check_window_sums(reader, words, parts)
    if tile and method == "window_sums":
        reader.fail("E1013", "window sums are no tensor that could be made in tiles", spans["tile"])
    spans |= {"": reader.item.head, "layers": words[0].span.to(words[-1].span), "method": method_span}
    return Fusion.model_construct(
        layers=tuple(word.text for word in words),
        method=cast(Literal["fused", "window_sums"], method),
        tile=tile,
        spans=spans,
    )


def _kinds(words: list[Word], parts: ModelParts) -> list[LayerSpec]:
    """The layers of those names; fewer if one of them was rejected."""
    by_name = {layer.name: layer for layer in parts.layers}
    return [by_name[word.text] for word in words if word.text in by_name]


def _check_chain(reader: Reader, words: list[Word], parts: ModelParts) -> None:
    """Fused layers follow one another in the file."""
    positions = {name: index for index, name in enumerate(parts.layer_names)}
    for before, after in pairwise(words):
        if positions[after.text] != positions[before.text] + 1:
            reader.fail("E1013", f"`{after.text}` does not follow `{before.text}`; only neighbours fuse", after.span)


def _check_window_sums(reader: Reader, words: list[Word], parts: ModelParts) -> None:
    """The rewrite is exact only where nothing but additions stands between the products and the pool."""
    layers = _kinds(words, parts)
    if len(layers) != len(words):
        return
    problem = _window_sums_problem(layers)
    if problem:
        reader.fail(
            "E1013",
            "window sums need a convolution without activation and a global average pool",
            words[0].span.to(words[-1].span),
            notes=(problem,),
        )


def _window_sums_problem(layers: list[LayerSpec]) -> str | None:
    """What stands in the way of summing windows first, or None."""
    convolution, pool = layers[0], layers[-1]
    if len(layers) != 2:
        return f"these are {len(layers)} layers: the two must be neighbours, and nothing else belongs to them"
    if convolution.kind not in ("conv", "dwconv"):
        return f"`{convolution.name}` is a {convolution.kind}"
    if pool.kind != "avgpool":
        return f"`{pool.name}` is a {pool.kind}"
    if pool.kernel is not None:
        return f"`{pool.name}` pools windows of the image: `global` pools the whole of it"
    if convolution.activation != "linear":
        between = f"`{convolution.name}` has activation {convolution.activation}"
        return f"{between}, which is not linear, so that sums may not pass through it"
    return None
