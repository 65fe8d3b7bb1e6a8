"""`harness`, `instrument` and `guidelines` sections: how to test the contract, what to observe, what to prefer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from specc.diagnostics.model import Label, Sink
from specc.elaborate.budgets import data_set, relation
from specc.elaborate.groups import targets_block
from specc.elaborate.model import SEED_LIMIT
from specc.elaborate.reader import (
    Handler,
    Hint,
    Reader,
    RejectedError,
    first,
    read_block,
    spans_of,
    suggestion,
    value_of,
)
from specc.source import Span
from specc.spec.contract import (
    GradientContract,
    Guidelines,
    Harness,
    Instrument,
    OutputContract,
    PowerSensor,
    Relation,
    SenseResistor,
)
from specc.spec.counters import COUNTERS, counters_of
from specc.spec.hardware import Core
from specc.syntax.nodes import Block, Item, Malformed, Number, Symbol, Word
from specc.units import FREQUENCY, NONE, RESISTANCE, TIME, VOLTAGE

ITERATIONS_LIMIT: Final = 100_000_000
_ON_DEVICE: Final = "on device"
_RECORDED: Final = "adc"  # the sensor that is a resistor before a converter
PREFERENCES: Final = ("energy", "latency", "price", "sram", "flash")


def elaborate_harness(item: Item, datasets: list[str], sink: Sink) -> Harness | None:
    """Read a harness section."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        block = reader.block("a harness")
        reader.finish()
    except RejectedError:
        return None
    handlers: dict[str, Handler] = {
        "iterations": lambda r: int(r.integer("the number of iterations", 2, ITERATIONS_LIMIT).quantity.number),
        "seed": _seed,
        "gradient": _gradient,
        "output": _output,
        "data": lambda r: data_set(r, datasets).text,
    }
    entries = read_block(block, handlers, "a harness", sink, repeatable=frozenset({"gradient"}))
    if "iterations" not in entries:
        sink.add("E1005", "a harness needs `iterations`", item.head, notes=("for example `iterations 10_000`",))
    gradients: dict[str, GradientContract] = {}
    device: Item | None = None
    for entry in entries.get("gradient", []):
        if entry.value == _ON_DEVICE:
            if device is not None:
                first_one = (Label(device.head, "first asked for"),)
                sink.add("E1006", "`gradient on device` is asked for twice", entry.item.head, secondary=first_one)
            device = entry.item
            continue
        contract: GradientContract = entry.value
        before = gradients.get(contract.statistic)
        there = before.span() if before else None
        if before is not None:
            label = (Label(there, "first limit"),) if there else ()
            sink.add("E1006", f"`gradient {contract.statistic}` has two limits", entry.item.head, secondary=label)
            continue
        gradients[contract.statistic] = contract
    if first(entries, "iterations") is None or any(word in entries and not entries[word] for word in ("seed", "data")):
        return None
    return Harness.model_construct(
        iterations=value_of(entries, "iterations"),
        seed=value_of(entries, "seed", "fresh"),
        gradients=tuple(gradients.values()),
        output_error=value_of(entries, "output"),
        data=value_of(entries, "data"),
        on_device=device is not None,
        spans=spans_of(entries, item.head, gradient="gradients", output="output_error")
        | ({"on_device": device.head} if device else {}),
    )


def _seed(reader: Reader) -> Any:
    if reader.accept("fresh"):
        return "fresh"
    if isinstance(reader.peek(), Word):
        reader.choice("a seed", ("fresh",))
    return int(reader.integer("a seed", 0, SEED_LIMIT).quantity.number)


def _gradient(reader: Reader) -> GradientContract | str:
    """`gradient variance <= 5 %`, or `gradient on device`."""
    if reader.accept("on"):
        reader.expect("device", "gradient on device")
        return _ON_DEVICE
    statistic = reader.choice("a gradient statistic", ("variance", "bias", "drift"))
    symbol, limit, place = _fraction(reader, "gradient", "gradient variance <= 5 %")
    spans = {"": reader.item.head, "statistic": statistic.span, "relation": symbol.span, "limit": place}
    return GradientContract.model_construct(
        statistic=cast(Literal["variance", "bias", "drift"], statistic.text),
        relation=cast(Relation, symbol.text),
        limit=limit,
        spans=spans,
    )


def _output(reader: Reader) -> OutputContract:
    """`output error <= 5 %`."""
    reader.choice("a statistic of the output", ("error",))
    symbol, limit, place = _fraction(reader, "output", "output error <= 5 %")
    spans = {"": reader.item.head, "relation": symbol.span, "limit": place}
    return OutputContract.model_construct(relation=cast(Relation, symbol.text), limit=limit, spans=spans)


