"""The layers of a model: which options each kind takes, and the LayerSpec they make."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast, get_args

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.reader import (
    Entry,
    Handler,
    Hint,
    Reader,
    RejectedError,
    read_block,
    spans_of,
    suggestion,
    value_of,
)
from specc.source import Span
from specc.spec.model import TABULATED, Activation, LayerKind, LayerSpec, Padding
from specc.syntax.nodes import Block, Item, Number, Size, Symbol, Word

EXTENT_LIMIT: Final = 1 << 20  # per dimension of a tensor; keeps every product far from overflow
LAYER_LIMIT: Final = 4096
KERNEL_LIMIT: Final = 1024

_INPUTS: Final = ("from",)
_POOL: Final = ("kernel", "stride", "padding", "global", *_INPUTS)


@dataclass(frozen=True)
class _Kind:
    """Options a kind takes, and those it cannot do without."""

    options: tuple[str, ...]
    required: tuple[str, ...] = ()


KINDS: Final[dict[str, _Kind]] = {
    "conv": _Kind(("kernel", "filters", "stride", "padding", "activation", *_INPUTS), ("kernel", "filters")),
    "dwconv": _Kind(("kernel", "stride", "padding", "activation", *_INPUTS), ("kernel",)),
    "dense": _Kind(("units", "activation", *_INPUTS), ("units",)),
    "avgpool": _Kind(_POOL),
    "maxpool": _Kind(_POOL),
    "add": _Kind(("activation", *_INPUTS), ("from",)),
    "relu": _Kind(_INPUTS),
    "relu6": _Kind(_INPUTS),
    "sigmoid": _Kind(_INPUTS),
    "tanh": _Kind(_INPUTS),
    "softmax": _Kind(_INPUTS),
    "flatten": _Kind(_INPUTS),
}
assert set(KINDS) == set(get_args(LayerKind))

_HINTS: Final[dict[str, dict[str, Hint]]] = {
    "conv": {"units": Hint("the output channels of a conv are its `filters`", "filters")},
    "dense": {"filters": Hint("the outputs of a dense layer are its `units`", "units")},
    "dwconv": {
        "filters": Hint("a depthwise convolution has as many outputs as inputs"),
        "units": Hint("a depthwise convolution has as many outputs as inputs"),
    },
}
_LAYERS_ONLY: Final = (*TABULATED, "softmax")  # activations that other frameworks write as an option
_OTHER_NAMES: Final = {"logistic": "sigmoid"}
# Activations of other frameworks that nothing computes; some read like misspelt ones of ours, and are none.
_NOT_COMPUTED: Final = frozenset(
    {"celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leakyrelu", "logsoftmax", "mish", "prelu"}
    | {"selu", "silu", "softplus", "softsign", "swish"}
)
_JOINED_BY_PLUS: Final = "several inputs are joined by `+`: `from a + b`"


def _pair(reader: Reader, what: str) -> tuple[int, int]:
    """`3x3`, or `3` for both."""
    value = reader.next(what)
    if isinstance(value, Number) and value.quantity.unit is None:
        extent = reader.check_bounds(what, value.quantity.number, 1, KERNEL_LIMIT, value.span)
        return extent, extent
    if not isinstance(value, Size):
        reader.mismatch(value, f"{what} such as 3x3")
    if len(value.extents) != 2:
        reader.fail("E1007", f"{what} has a height and a width, such as 3x3", value.span)
    if not all(1 <= extent <= KERNEL_LIMIT for extent in value.extents):
        reader.fail("E1010", f"both extents of {what} must lie between 1 and {KERNEL_LIMIT}", value.span)
    return value.extents[0], value.extents[1]


def _inputs(reader: Reader) -> tuple[Word, ...]:
    """`from a` or `from a + b`."""
    words = [reader.word("the name of a layer")]
    while isinstance(reader.peek(), Symbol):
        reader.symbol("`+`", ("+",))
        words.append(reader.word("the name of a layer"))
    surplus = reader.peek()
    if isinstance(surplus, Word):
        reader.fail("E1014", _JOINED_BY_PLUS, surplus.span)
    return tuple(words)


def advice_on_kind(word: Word) -> tuple[tuple[str, ...], Fix | None]:
    """Notes and a fix for a word that stands where a kind of layer should."""
    if (kind := _OTHER_NAMES.get(word.text.lower())) is not None:
        return (f"it is called `{kind}` here",), Fix(f"write `{kind}`", ((word.span, kind),))
    if _is_not_computed(word):
        return (f"no layer computes it; activations are relu, relu6, {', '.join(_LAYERS_ONLY)}",), None
    return suggestion(word.text, word.span, ("input", "weights", *KINDS))


def _is_not_computed(word: Word) -> bool:
    return word.text.lower().replace("-", "").replace("_", "") in _NOT_COMPUTED


def _flag(reader: Reader) -> bool:
    return True


def _activation(reader: Reader) -> str:
    word = reader.peek()
    if isinstance(word, Word):
        kind = _OTHER_NAMES.get(word.text.lower(), word.text.lower())
        if kind in _LAYERS_ONLY:
            message = f"`{word.text}` is a layer of its own, not an activation of another"
            note = f"write `{kind} NAME` on the line below; it reads the layer above it"
            reader.fail("E1016", message, word.span, notes=(note,))
        if _is_not_computed(word):
            message = f"no layer computes the activation `{word.text}`"
            note = (
                f"known here: {', '.join(get_args(Activation))}; and as layers of their own {', '.join(_LAYERS_ONLY)}"
            )
            reader.fail("E1016", message, word.span, notes=(note,))
    return reader.choice("an activation", get_args(Activation)).text


_HANDLERS: Final[dict[str, Handler]] = {
    "kernel": lambda reader: _pair(reader, "a kernel"),
    "stride": lambda reader: _pair(reader, "a stride"),
    "padding": lambda reader: reader.choice("a padding", get_args(Padding)).text,
    "activation": _activation,
    "filters": lambda reader: int(reader.integer("the number of filters", 1, EXTENT_LIMIT).quantity.number),
    "units": lambda reader: int(reader.integer("the number of units", 1, EXTENT_LIMIT).quantity.number),
    "global": _flag,
    "from": _inputs,
}


@dataclass
class LayerNames:
    """Names that can be an input: the network's input and the layers so far, and which of them somebody reads."""

    declared: dict[str, Span]
    later: frozenset[str]  # layers declared further down
    read: set[str]
    previous: str | None = None
    hints: dict[str, Hint] = field(default_factory=dict)  # what to say of each name where an option should stand

    def declare(self, name: Word) -> None:
        """From here on the name can be an input."""
        self.declared[name.text] = name.span
        self.hints[name.text] = Hint(_JOINED_BY_PLUS)


