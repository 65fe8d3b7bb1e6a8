"""`hardware` sections: facts with their sources, in the library that specc ships or in the author's own file."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any, Final, get_args

from specc import reads
from specc.diagnostics.model import Diagnostic, Label, Sink
from specc.elaborate.reader import (
    Entry,
    Handler,
    Reader,
    RejectedError,
    first,
    read_block,
    spans_of,
    suggestion,
    value_of,
)
from specc.resources import resource
from specc.source import Span
from specc.spec.hardware import (
    Accelerator,
    CacheGeometry,
    Core,
    Fact,
    FlashCache,
    FlashTiming,
    Hardware,
    Npu,
    WaitStates,
)
from specc.syntax.files import read
from specc.syntax.nodes import Interval, Item, Number, Symbol, Word
from specc.syntax.parser import parse
from specc.units import DOLLARS, FREQUENCY, INFORMATION, POWER, VOLTAGE, Dimension, Quantity

_FACTS: Final[dict[str, tuple[Dimension, str]]] = {
    "clock": (FREQUENCY, "168 MHz"),
    "sram": (INFORMATION, "192 KiB"),
    "flash": (INFORMATION, "1 MiB"),
    "external_flash": (INFORMATION, "16 MiB"),
    "l1_instruction": (INFORMATION, "32 KiB"),
    "l1_data": (INFORMATION, "32 KiB"),
    "supply": (VOLTAGE, "1.8..3.6 V"),
    "active_power": (POWER, "44.9 mW"),
    "sleep_power": (POWER, "5 uW"),
    "price": (DOLLARS, "4.20 USD"),
}
_CONFIGURATION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_VELA_SYSTEM: Final = 'system "Ethos_U55_High_End_Embedded"'
LIBRARY_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def elaborate_hardware(item: Item, sink: Sink) -> Hardware | None:
    """Read a hardware section."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        name = reader.name("the name of a hardware")
        block = reader.block(f"hardware `{name.text}`")
        reader.finish()
    except RejectedError:
        return None
    handlers: dict[str, Handler] = {
        "vendor": lambda r: r.text("a vendor").text,
        "title": lambda r: r.text("a title").text,
        "core": _core,
        "fpu": lambda r: True,
        "dsp": lambda r: True,
        "mve": lambda r: True,
        "accelerator": _accelerator,
        "npu": _npu,
        "notes": lambda r: r.text("a note").text,
        "flash_timing": _flash_timing,
        "flash_cache": _flash_cache,
        **{keyword: _fact_handler(keyword) for keyword in _FACTS},
    }
    entries = read_block(block, handlers, f"hardware `{name.text}`", sink)
    for keyword, example in (("title", 'title "STM32F407VG"'), ("core", "core cortex-m4")):
        if keyword not in entries:
            sink.add(
                "E1005", f"hardware `{name.text}` needs `{keyword}`", item.head, notes=(f"for example `{example}`",)
            )
    if any(not first(entries, keyword) for keyword in ("title", "core")) or not all(entries.values()):
        return None
    power: tuple[Fact, Quantity | None] = value_of(entries, "active_power", (None, None))
    fields: dict[str, Any] = {keyword: found[0].value for keyword, found in entries.items()}
    fields["core"], fields["core_source"] = fields["core"]
    fields |= {"active_power": power[0], "active_power_clock": power[1]}
    return Hardware.model_construct(name=name.text, spans=_spans(entries, item.head, name), **fields)


def _spans(entries: dict[str, list[Entry]], whole: Span, name: Word) -> dict[str, Span]:
    return spans_of(entries, whole) | {"name": name.span}


def _core(reader: Reader) -> tuple[str, str | None]:
    """A core's name, and its source where there is one; the `+` of cortex-m0+ is a token of its own."""
    word = reader.word("a core such as cortex-m4")
    text, span = word.text, word.span
    plus = reader.peek()
    if isinstance(plus, Symbol) and plus.text == "+":
        reader.symbol("`+`", ("+",))
        text, span = text + "+", span.to(plus.span)
    if text not in get_args(Core):
        notes, fix = suggestion(text, span, get_args(Core))
        reader.fail("E1016", f"`{text}` is no core that specc knows", span, notes=notes, fix=fix)
    following = reader.peek()
    stated = isinstance(following, Word) and following.text == "source"
    return text, _source(reader)[0].text if stated else None


def _accelerator(reader: Reader) -> Accelerator:
    description = reader.text("what the accelerator is")
    source, _ = _source(reader)
    spans = {"": reader.item.head, "description": description.span, "source": source.span}
    return Accelerator.model_construct(description=description.text, source=source.text, spans=spans)


