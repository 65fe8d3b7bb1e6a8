"""A model section that takes its network from a file: `from "kws.tflite"`, and perhaps what arrives at its input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from specc.diagnostics.model import Label, Sink
from specc.elaborate.layers import KINDS, LayerNames
from specc.elaborate.reader import Handler, Hint, Reader, first, read_block
from specc.spec.model import InputSpec, QuantizationRow, QuantizationTable
from specc.syntax.nodes import Block, Item, Text, Word

if TYPE_CHECKING:
    from specc.elaborate.model import ModelParts

_FROM: Final = "from"


def from_file(block: Block) -> bool:
    """Whether a model block names a file."""
    heads = [item.values[0] for item in block.items]
    return any(isinstance(head, Word) and head.text == _FROM for head in heads)


def elaborate_file_model(block: Block, parts: ModelParts, sink: Sink) -> None:
    """Read the block and the file that it names into `parts`."""
    from specc.elaborate.importers import ModelFileError, import_file
    from specc.elaborate.model import elaborate_input

    def read_input(reader: Reader) -> InputSpec:
        return elaborate_input(reader, LayerNames({}, frozenset(), set()), shape_known=True)

    handlers: dict[str, Handler] = {_FROM: lambda reader: reader.text("the path of a model"), "input": read_input}
    hints = dict.fromkeys(KINDS, Hint("the layers are those of the file"))
    hints["weights"] = Hint("the weights are those of the file")
    entries = read_block(block, handlers, "a model from a file", sink, hints=hints)
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
        else InputSpec(name=network.input_name, shape=network.input_shape, spans={"": path.span})
    )


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
    return QuantizationTable(
        model=parts.name.text, rows=(QuantizationRow(layer="*", bits=8, spans=spans),), spans=spans
    )