def _fraction(reader: Reader, what: str, example: str) -> tuple[Symbol, float, Span]:
    """Relation and limit of a statistic."""
    symbol = relation(reader, example)
    value = reader.next("a limit such as 5 %")
    if not isinstance(value, Number):
        reader.mismatch(value, "a limit such as 5 %")
    article = "an" if what == "output" else "a"
    if value.quantity.dimension != NONE:
        reader.fail("E1008", f"{article} {what} limit is a fraction, such as 5 %", value.span)
    if not 0 < value.quantity.base <= 1000:
        reader.fail("E1010", f"{article} {what} limit must be greater than zero, and below 100000 %", value.span)
    return symbol, float(value.quantity.base), value.span


def elaborate_instrument(
    item: Item, targets: list[str], cores: Mapping[str, Core], sink: Sink
) -> list[Instrument] | None:
    """Read an instrument section, counters by name and sensors with their sampling: one for each target it names.

    `targets` are the names it may use, `cores` the cores of those that are in order.
    """
    head = targets_block(item, "instrument", targets, sink)
    if head is None:
        return None
    observed, what, block = head
    counters, sensors = _observed(block, [cores[word.text] for word in observed if word.text in cores], sink)
    spans = {"": item.head} | {name: word.span for name, word in counters.items()}
    if not counters and not sensors:
        if not block.items:
            sink.add("E1005", f"{what} is empty", item.head, notes=("for example `cycles`",))
        return None
    return [
        Instrument.model_construct(
            target=word.text,
            counters=tuple(counters),
            sensors=tuple(sensor for sensor in sensors.values() if isinstance(sensor, PowerSensor)),
            resistors=tuple(sensor for sensor in sensors.values() if isinstance(sensor, SenseResistor)),
            spans=spans | {"target": word.span},
        )
        for word in observed
    ]


def _observed(
    block: Block, cores: list[Core], sink: Sink
) -> tuple[dict[str, Word], dict[str, PowerSensor | SenseResistor]]:
    """Counters and sensors of a block, by name; `cores` are those that are observed."""
    counters: dict[str, Word] = {}
    sensors: dict[str, PowerSensor | SenseResistor] = {}
    for row in block.rows:
        sink.add("E1004", "an instrument has no table", row.span)
    for item in block.items:
        reader = Reader(item, sink)
        if isinstance(reader.peek(), Malformed):
            continue
        try:
            if reader.accept("sensor"):
                sensor = _sensor(reader)
                _once(reader, sensor.name, sensors)
                sensors[sensor.name] = sensor
            else:
                counter = reader.name("the name of a counter")
                _check_counter(reader, counter, cores)
                reader.finish()
                _once(reader, counter.text, counters)
                counters[counter.text] = counter
        except RejectedError:
            continue
    return counters, sensors


def _check_counter(reader: Reader, counter: Word, cores: list[Core]) -> None:
    """Every target that is observed is of a kind with such a counter."""
    for kind, known in map(counters_of, cores) if cores else [("any target", COUNTERS)]:
        if counter.text not in known:
            notes, fix = suggestion(counter.text, counter.span, (*known, "sensor"))
            if counter.text in COUNTERS:  # nothing is misspelt
                notes, fix = ("targets of another kind have it",), None
            reader.fail("E1011", f"`{counter.text}` is no counter of {kind}", counter.span, notes=notes, fix=fix)


def _once(reader: Reader, name: str, seen: dict[str, Any]) -> None:
    if name in seen:
        before = seen[name].span if isinstance(seen[name], Word) else seen[name].span()
        label = Label(before, "first named here")
        reader.fail("E1006", f"`{name}` is named twice", secondary=(label,))


def _sensor(reader: Reader) -> PowerSensor | SenseResistor:
    name = reader.name("the name of a sensor")
    block = reader.block(f"sensor `{name.text}`")
    reader.finish()
    if name.text == _RECORDED:
        return _sense_resistor(reader, name, block)
    handlers: dict[str, Handler] = {
        "averages": lambda r: int(r.integer("the number of averages", 1, 1 << 20).quantity.number),
        "conversion": lambda r: r.quantity("the time of a conversion", TIME, "1.1 ms").quantity,
        "sample": _sample,
    }
    needed = {"averages": "averages 128", "conversion": "conversion 1.1 ms"}
    entries = _entries_of_sensor(reader, name, block, handlers, needed)
    return PowerSensor.model_construct(
        name=name.text,
        averages=value_of(entries, "averages"),
        conversion=value_of(entries, "conversion"),
        required_rate=value_of(entries, "sample"),
        spans=spans_of(entries, reader.item.head, sample="required_rate") | {"name": name.span},
    )