def _npu(reader: Reader) -> Npu:
    """`npu source "…" { macs 128, system "Ethos_U55_High_End_Embedded", memory "Shared_Sram" }`."""
    source, _ = _source(reader)
    handlers: dict[str, Handler] = {
        "macs": lambda r: int(r.integer("multiply-accumulates per cycle", 1, 1 << 16).quantity.number),
        "system": _configuration_name,
        "memory": _configuration_name,
    }
    entries = read_block(reader.block("`npu`"), handlers, "`npu`", reader.sink)
    for keyword, example in (("macs", "macs 128"), ("system", _VELA_SYSTEM), ("memory", 'memory "Shared_Sram"')):
        if keyword not in entries:
            reader.fail("E1005", f"`npu` needs `{keyword}`", notes=(f"for example `{example}`",))
    if not all(entries.values()):
        raise RejectedError
    spans = spans_of(entries, reader.item.head) | {"source": source.span}
    fields: dict[str, Any] = {keyword: found[0].value for keyword, found in entries.items()}
    return Npu.model_construct(source=source.text, spans=spans, **fields)


def _configuration_name(reader: Reader) -> str:
    """A name of Vela's configuration file. It becomes an argument of a command: letters, digits and `_` only."""
    text = reader.text("a name of Vela's configuration file")
    if not _CONFIGURATION_NAME.fullmatch(text.text):
        note = f"for example `{_VELA_SYSTEM}`"
        reader.fail("E1016", "this is no name of a configuration of Vela", text.span, notes=(note,))
    return text.text


def _fact_handler(keyword: str) -> Handler:
    dimension, example = _FACTS[keyword]
    if keyword != "active_power":
        return lambda reader: _fact(reader, keyword, dimension, example)

    def power(reader: Reader) -> tuple[Fact, Quantity]:
        value, low, high, span = _amount(reader, keyword, dimension, example)
        reader.expect("at", f"active_power {value} at 120 MHz")
        clock = reader.quantity("the clock of the power figure", FREQUENCY, "120 MHz")
        return _sourced(reader, value, low, high, span), clock.quantity

    return power


def _amount(
    reader: Reader, what: str, dimension: Dimension, example: str
) -> tuple[Quantity, Quantity | None, Quantity | None, Span]:
    """A quantity or a range of it: its value (the middle of a range), its ends, its place."""
    value = reader.peek()
    if not isinstance(value, Interval):
        number = reader.quantity(f"`{what}`", dimension, example)
        return number.quantity, None, None, number.span
    reader.next(what)
    reader.check_dimension(f"`{what}`", value.high, dimension, example, value.span)
    if value.low.number <= 0:
        reader.fail("E1010", f"`{what}` must be greater than zero", value.span)
    middle = Quantity((value.low.number + value.high.number) / 2, value.high.unit)
    return middle, value.low, value.high, value.span


def _fact(reader: Reader, what: str, dimension: Dimension, example: str) -> Fact:
    value, low, high, span = _amount(reader, what, dimension, example)
    return _sourced(reader, value, low, high, span)


def _sourced(reader: Reader, value: Quantity, low: Quantity | None, high: Quantity | None, span: Span) -> Fact:
    """The fact with its source: `source` for the maker's own documents, `published` for measurements by others."""
    source, evidence = _source(reader)
    spans = {"": reader.item.head, "value": span, "source": source.span}
    return Fact.model_construct(value=value, source=source.text, evidence=evidence, low=low, high=high, spans=spans)


def _source(reader: Reader) -> tuple[Any, Any]:
    keyword = reader.accept("source", "published")
    if keyword is None:
        value = reader.peek()
        if value is not None:
            reader.mismatch(value, '`source "…"` or `published "…"`')
        reader.fail(
            "E1017",
            "this fact has no source",
            notes=('name the document and section: `source "RM0090 Rev 19, table 10"`',),
        )
    text = reader.text("the source")
    if not text.text.strip():
        reader.fail("E1017", "this source is empty", text.span)
    return text, "published" if keyword.text == "published" else "datasheet"


