"""`budget` sections: the limits a target is held to."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final, cast

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.groups import ALL, layer_group, targets_block
from specc.elaborate.reader import Handler, Hint, Reader, read_block, suggestion
from specc.source import Span
from specc.spec.contract import Battery, Budget, BudgetItem, BudgetKind, Relation
from specc.syntax.nodes import Item, Symbol, Word
from specc.units import CHARGE, DOLLARS, ENERGY, FREQUENCY, INFORMATION, NONE, POWER, TIME, VOLTAGE, Dimension

_PERCENTILE: Final = re.compile(r"p([1-9][0-9]?(?:\.[0-9]{1,3})?)")
_RELATIONS: Final = ("<=", "<", ">=", ">")
_MEMORIES: Final = ("sram", "flash", "l1")
_BATTERY: Final = "battery 220 mAh at 3 V"
_HINTS: Final = {
    **{name: Hint(f"a memory is bounded by `memory {name}`", f"memory {name}") for name in _MEMORIES},
    "ram": Hint("a memory is bounded by `memory sram`", "memory sram"),
    "time": Hint("a time is bounded by `latency total`", "latency total"),
    "runtime": Hint("a time is bounded by `latency total`", "latency total"),
}
_WHOLES: Final = {"total": "the whole inference", "overhead": "what runs outside of the layers"}


def elaborate_budget(
    item: Item, targets: list[str], layers: Collection[str], datasets: list[str], sink: Sink
) -> list[Budget] | None:
    """Read a budget section, one Budget for each target it names.

    `targets`, `layers` and `datasets` are the names it may use.
    """
    head = targets_block(item, "budget", [*targets, ALL], sink)
    if head is None:
        return None
    bound, what, block = head
    lines: dict[str, Handler] = {
        "latency": lambda r: _latency(r, layers),
        "memory": _memory,
        "energy": lambda r: _energy(r, layers),
        "power": _power,
        "price": lambda r: _whole(r, "price", "unit", DOLLARS, "4.20 USD"),
        "life": _life,
        "accuracy": lambda r: _accuracy(r, datasets),
    }
    handlers = {**lines, "battery": _battery}
    entries = read_block(block, handlers, what, sink, repeatable=frozenset(lines), hints=_HINTS)
    battery = entries.pop("battery", None)
    found = sorted((entry for kind in entries.values() for entry in kind), key=lambda entry: entry.item.span.start)
    items: list[BudgetItem] = []
    seen: dict[str, Item] = {}
    for entry in found:
        line: BudgetItem = entry.value
        if line.kind == "life":
            if battery is None:
                notes = (f"for example `{_BATTERY}`",)
                sink.add("E1005", f"{what} limits a life and has no `battery`", entry.item.head, notes=notes)
                continue
            line = line.model_copy(update={"battery": battery[0].value if battery else None})
        if line.label in seen:
            there = Label(seen[line.label].head, "first limit")
            sink.add("E1006", f"`{line.label}` has two limits", entry.item.head, secondary=(there,))
            continue
        seen[line.label] = entry.item
        items.append(line)
    if battery and "life" not in entries:
        sink.add(
            "E1005",
            f"{what} has a battery and limits no `life`",
            battery[0].item.head,
            notes=("for example `life >= 1 year at 2 Hz`",),
        )
    if not items:
        if not (block.items or block.rows):
            sink.add("E1005", f"{what} is empty", item.head, notes=("`latency total <= 10 ms`",))
        return None
    return [
        Budget.model_construct(target=word.text, items=tuple(items), spans={"": item.head, "target": word.span})
        for word in bound
    ]


def report_conflicts(budgets: list[Budget], sink: Sink) -> None:
    """A limit that two sections give to the same target. (A limit for `all` stands beside those of a target.)"""
    seen: dict[tuple[str, str], BudgetItem] = {}
    reported: set[int] = set()
    for budget in budgets:
        for item in budget.items:
            first = seen.setdefault((budget.target, item.label), item)
            here, there = item.span(), first.span()
            if first is item or here is None or here.start in reported:
                continue
            reported.add(here.start)
            secondary = (Label(there, "first limit"),) if there else ()
            sink.add("E1006", f"`{item.label}` of `{budget.target}` has two limits", here, secondary=secondary)


def _latency(reader: Reader, layers: Collection[str]) -> BudgetItem:
    following = reader.peek()
    if isinstance(following, Symbol) and following.text in ("<=", "<"):
        place = Span(following.span.source, following.span.start, following.span.start)
        note = "`total` is the whole inference; a layer, a sum of layers or `overhead` may stand in its place"
        total = Fix("write `total`", ((place, "total "),))
        reader.fail("E1005", "this line does not say whose latency it bounds", following.span, notes=(note,), fix=total)
    if isinstance(following, Word) and following.text not in layers and _qualifies(following):
        note = f"it stands behind what it belongs to: `latency total {following.text}`"
        reader.fail("E1011", f"`{following.text}` is no layer of the model", following.span, notes=(note,))
    group = layer_group(reader, layers, others=_WHOLES)
    percentile: int | float = 50
    cold = False
    which: Word | None = None
    share: Word | None = None
    while isinstance(word := reader.peek(), Word):
        match = _PERCENTILE.fullmatch(word.text)
        reader.position += 1
        if word.text in ("cold", "warm"):
            _only(
                reader, which, word, "`cold` bounds the first inference, `warm` every later one; write a line for each"
            )
            which, cold = word, word.text == "cold"
        elif match:
            _only(reader, share, word, "a line bounds one percentile; write a line for each")
            share, percentile = word, float(match[1]) if "." in match[1] else int(match[1])
        else:
            notes, fix = suggestion(word.text, word.span, ("cold", "warm", "p50", "p90", "p95", "p99", "p99.9"))
            message = f"`{word.text}` is neither `cold` nor `warm` nor a percentile"
            reader.fail("E1016", message, word.span, notes=notes, fix=fix)
    return _limit(
        reader,
        "latency",
        group.names,
        group.span,
        dimension=TIME,
        example="1 ms",
        percentile=percentile,
        cold=cold,
        pattern=group.pattern,
    )


def _qualifies(word: Word) -> bool:
    return word.text in ("cold", "warm") or _PERCENTILE.fullmatch(word.text) is not None


def _only(reader: Reader, before: Word | None, word: Word, note: str) -> None:
    """Report a second word of its kind on a line."""
    if before is None:
        return
    if before.text == word.text:
        label = Label(before.span, "first given here")
        reader.fail("E1006", f"`{word.text}` is given twice", word.span, secondary=(label,))
    message = f"`{before.text}` and `{word.text}` exclude each other"
    reader.fail("E1013", message, word.span, secondary=(Label(before.span),), notes=(note,))


def _memory(reader: Reader) -> BudgetItem:
    following = reader.peek()
    if isinstance(following, Symbol) and following.text in _RELATIONS:
        note = "`memory sram`, `memory flash` or `memory l1`"
        reader.fail("E1005", "this line does not say which memory it bounds", following.span, notes=(note,))
    word = reader.choice("a memory", _MEMORIES)
    return _limit(reader, "memory", (word.text,), word.span, dimension=INFORMATION, example="64 KiB")


def _energy(reader: Reader, layers: Collection[str]) -> BudgetItem:
    """`energy <= 3 mJ per inference`, `energy conv0+mlp* <= 1 mJ` of layers, `energy <= 40 J per day at 2 Hz`."""
    value = reader.peek()
    if value is None or (isinstance(value, Symbol) and value.text in _RELATIONS):
        item = _whole(reader, "energy", "inference", ENERGY, "3 mJ")
        if item.scope != ("day",):
            return item
        return _at_rate(reader, item, f"energy <= {item.limit} per day at 2 Hz")
    if isinstance(value, Word) and value.text in ("per", "total", "inference", "day") and value.text not in layers:
        notes = ("for example `energy <= 3 mJ per inference`, or `energy <= 40 J per day at 2 Hz`",)
        message = f"`{value.text}` stands in place of layers: a line without them is about the whole inference"
        reader.fail("E1014", message, value.span, notes=notes)
    group = layer_group(reader, layers)
    return _limit(reader, "energy", group.names, group.span, dimension=ENERGY, example="1 mJ", pattern=group.pattern)


def _whole(reader: Reader, kind: str, scope: str, dimension: Dimension, example: str) -> BudgetItem:
    return _limit(reader, kind, (scope,), reader.item.values[0].span, dimension=dimension, example=example)


def _power(reader: Reader) -> BudgetItem:
    """`power <= 50 mW` while inferring, or the mean over time: `power <= 1 mW at 2 Hz`."""
    item = _whole(reader, "power", "active", POWER, "50 mW")
    following = reader.peek()
    if not (isinstance(following, Word) and following.text == "at"):
        return item
    return _at_rate(reader, item.model_copy(update={"scope": ("mean",)}), f"power <= {item.limit} at 2 Hz")


def _at_rate(reader: Reader, item: BudgetItem, example: str) -> BudgetItem:
    """The rate of inferences that a line ends with: `at 2 Hz`."""
    reader.expect("at", example)
    rate = reader.quantity("a rate of inferences", FREQUENCY, "2 Hz")
    return item.model_copy(update={"rate": rate.quantity, "spans": item.spans | {"rate": rate.span}})


def _battery(reader: Reader) -> Battery:
    """`battery 220 mAh at 3 V`."""
    charge = reader.quantity("the charge of a battery", CHARGE, "220 mAh")
    reader.expect("at", _BATTERY)
    voltage = reader.quantity("the voltage of a battery", VOLTAGE, "3 V")
    spans = {"": reader.item.head, "charge": charge.span, "voltage": voltage.span}
    return Battery.model_construct(charge=charge.quantity, voltage=voltage.quantity, spans=spans)


def _life(reader: Reader) -> BudgetItem:
    """`life >= 1 year at 2 Hz`."""
    scope_span = reader.item.values[0].span
    item = _limit(reader, "life", ("battery",), scope_span, dimension=TIME, example="1 year", lower=True)
    return _at_rate(reader, item, f"life >= {item.limit} at 2 Hz")


def _accuracy(reader: Reader, datasets: list[str]) -> BudgetItem:
    """`accuracy digits >= 97 %`."""
    word = data_set(reader, datasets)
    item = _limit(reader, "accuracy", (word.text,), word.span, dimension=NONE, example="97 %", lower=True)
    if not 0 < item.limit.base <= 1:
        reader.fail("E1010", "an accuracy lies above 0 % and is at most 100 %", item.span("limit"))
    return item


def data_set(reader: Reader, datasets: list[str]) -> Word:
    """The name of a data set that the spec declares."""
    word = reader.word("the name of a data set")
    if word.text not in datasets:
        notes, fix = suggestion(word.text, word.span, datasets)
        reader.fail("E1011", f"there is no data set `{word.text}`", word.span, notes=notes, fix=fix)
    return word


def relation(reader: Reader, example: str, *, lower: bool = False) -> Symbol:
    """`<=` or `<`, for almost every contract is an upper limit; `>=` or `>` where it is a lower one."""
    wanted, other = ((">=", ">"), ("<=", "<")) if lower else (("<=", "<"), (">=", ">"))
    symbol = reader.symbol(f"`{wanted[0]}` or `{wanted[1]}`", (*wanted, *other), example)
    if symbol.text in other:
        meant = wanted[other.index(symbol.text)]
        message = f"this is {'a lower' if lower else 'an upper'} limit, written with `{wanted[0]}` or `{wanted[1]}`"
        fix = Fix(f"write `{meant}`", ((symbol.span, meant),))
        reader.fail("E1007", message, symbol.span, notes=(f"for example `{example}`",), fix=fix)
    return symbol


def _limit(
    reader: Reader,
    kind: str,
    scope: tuple[str, ...],
    scope_span: Span,
    *,
    dimension: Dimension,
    example: str,
    lower: bool = False,
    **fields: Any,
) -> BudgetItem:
    """The rest of a line: `<= 3 mJ per inference`."""
    what = kind if scope_span == reader.item.values[0].span else f"{kind} {scope_span.text}"
    symbol = relation(reader, f"{what} {'>=' if lower else '<='} {example}", lower=lower)
    limit = reader.quantity(f"a limit of {kind}", dimension, example)
    per_core = False
    if reader.accept("per"):
        if kind == "memory":
            reader.expect("core")
            per_core = True
        elif scope == ("inference",):
            scope = (reader.choice("what energy is counted over", ("inference", "day")).text,)
        elif kind == "energy":
            reader.expect("inference")
        else:
            reader.fail(
                "E1014", f"a limit of {kind} is not `per` anything", reader.item.values[reader.position - 1].span
            )
    following = reader.peek()
    if kind == "latency" and isinstance(following, Word) and _qualifies(following):
        note = f"it stands before the limit: `{what} {following.text} <= {limit.quantity}`"
        reader.fail("E1014", f"`{following.text}` stands behind the limit", following.span, notes=(note,))
    spans = {
        "": reader.item.head,
        "kind": reader.item.values[0].span,
        "scope": scope_span,
        "relation": symbol.span,
        "limit": limit.span,
    }
    return BudgetItem.model_construct(
        kind=cast(BudgetKind, kind),
        scope=scope,
        relation=cast(Relation, symbol.text),
        limit=limit.quantity,
        per_core=per_core,
        spans=spans,
        **fields,
    )