def elaborate_layer(reader: Reader, kind: Word, names: LayerNames) -> LayerSpec:
    """One layer from its item; the reader stands behind the kind."""
    name = reader.name("the name of a layer", reserved=("total", "overhead"))
    _declare(reader, name, names)
    rules = KINDS[kind.text]
    handlers = {option: _HANDLERS[option] for option in rules.options}
    block = reader.optional_block()
    hints = ChainMap(names.hints, _HINTS.get(kind.text, {}))
    entries = read_block(block, handlers, f"{kind.text} `{name.text}`", reader.sink, hints=hints) if block else {}
    reader.finish()
    incomplete = any(not found for found in entries.values())
    inputs = _resolve_inputs(reader.sink, value_of(entries, "from", ()), name.text, names)
    if not inputs and names.previous is not None and "from" not in entries:
        names.read.add(names.previous)
    names.previous = name.text
    for option in rules.required:
        if option not in entries:
            reader.sink.add(
                "E1005",
                f"{kind.text} `{name.text}` needs `{option}`",
                reader.item.head,
                notes=(_example(kind.text, option),),
            )
            incomplete = True
    incomplete |= _pool_is_incomplete(reader, kind.text, name.text, entries)
    if kind.text == "add" and not _has_split_inputs(block, names):
        incomplete |= not _add_is_complete(reader.sink, entries)
    if incomplete or inputs is None:
        raise RejectedError
    fields: dict[str, Any] = {
        "kernel": value_of(entries, "kernel"),
        "stride": value_of(entries, "stride", value_of(entries, "kernel", (1, 1)) if _is_pool(kind.text) else (1, 1)),
        "padding": value_of(entries, "padding", "valid"),
        "activation": value_of(entries, "activation", "linear"),
        "units": value_of(entries, "units", value_of(entries, "filters")),
    }
    spans = spans_of(entries, reader.item.head, **{"filters": "units", "from": "inputs", "global": "kernel"})
    spans |= {"name": name.span, "kind": kind.span}
    return LayerSpec.model_construct(
        name=name.text, kind=cast(LayerKind, kind.text), inputs=inputs, spans=spans, **fields
    )