def _flash_timing(reader: Reader) -> FlashTiming:
    source, _ = _source(reader)
    block = reader.block("`flash_timing`")
    entries = read_block(
        block,
        {"line": lambda r: r.quantity("a flash line", INFORMATION, "16 B"), "wait_states": _wait_states},
        "`flash_timing`",
        reader.sink,
        repeatable=frozenset({"wait_states"}),
    )
    for keyword, example in (("line", "line 16 B"), ("wait_states", "wait_states 0 up to 30 MHz")):
        if keyword not in entries:
            reader.fail("E1005", f"`flash_timing` needs `{keyword}`", notes=(f"for example `{example}`",))
    line = first(entries, "line")
    if line is None or not entries["wait_states"]:
        raise RejectedError
    number: Number = line.value
    line_bytes = reader.check_bounds("a flash line", number.quantity.base, 1, 1024, number.span)
    states: list[WaitStates] = [entry.value for entry in entries["wait_states"]]
    for before, after in pairwise(states):
        if after.up_to.base <= before.up_to.base:
            there = before.span()
            secondary = (Label(there, "not above this one"),) if there else ()
            reader.fail("E1010", "wait states must be listed by rising clock", after.span(), secondary=secondary)
    spans = {"": reader.item.head, "line_bytes": line.span, "source": source.span}
    return FlashTiming.model_construct(
        line_bytes=line_bytes, wait_states=tuple(states), source=source.text, spans=spans
    )


def _wait_states(reader: Reader) -> WaitStates:
    states = reader.integer("a number of wait states", 0, 100)
    reader.expect("up")
    reader.expect("to")
    clock = reader.quantity("the clock", FREQUENCY, "30 MHz")
    spans = {"": reader.item.head, "states": states.span, "up_to": clock.span}
    return WaitStates.model_construct(up_to=clock.quantity, states=int(states.quantity.number), spans=spans)


def _flash_cache(reader: Reader) -> FlashCache:
    source, _ = _source(reader)
    block = reader.block("`flash_cache`")
    entries = read_block(block, {"instruction": _cache_geometry, "data": _cache_geometry}, "`flash_cache`", reader.sink)
    if not (block.items or block.rows):
        example = "for example `data 8 lines of 16 B`"
        reader.fail("E1005", "`flash_cache` needs `instruction` or `data`", notes=(example,))
    if not entries or not all(entries.values()):
        raise RejectedError
    return FlashCache.model_construct(
        instruction=value_of(entries, "instruction", None),
        data=value_of(entries, "data", None),
        source=source.text,
        spans=spans_of(entries, reader.item.head) | {"source": source.span},
    )


def _cache_geometry(reader: Reader) -> CacheGeometry:
    """`64 lines of 16 B` (fully associative) or `32 sets of 4 lines of 8 B`."""
    count = reader.integer("a number of lines or sets", 1, 1 << 16)
    sets, ways = 1, int(count.quantity.number)
    if reader.accept("sets") is not None:
        reader.expect("of")
        sets, ways = ways, int(reader.integer("a number of lines in each set", 1, 1 << 10).quantity.number)
    reader.expect("lines")
    reader.expect("of")
    line = reader.quantity("a cache line", INFORMATION, "16 B")
    line_bytes = reader.check_bounds("a cache line", line.quantity.base, 1, 1024, line.span)
    return CacheGeometry.model_construct(sets=sets, ways=ways, line_bytes=line_bytes, spans={"": reader.item.head})


@cache
def library_names() -> tuple[str, ...]:
    """Names of the hardware that specc ships, in order."""
    return tuple(sorted(path.stem for path in resource("specs", "targets").glob("*.hwspec")))


def load_hardware(name: str, sink: Sink) -> Hardware | None:
    """One hardware of the library. None if there is no such file, or (reported) if the file is not in order.

    The name is held against the pattern of library names before it becomes part of a path.
    """
    if not LIBRARY_NAME.fullmatch(name) or name not in library_names():
        return None
    hardware, found, seen = _of_library(name)
    sink.diagnostics += found
    reads.add(seen)
    return hardware


@cache
def _of_library(name: str) -> tuple[Hardware | None, tuple[Diagnostic, ...], reads.Reads]:
    """One hardware of the library, with what was found in its file and what was read: once for all specs of a run."""
    sink = Sink()
    with reads.recorded() as seen:
        return _read_library(name, sink), tuple(sink.diagnostics), seen


def _read_library(name: str, sink: Sink) -> Hardware | None:
    source = read(resource("specs", f"targets/{name}.hwspec"), sink)
    tree = parse(source, sink) if source else None
    for item in tree.items if tree else ():
        keyword = item.values[0]
        if isinstance(keyword, Word) and keyword.text == "hardware":
            hardware = elaborate_hardware(item, sink)
            if hardware is not None and hardware.name == name:
                return hardware
    return None
