"""The `model` section: input, layers, weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.layers import EXTENT_LIMIT, KINDS, LayerNames, advice_on_kind, elaborate_layer, layer_names
from specc.elaborate.model_file import (
    elaborate_file_model,
    from_file,
    refuse_file_in_head,
    report_other_word_for_from,
)
from specc.elaborate.reader import (
    Handler,
    Reader,
    RejectedError,
    read_block,
    report_torn,
    spans_of,
    value_of,
)
from specc.source import Span
from specc.spec.model import InputSpec, LayerSpec, ModelFile, ModelSpec, RowsMode, WeightsSpec
from specc.syntax.nodes import Block, Item, Malformed, Number, PlusMinus, Size, Word

SEED_LIMIT: Final = (1 << 32) - 1


@dataclass
class ModelParts:
    """What a model section gave, with the names it declares: they are known even if a layer of that name is wrong."""

    name: Word | None = None
    input: InputSpec | None = None
    layers: list[LayerSpec] = field(default_factory=list)
    weights: WeightsSpec | None = None
    file: ModelFile | None = None
    layers_unknown: bool = False  # the network comes from a file that cannot be used
    unknown_kinds: bool = False  # an item of no known kind, which may be a layer, was reported
    layer_names: list[str] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)

    def build(self, fusions: tuple[Any, ...], rows: RowsMode) -> ModelSpec | None:
        """The model, if nothing that it needs was rejected."""
        if self.name is None or self.input is None or not self.layers:
            return None
        return ModelSpec.model_construct(
            name=self.name.text,
            input=self.input,
            layers=tuple(self.layers),
            weights=self.weights,
            file=self.file,
            fusions=fusions,
            rows=rows,
            spans=self.spans,
        )


def elaborate_model(item: Item, sink: Sink) -> ModelParts:
    """Read a model section. What is wrong is reported; the rest is in the parts."""
    parts = ModelParts(spans={"": item.head})
    reader = Reader(item, sink)
    reader.position = 1
    try:
        parts.name = reader.name("the name of a model")
        parts.spans["name"] = parts.name.span
        refuse_file_in_head(reader, parts)
        block = reader.block(f"model `{parts.name.text}`")
        reader.finish()
    except RejectedError:
        if item.block is None or parts.layers_unknown:
            return parts
        block = item.block  # its layers are read all the same: they have names that the rest of the file uses
    if from_file(block):
        elaborate_file_model(block, parts, sink)
        return parts
    if report_other_word_for_from(block, parts, sink):
        return parts
    parts.layer_names = layer_names(block.items)
    names = LayerNames({}, frozenset(parts.layer_names), set())
    first_use: dict[str, Item] = {}
    for row in block.rows:
        sink.add("E1004", "a model has no table", row.span)
    for before, entry in pairwise((None, *block.items)):
        if entry and not isinstance(entry.values[0], Word | Malformed):
            report_torn(entry, before, sink)
    # The input first, wherever it stands: one that is out of place is reported once, not by each layer that reads it.
    for entry in sorted(block.items, key=lambda entry: _keyword(entry) != "input"):
        _elaborate_entry(entry, parts, names, first_use, sink)
    _check_input_place(block, sink)
    _check_complete(item, parts, first_use, sink)
    if not sink.has_errors:  # what was rejected may be the reader
        _warn_unread(parts, names, sink)
    return parts


def _keyword(item: Item) -> str:
    head = item.values[0]
    return head.text if isinstance(head, Word) else ""


def _check_input_place(block: Block, sink: Sink) -> None:
    """The input stands above every layer."""
    layer = next((index for index, item in enumerate(block.items) if _keyword(item) in KINDS), None)
    place = next((index for index, item in enumerate(block.items) if _keyword(item) == "input"), None)
    if layer is not None and place is not None and layer < place:
        label = (Label(block.items[layer].head, "the first layer"),)
        sink.add("E1018", "the input stands below a layer; it comes first", block.items[place].head, secondary=label)


def check_rows(declared: InputSpec, sink: Sink) -> None:
    """Only an image arrives by rows."""
    where = declared.span("streamed")
    if declared.streamed and len(declared.shape) == 1 and where:
        shape = declared.span("shape")
        label = (Label(shape, f"a vector of {declared.shape[0]}"),) if shape else ()
        note = "rows are those of an image: height x width x channels"
        sink.add("E1013", "a vector has no rows to stream", where, secondary=label, notes=(note,))


def _elaborate_entry(item: Item, parts: ModelParts, names: LayerNames, first_use: dict[str, Item], sink: Sink) -> None:
    keyword = item.values[0]
    if not isinstance(keyword, Word):
        return
    if keyword.text not in ("input", "weights", *KINDS):
        notes, fix = advice_on_kind(keyword)
        sink.add("E1003", f"`{keyword.text}` is no kind of layer", keyword.span, notes=notes, fix=fix)
        parts.unknown_kinds = True
        # Its name stays known, so that what refers to it is not reported, too.
        if len(item.values) > 1 and isinstance(item.values[1], Word):
            name = item.values[1]
            names.declared.setdefault(name.text, name.span)
            parts.layer_names.append(name.text)
            if names.previous:
                names.read.add(names.previous)
            names.previous = name.text
            names.read.add(name.text)
        return
    reader = Reader(item, sink)
    reader.position = 1
    try:
        if keyword.text in KINDS:
            parts.layers.append(elaborate_layer(reader, keyword, names))
            return
        if keyword.text in first_use:
            there = Label(first_use[keyword.text].head, "first given here")
            reader.fail("E1006", f"a model has one `{keyword.text}`", secondary=(there,))
        first_use[keyword.text] = item
        if keyword.text == "input":
            parts.input = elaborate_input(reader, names)
            check_rows(parts.input, sink)
        else:
            parts.weights = _elaborate_weights(reader)
    except RejectedError:
        parts.spans.setdefault("rejected", item.head)


def _elaborate_weights(reader: Reader) -> WeightsSpec:
    """`weights seed 42`, or `weights from "trained.npz"`."""
    if reader.accept("from"):
        path = reader.text("the path of a file of weights")
        reader.finish()
        from specc.elaborate.importers import ModelFileError, import_weights

        try:
            file = import_weights(path.text, path.span)
        except ModelFileError as error:
            reader.fail(error.code, str(error), path.span, notes=error.notes)
        return WeightsSpec.model_construct(file=file, spans={"": reader.item.head, "file": path.span})
    following = reader.peek()
    if isinstance(following, Number) and following.quantity.unit is None:
        place = Span(following.span.source, following.span.start, following.span.start)
        fix = Fix("write `seed`", ((place, "seed "),))
        reader.fail("E1005", "this number is not said to be a seed", following.span, fix=fix)
    reader.expect("seed")
    seed = reader.integer("a seed", 0, SEED_LIMIT)
    reader.finish()
    return WeightsSpec.model_construct(seed=int(seed.quantity.number), spans={"": reader.item.head, "seed": seed.span})


def elaborate_input(reader: Reader, names: LayerNames, *, shape_known: bool = False) -> InputSpec:
    """The input of a model. Where its file gives the shape, it may be left out; it is then empty."""
    name = reader.name("the name of the input", reserved=("total", "overhead"))
    if name.text in names.declared:
        there = Label(names.declared[name.text], "first declared here")
        reader.fail("E1006", f"the name `{name.text}` is taken", name.span, secondary=(there,))
    names.declare(name)
    names.previous = name.text
    spans = {"name": name.span}
    shape: tuple[int, ...] = ()
    if not shape_known or reader.peek() is not None:
        shape_value = reader.next("a shape such as 32x32x16")
        shape = _shape(reader, shape_value)
        spans["shape"] = shape_value.span
    block = reader.optional_block()
    where = f"input `{name.text}`"
    handlers: dict[str, Handler] = {"distribution": _distribution, "stream": _stream}
    entries = read_block(block, handlers, where, reader.sink) if block else {}
    reader.finish()
    distribution, scale = value_of(entries, "distribution", (None, 1.0))
    return InputSpec.model_construct(
        name=name.text,
        shape=shape,
        distribution=distribution,
        scale=scale,
        streamed=value_of(entries, "stream", False),
        spans=spans_of(entries, reader.item.head, stream="streamed") | spans,
    )


def _shape(reader: Reader, value: Any) -> tuple[int, ...]:
    if isinstance(value, Number) and value.quantity.unit is None:
        return (reader.check_bounds("the length of a vector", value.quantity.number, 1, EXTENT_LIMIT, value.span),)
    if not isinstance(value, Size):
        reader.mismatch(value, "a shape such as 32x32x16")
    if len(value.extents) != 3:
        notes = (
            ("an image without colours has one channel: " + value.span.text + "x1",) if len(value.extents) == 2 else ()
        )
        reader.fail("E1007", "a shape is height x width x channels, or the length of a vector", value.span, notes=notes)
    if not all(1 <= extent <= EXTENT_LIMIT for extent in value.extents):
        reader.fail("E1010", f"every extent must lie between 1 and {EXTENT_LIMIT}", value.span)
    return value.extents


def _distribution(reader: Reader) -> tuple[str, float]:
    kind = reader.choice("a distribution", ("uniform", "normal")).text
    value = reader.next("the width of the distribution, as in `uniform ±1` or `normal 0.5`,")
    if kind == "uniform" and not isinstance(value, PlusMinus):
        reader.mismatch(value, "a range such as ±1")
    if kind == "normal" and not (isinstance(value, Number) and value.quantity.unit is None):
        reader.mismatch(value, "a standard deviation such as 0.5")
    assert isinstance(value, PlusMinus | Number)
    return kind, positive_float(reader, "the width of a distribution", value.quantity.number, value.span)


def positive_float(reader: Reader, what: str, number: Fraction, span: Span) -> float:
    """A number greater than zero, as the float nearest to it."""
    if number <= 0:
        reader.fail("E1010", f"{what} must be greater than zero", span)
    return float(number)


def _stream(reader: Reader) -> bool:
    reader.expect("rows")
    return True


def _check_complete(item: Item, parts: ModelParts, first_use: dict[str, Item], sink: Sink) -> None:
    if "input" not in first_use:
        note = "for example `input frame 32x32x16` as its first line"
        sink.add("E1005", "this model has no input", item.head, notes=(note,))
    if not parts.layer_names and not parts.unknown_kinds:
        sink.add("E1005", "this model has no layers", item.head)


def _warn_unread(parts: ModelParts, names: LayerNames, sink: Sink) -> None:
    """Every output but the last is read by a layer, or its work is in vain."""
    for name, span in names.declared.items():
        if name in names.read or name == names.previous:
            continue
        what = "input" if parts.input is not None and name == parts.input.name else "output of"
        sink.add("W1101", f"no layer reads the {what} `{name}`", span)