def _is_pool(kind: str) -> bool:
    return kind in ("avgpool", "maxpool")


def _declare(reader: Reader, name: Word, names: LayerNames) -> None:
    if name.text in names.declared:
        there = Label(names.declared[name.text], "first declared here")
        reader.fail("E1006", f"the name `{name.text}` is taken", name.span, secondary=(there,))
    if len(names.declared) > LAYER_LIMIT:
        reader.fail("E1010", f"more than {LAYER_LIMIT} layers", name.span)
    names.declare(name)


def _resolve_inputs(sink: Sink, words: tuple[Word, ...], own: str, names: LayerNames) -> tuple[str, ...] | None:
    """Names of the inputs; None if one of them does not exist here."""
    known = True
    for word in words:
        if word.text == own:
            sink.add("E1018", f"layer `{own}` cannot read its own output", word.span)
            known = False
        elif word.text in names.declared:
            names.read.add(word.text)
        elif word.text in names.later:
            message = f"layer `{word.text}` is declared further down; layers run in the order of the file"
            sink.add("E1018", message, word.span)
            known = False
        else:
            notes, fix = suggestion(word.text, word.span, [name for name in names.declared if name != own])
            sink.add("E1011", f"there is no layer or input `{word.text}`", word.span, notes=notes, fix=fix)
            known = False
    return tuple(word.text for word in words) if known else None


def _pool_is_incomplete(reader: Reader, kind: str, name: str, entries: Mapping[str, list[Entry]]) -> bool:
    if not _is_pool(kind):
        return False
    if "kernel" not in entries and "global" not in entries:
        note = f"`{kind} {name} {{ global }}` pools the whole image; `kernel 2x2` pools windows"
        reader.sink.add("E1005", f"{kind} `{name}` needs `kernel` or `global`", reader.item.head, notes=(note,))
        return True
    if "global" not in entries:
        return False
    for option in ("kernel", "stride", "padding"):
        if entries.get(option):
            label = Label(entries["global"][0].span, "already the whole image") if entries["global"] else None
            reader.sink.add(
                "E1013",
                f"a global pool has no `{option}`",
                entries[option][0].item.head,
                secondary=(label,) if label else (),
            )
            return True
    return False


def _has_split_inputs(block: Block | None, names: LayerNames) -> bool:
    """Whether a comma tore inputs apart (`from a, b`), which is reported where the second stands."""
    heads = [item.values[0] for item in block.items] if block else []
    return any(isinstance(head, Word) and head.text in names.declared for head in heads)


def _add_is_complete(sink: Sink, entries: Mapping[str, list[Entry]]) -> bool:
    found = entries.get("from")
    if found and len(found[0].value) != 2:
        sink.add("E1005", "add joins two inputs: `from a + b`", found[0].item.head)
        return False
    return True


def _example(kind: str, option: str) -> str:
    examples = {"kernel": "kernel 3x3", "filters": "filters 64", "units": "units 12", "from": "from a + b"}
    return f"for example `{kind} name {{ {examples[option]} }}`"


def layer_names(items: tuple[Item, ...]) -> list[str]:
    """Names of all layers that items declare, well-formed or not: a name is known even where its layer is wrong."""
    names = []
    for item in items:
        words = [value.text for value in item.values[:2] if isinstance(value, Word)]
        if len(words) == 2 and words[0] in KINDS:
            names.append(words[1])
    return list(dict.fromkeys(names))
