"""Which hardware of the library meets given limits. What is unknown neither meets a limit nor fails it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, get_args

from specc.spec.hardware import Core, Fact, Hardware
from specc.syntax.literals import LiteralError, parse_quantity
from specc.units import (
    AMBIGUOUS_UNITS,
    DOLLARS,
    FREQUENCY,
    INFORMATION,
    POWER,
    UNITS,
    Dimension,
    Quantity,
    describe,
    describe_wanted,
    suits,
)


class FilterError(ValueError):
    """A limit, name or core that means nothing, with what would."""


@dataclass(frozen=True)
class Measure:
    """A fact that can be limited and sorted by: its field, its name in a table, and which end is better."""

    fact: str
    label: str
    dimension: Dimension
    example: str
    more_is_better: bool


MEASURES: Final[dict[str, Measure]] = {
    "clock": Measure("clock", "clock", FREQUENCY, "100 MHz", True),
    "sram": Measure("sram", "SRAM", INFORMATION, "256 KiB", True),
    "flash": Measure("flash", "flash on the chip", INFORMATION, "1 MiB", True),
    "power": Measure("active_power", "active power", POWER, "50 mW", False),
    "price": Measure("price", "price", DOLLARS, "5 USD", False),
}


@dataclass(frozen=True)
class Limit:
    """A least or a greatest value of a measure: least where more is better."""

    measure: Measure
    value: Quantity

    def met_by(self, hardware: Hardware) -> bool | None:
        """Whether the hardware meets the limit; None if that is not certain.

        A fact stated as a range must lie on one side of the limit. Prices in another currency are not comparable.
        """
        fact: Fact | None = getattr(hardware, self.measure.fact)
        if fact is None:
            return None
        low, high = fact.low or fact.value, fact.high or fact.value
        if fact.value.dimension != self.value.dimension:
            return None
        worst, best = (low, high) if self.measure.more_is_better else (high, low)
        if self._admits(worst):
            return True
        return None if self._admits(best) else False

    def _admits(self, value: Quantity) -> bool:
        return value.base >= self.value.base if self.measure.more_is_better else value.base <= self.value.base


@dataclass(frozen=True)
class Selection:
    """The hardware that meets every limit, and the names of what might, by the fact that is not certain."""

    hardware: tuple[Hardware, ...]
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_limit(measure: Measure, option: str, text: str) -> Limit:
    """A limit as a user writes it: `256KiB`, `100 MHz`.

    Raises:
        FilterError: no positive quantity of the measure's dimension.
    """
    example = f"for example {option} {measure.example.replace(' ', '')}"
    try:
        value = parse_quantity(text.strip())
    except LiteralError as error:
        hint = f"; did you mean {error.replacement}?" if error.replacement else f"; {example}"
        raise FilterError(f"{option}: {error.message}{hint}") from error
    if not suits(value.dimension, measure.dimension):
        found = f"{text.strip()} is {describe(value.dimension)}"
        raise FilterError(f"{option} is {describe_wanted(measure.dimension)}, {found}; {example}")
    if value.number <= 0:
        raise FilterError(f"{option} must be greater than zero, not {text.strip()}")
    return Limit(measure, _binary(value))


def _binary(value: Quantity) -> Quantity:
    """KB and MB written as what they are read as."""
    symbol = AMBIGUOUS_UNITS.get(value.unit.symbol) if value.unit else None
    return Quantity(value.number, UNITS[symbol]) if symbol else value


def read_core(text: str) -> Core:
    """A core by its name.

    Raises:
        FilterError: there is no such core.
    """
    known: tuple[Core, ...] = get_args(Core)
    for core in known:
        if core == text.lower():
            return core
    raise FilterError(f"--core: there is no core {text[:60]}{_alternatives(text.lower(), known)}")


def by_name(library: Sequence[Hardware], names: Iterable[str]) -> tuple[Hardware, ...]:
    """Hardware by name, in the order of the names; a name given twice counts once.

    Raises:
        FilterError: a name that is not in the library.
    """
    entries = {hardware.name: hardware for hardware in library}
    for name in names:
        if name not in entries:
            raise FilterError(f"there is no hardware {name[:60]}{_alternatives(name, tuple(entries))}")
    return tuple(entries[name] for name in dict.fromkeys(names))


def _alternatives(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=3, cutoff=0.6)
    return f"; did you mean {', '.join(near)}?" if near else f"; known: {', '.join(known)}"


def select(library: Iterable[Hardware], limits: Sequence[Limit] = (), core: Core | None = None) -> Selection:
    """Hold a library against limits: what fails one is left out, what may meet them all is named by what is unknown."""
    matching = []
    unknown: dict[str, list[str]] = {}
    for hardware in library:
        if core is not None and hardware.core != core:
            continue
        answers = [(limit.measure.label, limit.met_by(hardware)) for limit in limits]
        if any(answer is False for _, answer in answers):
            continue
        missing = [label for label, answer in answers if answer is None]
        for label in missing:
            unknown.setdefault(label, []).append(hardware.name)
        if not missing:
            matching.append(hardware)
    return Selection(tuple(matching), {label: tuple(names) for label, names in unknown.items()})


def ranked(library: Iterable[Hardware], measure: Measure) -> tuple[Hardware, ...]:
    """Best first by the middle of a measure's range; unknown last; alike by name."""

    def key(hardware: Hardware) -> tuple[bool, str, float, str]:
        fact: Fact | None = getattr(hardware, measure.fact)
        if fact is None:
            return True, "", 0.0, hardware.name
        currency = fact.value.unit.symbol if measure.dimension == DOLLARS and fact.value.unit else ""
        value = float(fact.value.base)
        return False, currency, -value if measure.more_is_better else value, hardware.name

    return tuple(sorted(library, key=key))


def conditions(limits: Sequence[Limit], core: Core | None) -> list[str]:
    """What was asked for, in words: `core cortex-m4`, `SRAM of at least 256 KiB`."""
    texts = [f"core {core}"] if core else []
    for limit in limits:
        bound = "least" if limit.measure.more_is_better else "most"
        texts.append(f"{limit.measure.label} of at {bound} {limit.value}")
    return texts
