"""`kernels` sections: which kernels compute the layers on a target, and where their constants lie."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, get_args

from specc.diagnostics.model import Label, Sink
from specc.elaborate.groups import ALL, layer_group, targets_block
from specc.elaborate.reader import Entry, Handler, Reader, read_block
from specc.source import Span
from specc.spec.kernels import (
    ALL_REWRITES,
    REWRITES,
    ConstantsPlace,
    KernelChoice,
    KernelRule,
    Kernels,
    PlaceRule,
    Rewrite,
)
from specc.syntax.nodes import Item

_EXAMPLE = "for example `use tuned`"
_SWITCH = ("on", "off")


def elaborate_kernels(item: Item, targets: list[str], layers: Collection[str], sink: Sink) -> list[Kernels] | None:
    """Read a kernels section: one for each target it names.

    `targets` and `layers` are the names it may use.
    """
    head = targets_block(item, "kernels", [*targets, ALL], sink)
    if head is None:
        return None
    bound, what, block = head
    handlers: dict[str, Handler] = {
        "use": lambda r: _rule(r, "a choice of kernels", get_args(KernelChoice), layers),
        "weights": lambda r: _rule(r, "a memory for weights", get_args(ConstantsPlace), layers),
        "rewrite": _rewrite,
    }
    repeatable = frozenset(handlers)
    entries = read_block(block, handlers, what, sink, repeatable=repeatable)
    if not block.items and not block.rows:
        sink.add("E1005", f"{what} is empty", item.head, notes=(_EXAMPLE,))
    for keyword in repeatable & entries.keys():
        _report_twice(keyword, entries[keyword], sink)
    rules = tuple(
        KernelRule.model_construct(choice=entry.value[0], layers=entry.value[1], spans={"": entry.item.head})
        for entry in entries.get("use", [])
    )
    places = tuple(
        PlaceRule.model_construct(place=entry.value[0], layers=entry.value[1], spans={"": entry.item.head})
        for entry in entries.get("weights", [])
    )
    lines = entries.get("rewrite", [])
    off = _off([entry.value for entry in lines])
    spans = {"": item.head} | ({"off": lines[0].item.head} if lines else {})
    return [
        Kernels.model_construct(
            target=word.text, rules=rules, places=places, off=off, spans={**spans, "target": word.span}
        )
        for word in bound
    ]


def report_two(kernels: list[Kernels], sink: Sink) -> None:
    """A target whose kernels are declared by two sections, one of which may be that for all."""
    first: dict[str, Span | None] = {}
    for own in kernels:
        other = next((name for name in first if ALL in (name, own.target) or name == own.target), None)
        if other is not None and (place := own.span("target")) is not None:
            there = first[other]
            whose = f"`{own.target}`" if own.target != ALL else f"`{other}`"
            label = (Label(there, "first declared here"),) if there else ()
            note = "repair: one section for each target; `use … for …` lines make exceptions"
            sink.add("E1006", f"the kernels of {whose} are declared twice", place, secondary=label, notes=(note,))
        first.setdefault(own.target, own.span("target"))


def _rule(reader: Reader, what: str, words: tuple[str, ...], layers: Collection[str]) -> Any:
    """`tuned`, `generic for conv1+pool*`: the word and the layers."""
    choice = reader.choice(what, words).text
    if reader.peek() is None:
        return choice, ()
    reader.expect("for", f"{reader.item.values[0].span.text} {choice} for conv1+pool*")
    return choice, layer_group(reader, layers).names


def _rewrite(reader: Reader) -> tuple[str, tuple[str, ...]]:
    """`padding shifts off`, `all off`: on or off, and the rewrites; none where all others are meant."""
    names = [reader.choice("a rewrite of the generated code", (*REWRITES, ALL_REWRITES))]
    if names[0].text == ALL_REWRITES:
        return reader.choice("on or off", _SWITCH).text, ()
    while (word := reader.choice("a rewrite, on or off", (*REWRITES, *_SWITCH))).text not in _SWITCH:
        names.append(word)
    return word.text, tuple(name.text for name in names)


def _off(lines: list[tuple[str, tuple[str, ...]]]) -> tuple[Rewrite, ...]:
    """The rewrites that some lines switch off: by their names, else by the line for all others."""
    switch = {name: word for word, names in lines for name in names}
    others = next((word for word, names in lines if not names), "on")
    return tuple(name for name in REWRITES if switch.get(name, others) == "off")


def _report_twice(keyword: str, entries: list[Entry], sink: Sink) -> None:
    """A layer or a rewrite of two lines, or two lines for all others."""
    first: dict[str, Entry] = {}
    for entry in entries:
        for name in entry.value[1] or ("",):
            if name in first:
                label = Label(first[name].item.head, "first said here")
                what = "rewrite" if keyword == "rewrite" else "layer"
                whose = f"{what} `{name}`" if name else f"the {what}s without a line of their own"
                sink.add("E1006", f"`{keyword}` is said twice of {whose}", entry.item.head, secondary=(label,))
                break
            first[name] = entry