def _sense_resistor(reader: Reader, name: Word, block: Block) -> SenseResistor:
    handlers: dict[str, Handler] = {
        "resistor": lambda r: r.quantity("the resistor in the supply line", RESISTANCE, "1 ohm").quantity,
        "gain": lambda r: r.quantity("the gain of the amplifier", NONE, "50").quantity,
        "supply": lambda r: r.quantity("the voltage before the resistor", VOLTAGE, "3.3 V").quantity,
        "reference": lambda r: r.quantity("the converter's reference voltage", VOLTAGE, "3.3 V").quantity,
        "sample": _sample,
    }
    needed = {
        "resistor": "resistor 1 ohm",
        "gain": "gain 50",
        "supply": "supply 3.3 V",
        "reference": "reference 3.3 V",
    }
    entries = _entries_of_sensor(reader, name, block, handlers, needed)
    return SenseResistor.model_construct(
        name=name.text,
        **{keyword: value_of(entries, keyword) for keyword in needed},
        required_rate=value_of(entries, "sample"),
        spans=spans_of(entries, reader.item.head, sample="required_rate") | {"name": name.span},
    )


def _entries_of_sensor(
    reader: Reader, name: Word, block: Block, handlers: dict[str, Handler], needed: dict[str, str]
) -> dict[str, Any]:
    """What the block of a sensor says; `needed` are the keywords that must be there, each with an example."""
    entries = read_block(block, handlers, f"sensor `{name.text}`", reader.sink)
    for keyword, example in needed.items():
        if keyword not in entries:
            reader.fail("E1005", f"sensor `{name.text}` needs `{keyword}`", notes=(f"for example `{example}`",))
    if not all(entries.values()):
        raise RejectedError
    return entries


def _sample(reader: Reader) -> Any:
    reader.symbol("`>=`", (">=",), "sample >= 1 kHz")
    return reader.quantity("a sampling rate", FREQUENCY, "1 kHz").quantity


_HINTS: Final = {
    "optimize": Hint("it is spelt `optimise`", "optimise"),
    **{name: Hint(f"aims are joined by `then`: `optimise … then {name}`") for name in PREFERENCES},
}


def elaborate_guidelines(item: Item, sink: Sink) -> Guidelines | None:
    """Read a guidelines section."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        block = reader.block("guidelines")
        reader.finish()
    except RejectedError:
        return None
    handlers: dict[str, Handler] = {
        "application": lambda r: r.text("a description of the application").text,
        "optimise": _preferences,
        "tree": _tree,
        "depth": lambda r: _tree_number(r, "depth"),
        "leaf": lambda r: _tree_number(r, "leaf"),
    }
    entries = read_block(block, handlers, "guidelines", sink, hints=_HINTS)
    if not all(entries.values()):
        return None
    tree: dict[str, int] = dict(value_of(entries, "tree", {}))
    for keyword in ("depth", "leaf"):
        entry = first(entries, keyword)
        if entry is None:
            continue
        if keyword in tree:
            sink.add("E1006", f"the tree's `{keyword}` is given twice", entry.item.head)
            return None
        tree[keyword] = entry.value
    return Guidelines.model_construct(
        application=value_of(entries, "application", ""),
        optimise=value_of(entries, "optimise", ("latency",)),
        tree_depth=tree.get("depth", 5),
        tree_leaf=tree.get("leaf", 3),
        spans=spans_of(entries, item.head, depth="tree_depth", leaf="tree_leaf"),
    )


def _preferences(reader: Reader) -> tuple[str, ...]:
    """`energy then price`: in order of importance."""
    words = [reader.choice("a preference", PREFERENCES)]
    while reader.accept("then"):
        word = reader.choice("a preference", PREFERENCES)
        if word.text in [other.text for other in words]:
            reader.fail("E1006", f"`{word.text}` is named twice", word.span)
        words.append(word)
    return tuple(word.text for word in words)


def _tree(reader: Reader) -> dict[str, int]:
    """`tree depth 5`; further numbers may follow as items of their own: `leaf 3`."""
    found: dict[str, int] = {}
    while True:
        word = reader.choice("a property of the tree", ("depth", "leaf"))
        if word.text in found:
            reader.fail("E1006", f"the tree's `{word.text}` is given twice", word.span)
        found[word.text] = _tree_number(reader, word.text)
        if reader.peek() is None:
            return found


def _tree_number(reader: Reader, what: str) -> int:
    """Levels of the decision tree, or samples in its smallest leaf."""
    high = 12 if what == "depth" else 1000
    return int(reader.integer(f"the tree's {what}", 1, high).quantity.number)
