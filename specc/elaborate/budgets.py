"""`budget` sections: the limits a target is held to."""

from __future__ import annotations

import re
from typing import Final

from specc.diagnostics.model import Label, Sink
from specc.elaborate.reader import Handler, Reader, RejectedError, read_block, suggestion
from specc.elaborate.schedule import layer_sum
from specc.source import Span
from specc.spec.contract import Budget, BudgetItem
from specc.syntax.nodes import Item, Symbol, Word
from specc.units import ENERGY, INFORMATION, POWER, PRICE, TIME, Dimension

_PERCENTILE: Final = re.compile(r"p([1-9][0-9]?)")
_MEMORIES: Final = ("sram", "flash", "l1")


def elaborate_budget(item: Item, targets: list[str], layers: list[str], sink: Sink) -> Budget | None:
    """Read a budget section; `targets` and `layers` are the names it may use."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        target = reader.name("the name of a target")
        block = reader.block(f"budget `{target.text}`")
        reader.finish()
        if target.text != "all" and target.text not in targets:
            notes, fix = suggestion(target.text, target.span, [*targets, "all"])
            sink.add("E1011", f"there is no target `{target.text}`", target.span, notes=notes, fix=fix)
    except RejectedError:
        return None
    handlers: dict[str, Handler] = {
        "latency": lambda r: _latency(r, layers),
        "memory": _memory,
        "energy": lambda r: _whole(r, "energy", "inference", ENERGY, "3 mJ"),
        "power": lambda r: _whole(r, "power", "active", POWER, "50 mW"),
        "price": lambda r: _whole(r, "price", "unit", PRICE, "4.20 USD"),
    }
    entries = read_block(block, handlers, f"budget `{target.text}`", sink, repeatable=frozenset(handlers))
    found = sorted((entry for kind in entries.values() for entry in kind), key=lambda entry: entry.item.span.start)
    items: list[BudgetItem] = []
    seen: dict[str, Item] = {}
    for entry in found:
        line: BudgetItem = entry.value
        if line.label in seen:
            there = Label(seen[line.label].head, "first limit")
            sink.add("E1006", f"`{line.label}` has two limits", entry.item.head, secondary=(there,))
            continue
        seen[line.label] = entry.item
        items.append(line)
    if not items:
        if not entries:
            sink.add("E1005", f"budget `{target.text}` is empty", item.head, notes=("`latency total <= 10 ms`",))
        return None
    return Budget(target=target.text, items=tuple(items), spans={"": item.head, "target": target.span})


def _latency(reader: Reader, layers: list[str]) -> BudgetItem:
    words = layer_sum(reader, layers, others=("total", "overhead"))
    percentile, cold = 50, False
    while isinstance(word := reader.peek(), Word):
        match = _PERCENTILE.fullmatch(word.text)
        if word.text == "cold":
            cold = True
        elif match:
            percentile = int(match[1])
        else:
            notes, fix = suggestion(word.text, word.span, ("cold", "p50", "p90", "p95", "p99"))
            reader.fail("E1016", f"`{word.text}` is neither `cold` nor a percentile", word.span, notes=notes, fix=fix)
        reader.position += 1
    scope = tuple(word.text for word in words)
    span = words[0].span.to(words[-1].span)
    return _limit(reader, "latency", scope, span, dimension=TIME, example="1 ms", percentile=percentile, cold=cold)


def _memory(reader: Reader) -> BudgetItem:
    word = reader.choice("a memory", _MEMORIES)
    return _limit(reader, "memory", (word.text,), word.span, dimension=INFORMATION, example="64 KiB")


def _whole(reader: Reader, kind: str, scope: str, dimension: Dimension, example: str) -> BudgetItem:
    return _limit(reader, kind, (scope,), reader.item.values[0].span, dimension=dimension, example=example)


def relation(reader: Reader, examples: str) -> Symbol:
    """`<=` or `<`: every contract is an upper limit."""
    symbol = reader.symbol("`<=` or `<`", ("<=", "<", ">=", ">"))
    if symbol.text in (">=", ">"):
        reader.fail("E1007", "a limit is an upper limit", symbol.span, notes=(f"for example `{examples}`",))
    return symbol


def _limit(
    reader: Reader,
    kind: str,
    scope: tuple[str, ...],
    scope_span: Span,
    *,
    dimension: Dimension,
    example: str,
    percentile: int = 50,
    cold: bool = False,
) -> BudgetItem:
    """The rest of a line: `<= 3 mJ per inference`."""
    symbol = relation(reader, f"{kind} … <= {example}")
    limit = reader.quantity(f"a limit of {kind}", dimension, example)
    per_core = False
    if reader.accept("per"):
        if kind == "memory":
            reader.expect("core")
            per_core = True
        elif kind == "energy":
            reader.expect("inference")
        else:
            reader.fail(
                "E1014", f"a limit of {kind} is not `per` anything", reader.item.values[reader.position - 1].span
            )
    spans = {
        "": reader.item.head,
        "kind": reader.item.values[0].span,
        "scope": scope_span,
        "relation": symbol.span,
        "limit": limit.span,
    }
    return BudgetItem(
        kind=kind,
        scope=scope,
        relation=symbol.text,
        limit=limit.quantity,
        percentile=percentile,
        cold=cold,
        per_core=per_core,
        spans=spans,
    )
