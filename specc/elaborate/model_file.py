"""A model section that takes its network from a file: `from "kws.tflite"`, and perhaps what arrives at its input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.layers import KINDS, LayerNames
from specc.elaborate.reader import Handler, Reader, first, read_block
from specc.spec.model import InputSpec, QuantizationRow, QuantizationTable
from specc.syntax.nodes import Block, Item, Text, Word

if TYPE_CHECKING:
    from specc.elaborate.model import ModelParts

_FROM: Final = "from"
_WEIGHTS: Final = "weights"
_WORD_AND_PATH: Final = 2  # values of `from "kws.tflite"`
_OF_THE_FILE: Final = frozenset({_WEIGHTS, *KINDS})
_OF_A_MODEL: Final = frozenset({_FROM, "input", *_OF_THE_FILE})


def from_file(block: Block) -> bool:
    """Whether a model block names a file."""
    heads = [item.values[0] for item in block.items]
    return any(isinstance(head, Word) and head.text == _FROM for head in heads)


def refuse_file_in_head(reader: Reader, parts: ModelParts) -> None:
    """`model kws from "kws.tflite"`: the file stands inside the braces.

    Raises:
        RejectedError: it stands before them.
    """
    keyword = reader.peek()
    if not reader.accept(_FROM):
        return
    path = reader.text("the path of a model")
    parts.layers_unknown = True
    assert keyword is not None
    span = keyword.span.to(path.span)
    inside = f"{{ {span.text} }}"
    fix = Fix(f"write `{inside}`", ((span, inside),), safe=True) if reader.item.block is None else None
    note = f"`model {parts.name.text} {inside}`" if parts.name else inside
    reader.fail("E1014", "the file of a model stands inside its braces", span, notes=(note,), fix=fix)


def report_other_word_for_from(block: Block, parts: ModelParts, sink: Sink) -> bool:
    """`file "kws.tflite"`: whether an item that names a file by another word was reported."""
    for item in block.items:
        if len(item.values) == _WORD_AND_PATH and item.block is None and _keyword(item) not in _OF_A_MODEL:
            word, path = item.values
            if isinstance(word, Word) and isinstance(path, Text):
                fix = Fix("write `from`", ((word.span, _FROM),))
                note = f"a network from a file is written `from {path.span.text}`"
                sink.add("E1003", f"a model has no `{word.text}`", word.span, notes=(note,), fix=fix)
                parts.layers_unknown = True
                return True
    return False


def _keyword(item: Item) -> str:
    head = item.values[0]
    return head.text if isinstance(head, Word) else ""


def _report_written_out(items: list[Item], others: tuple[Item, ...], sink: Sink) -> None:
    """Layers or weights beside the file that holds them: one finding for all of them."""
    label = tuple(Label(item.head, "the file") for item in others if _keyword(item) == _FROM)
    what = "weights" if _keyword(items[0]) == _WEIGHTS else "layers"
    note = f"repair: remove the {what}, or remove `from` and write the whole network"
    sink.add("E1013", f"the {what} are those of the file", items[0].head, secondary=label[:1], notes=(note,))


def elaborate_file_model(block: Block, parts: ModelParts, sink: Sink) -> None:
    """Read the block and the file that it names into `parts`."""
    from specc.elaborate.importers import ModelFileError, import_file
    from specc.elaborate.model import check_rows, elaborate_input

    def read_input(reader: Reader) -> InputSpec:
        return elaborate_input(reader, LayerNames({}, frozenset(), set()), shape_known=True)

    handlers: dict[str, Handler] = {_FROM: lambda reader: reader.text("the path of a model"), "input": read_input}
    written_out = [item for item in block.items if _keyword(item) in _OF_THE_FILE]
    others = tuple(item for item in block.items if item not in written_out)
    entries = read_block(replace(block, items=others), handlers, "a model from a file", sink)
    if written_out:
        _report_written_out(written_out, others, sink)
    written, declared = first(entries, _FROM), first(entries, "input")
    parts.layers_unknown = True
    if written is None:
        return
    path: Text = written.value
    own: InputSpec | None = declared.value if declared else None
    try:
        parts.file = import_file(path.text, path.span, own.name if own else None)
    except ModelFileError as error:
        sink.add(error.code, str(error), path.span, notes=error.notes)
        return
    parts.layers_unknown = False
    network = parts.file.content
    if own is not None and own.shape not in ((), network.input_shape):
        shape = "x".join(map(str, network.input_shape))
        label = Label(path.span, "this file")
        sink.add("E2205", f"the input of the file is {shape}", own.span("shape"), secondary=(label,))
    parts.layers = list(network.layers)
    parts.layer_names = [layer.name for layer in network.layers]
    parts.input = (
        own.model_copy(update={"shape": network.input_shape})
        if own
        else InputSpec.model_construct(name=network.input_name, shape=network.input_shape, spans={"": path.span})
    )
    check_rows(parts.input, sink)


def quantization_of_file(parts: ModelParts, sections: list[Item], sink: Sink) -> QuantizationTable | None:
    """The table that stands for a file of 8-bit integers, which has its own; None for any other model.

    A quantization section beside it is an error.
    """
    if parts.file is None or parts.name is None or not parts.file.content.quantized:
        return None
    place = parts.file.span()
    if sections:
        label = (Label(place, "this file holds 8-bit integers and their scales"),) if place else ()
        message = f"`{parts.file.path}` is quantized already; a table would contradict it"
        sink.add("E2205", message, sections[0].head, secondary=label, notes=("repair: remove the section",))
    spans = {"": place} if place else {}
    return QuantizationTable.model_construct(
        model=parts.name.text, rows=(QuantizationRow.model_construct(layer="*", bits=8, spans=spans),), spans=spans
    )
