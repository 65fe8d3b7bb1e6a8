"""The hardware library on a terminal: a list of all, or some side by side with the sources of every fact."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from specc.predict.results import Published, networks, published
from specc.report.hardware_filter import Selection
from specc.report.numbers import DASH, UNKNOWN, quantity, significant
from specc.report.terminal import table
from specc.spec.hardware import CacheGeometry, Fact, FlashCache, FlashTiming, Hardware

_CELL_WIDTH: Final = 30  # of hardware in a comparison
_TITLE_WIDTH: Final = 36  # of the list
_TEXT_WIDTH: Final = 110
_EXTENSIONS: Final = ("fpu", "dsp", "mve")
_FACTS: Final[dict[str, str]] = {
    "clock": "clock",
    "sram": "SRAM",
    "flash": "flash",
    "external_flash": "external flash",
    "l1_instruction": "L1 instruction cache",
    "l1_data": "L1 data cache",
    "supply": "supply",
    "active_power": "active power",
    "sleep_power": "sleep power",
    "price": "price",
}


def list_text(library: Sequence[Hardware]) -> str:
    """A line for each hardware; a fact that no source states is unknown. Last: how many results are published."""
    header = ("name", "title", "core", "clock", "SRAM", "flash", "active power", "price", "published")
    rows = [
        (
            hardware.name,
            textwrap.shorten(hardware.title, _TITLE_WIDTH, placeholder=" …"),
            hardware.core,
            _fact(hardware.clock),
            _fact(hardware.sram),
            _flash(hardware),
            _power(hardware),
            _fact(hardware.price),
            _count(len(published_of(hardware))),
        )
        for hardware in library
    ]
    return table(header, rows, right=(3, 4, 5, 6, 7, 8))


def summary_text(selection: Selection, wanted: Sequence[str], total: int) -> str:
    """How many of `total` surely meet the conditions, and which might."""
    count = len(selection.hardware)
    verb = "has" if count == 1 else "have"
    line = f"{count} of {total} {verb} {', '.join(wanted)}"
    return "\n".join([_hanging("", line), *_unknown_lines(selection.unknown)])


def _unknown_lines(unknown: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        line
        for label, names in unknown.items()
        for line in textwrap.wrap(
            f"not shown, {label} unknown or not certain: {len(names)} ({', '.join(names)})",
            _TEXT_WIDTH,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
    ]


def comparison_text(library: Sequence[Hardware]) -> str:
    """Hardware side by side, a fact a line, with numbered sources and the notes below."""
    sources: list[str] = []
    ran = {one.network for hardware in library for one in published_of(hardware)}
    shown = [network for network in networks() if network in ran]
    columns = [_column(hardware, shown, sources) for hardware in library]
    lines: list[tuple[str, ...]] = []
    for label in columns[0]:
        cells = [textwrap.wrap(column[label], _CELL_WIDTH) or [""] for column in columns]
        for index in range(max(map(len, cells))):
            texts = (cell[index] if index < len(cell) else "" for cell in cells)
            lines.append((label if index == 0 else "", *texts))
    parts = [table(("", *(hardware.name for hardware in library)), lines), ""]
    parts += [_hanging(f"[{number}] ", source) for number, source in enumerate(sources, start=1)]
    notes = [_hanging(f"{hardware.name}: ", hardware.notes) for hardware in library if hardware.notes]
    return "\n".join(parts + ([""] if sources and notes else []) + notes).rstrip()


def selection_json(selection: Selection) -> dict[str, Any]:
    """What `--format json` prints: every field of the hardware, what is unknown where limits are set, and what
    others published of it."""
    return {
        "format_version": 1,
        "hardware": [hardware.model_dump(mode="json") for hardware in selection.hardware],
        "unknown": {label: list(names) for label, names in selection.unknown.items()},
        "published": {
            hardware.name: [asdict(one) for one in found]
            for hardware in selection.hardware
            if (found := published_of(hardware))
        },
    }


def _column(hardware: Hardware, ran: Sequence[str], sources: list[str]) -> dict[str, str]:
    """Every fact of one hardware as text with the number of its source; new sources are appended.

    `ran`: the networks of which something is published for any that stand side by side.
    """

    def cited(text: str, source: str | None) -> str:
        if source is None:
            return text
        if source not in sources:
            sources.append(source)
        return f"{text} [{sources.index(source) + 1}]"

    def fact_cell(field: str) -> str:
        fact: Fact | None = getattr(hardware, field)
        text = _power(hardware) if field == "active_power" else _fact(fact)
        mark = "published: " if fact is not None and fact.evidence == "published" else ""
        return cited(text, None if fact is None else mark + fact.source)

    def accelerator_cell() -> str:
        if hardware.npu is not None:
            npu = hardware.npu
            return cited(f"{npu.macs} MACs per cycle, {npu.system}, {npu.memory}", npu.source)
        unit = hardware.accelerator
        return UNKNOWN if unit is None else cited(unit.description, unit.source)

    core = ", ".join([hardware.core, *(flag for flag in _EXTENSIONS if getattr(hardware, flag))])
    timing, cache = hardware.flash_timing, hardware.flash_cache
    column = {
        "vendor": hardware.vendor or UNKNOWN,
        "title": hardware.title,
        "core": cited(core, hardware.core_source),
        "accelerator": accelerator_cell(),
    }
    for field, label in _FACTS.items():
        column[label] = fact_cell(field)
        if field == "external_flash":
            column["flash wait states"] = cited(_timing(timing), timing.source) if timing else UNKNOWN
            column["flash cache"] = cited(_cache(cache), cache.source) if cache else UNKNOWN
    results = published_of(hardware)
    for network in ran:
        runs = [one for one in results if one.network == network]
        best = [_published(one, unit) for one, unit in _best(runs)]
        column[f"published, {network}"] = "; ".join(cited(text, source) for text, source in best) or "none"
    column["published, all"] = _count(len(results))
    return column


def published_of(hardware: Hardware) -> list[Published]:
    """What others published of a chip, in the order of the table."""
    return [one for one in published() if one.target == hardware.name]


def _best(runs: Sequence[Published]) -> list[tuple[Published, str]]:
    """The fastest run, and the one of least energy; a run that broke a rule of its collection is passed over."""
    valid = [one for one in runs if not one.refusal.startswith("its run")]
    timed = [one for one in valid if one.latency is not None]
    powered = [one for one in valid if one.energy is not None]
    fastest = [min(timed, key=lambda one: one.latency or 0.0)] if timed else []
    frugal = [min(powered, key=lambda one: one.energy or 0.0)] if powered else []
    return [(one, "s") for one in fastest] + [(one, "J") for one in frugal]


def _published(one: Published, unit: str) -> tuple[str, str]:
    """A figure with its software, and its source: `47.8 ms (Plumerai Inference Engine 2023.05)`."""
    value = (one.latency if unit == "s" else one.energy) or 0.0
    return f"{quantity(value, unit)} ({one.software or 'unnamed software'})", f"published: {one.basis}"


def _count(number: int) -> str:
    return str(number) if number else "none"


def _fact(fact: Fact | None) -> str:
    """`168 MHz`, `25.84–27.19 mW`, `unknown`."""
    if fact is None:
        return UNKNOWN
    unit = f" {fact.value.unit.symbol}" if fact.value.unit else ""
    if fact.low is not None and fact.high is not None:
        return f"{_digits(float(fact.low.number))}{DASH}{_digits(float(fact.high.number))}{unit}"
    return f"{_digits(float(fact.value.number))}{unit}"


def _flash(hardware: Hardware) -> str:
    """Flash on the chip, else what is known beside it."""
    if hardware.flash is None and hardware.external_flash is not None:
        return f"external {_fact(hardware.external_flash)}"
    return _fact(hardware.flash)


def _digits(value: float) -> str:
    """Four digits at most, no trailing zeros."""
    text = significant(value, 4)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power(hardware: Hardware) -> str:
    at = hardware.active_power_clock
    return _fact(hardware.active_power) + (f" at {at}" if hardware.active_power is not None and at is not None else "")


def _timing(timing: FlashTiming) -> str:
    """`0 to 30 MHz, 1 to 60 MHz; reads of 16 B`."""
    states = ", ".join(f"{entry.states} to {entry.up_to}" for entry in timing.wait_states)
    return f"{states}; reads of {timing.line_bytes} B"


def _cache(cache: FlashCache) -> str:
    sides = (("instruction", cache.instruction), ("data", cache.data))
    return ", ".join(f"{name} {_geometry(geometry)}" for name, geometry in sides if geometry is not None)


def _geometry(geometry: CacheGeometry) -> str:
    lines = f"{geometry.ways} lines of {geometry.line_bytes} B"
    return lines if geometry.sets == 1 else f"{geometry.sets} sets of {lines}"


def _hanging(label: str, text: str) -> str:
    """A paragraph whose further lines stand below the first one's text."""
    indent = " " * min(len(label), 5)
    return textwrap.fill(
        label + text, _TEXT_WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
