"""Two results side by side: what clearly differs, what does not, and what must match for the question to make sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from specc.evidence import Figure
from specc.measure.result import Measurement, Provenance
from specc.measure.store import Store

Judgement = Literal["lower", "higher", "equal", "no clear difference", "unknown"]
_SHORTEST_KEY: Final = 6
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_FILE_LIMIT: Final = 1 << 28  # bytes
# What should be the same for a difference to have one cause, with what it means where it is not.
_METADATA: Final[dict[str, str]] = {
    "graph_hash": "another network, or other weights",
    "code_hash": "other generated code",
    "kernels": "kernels",
    "in_sram": "layers with constants in SRAM",
    "schedule": "schedule of the layers",
    "compiler": "compiler",
    "compiler_flags": "compiler flags",
    "backend": "way of measuring",
    "backend_version": "version of the backend",
    "hardware": "hardware",
    "clock_hz": "clock",
    "core_model": "model of the core",
    "host": "computer",
    "seed": "seed of the inputs",
    "inputs": "number of inputs",
    "warmup": "warm-up",
    "library_versions": "libraries",
}


class CompareError(Exception):
    """A result to compare cannot be found; the message says where it was looked for."""


@dataclass(frozen=True)
class Difference:
    """One figure of both results. `change` is the interval of B relative to A: -0.1 is ten percent less."""

    what: str
    first: Figure
    second: Figure
    judgement: Judgement
    change: tuple[float, float] | None  # None where an end is not known


@dataclass(frozen=True)
class Mismatch:
    """Metadata that differs."""

    field: str
    meaning: str
    first: str
    second: str


def find(name: str, store: Path) -> Measurement:
    """The result a user means.

    Args:
        name: a JSON file of `specc export` (with `#target` where it holds several), the first digits of a key, or a
            target's name, which stands for its newest result.
        store: the result store, for the last two.

    Raises:
        CompareError: there is none, or more than one.
        StoreError: the store cannot be used.
    """
    path, _, target = name.partition("#")
    if path.endswith(".json") or Path(path).is_file():
        return _from_file(Path(path), target)
    if not store.is_file():
        raise CompareError(f"{name}: no such file, and there is no result store {store}")
    with Store(store) as opened:
        known = list(opened.all())
    if len(name) >= _SHORTEST_KEY and set(name) <= _HEXADECIMAL:
        keys = {measurement.key for measurement in known if measurement.key.startswith(name)}
        if len(keys) > 1:
            raise CompareError(f"{name}: {len(keys)} results have keys that begin so; give more digits")
        if keys:
            return next(measurement for measurement in reversed(known) if measurement.key in keys)
    for measurement in reversed(known):
        if measurement.target == name:
            return measurement
    targets = ", ".join(sorted({measurement.target for measurement in known})) or "none"
    raise CompareError(f"{name}: no file, no key and no target with a result in {store}; its targets: {targets}")


def _from_file(path: Path, target: str) -> Measurement:
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise CompareError(f"{path}: larger than the {_FILE_LIMIT:,} bytes that are read")
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [Measurement.model_validate(entry) for entry in content["measurements"]]
    except OSError as error:
        raise CompareError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise CompareError(f"{path}: no file that `specc export --format json` wrote") from error
    chosen = [measurement for measurement in found if target in ("", measurement.target)]
    if len(chosen) != 1:
        names = ", ".join(measurement.target for measurement in found) or "nothing"
        raise CompareError(f"{path}: holds {names}; name one as {path}#target")
    return chosen[0]


def compare(first: Measurement, second: Measurement) -> list[Difference]:
    """Every figure that both results have, the whole inference first."""
    return [
        _difference(what, a, b) for what, a, b in _pairs(first, second) if a.value is not None or b.value is not None
    ]


def mismatches(first: Measurement, second: Measurement) -> list[Mismatch]:
    """Metadata that differs, most important first."""
    found = []
    for field, meaning in _METADATA.items():
        a, b = _text(first.provenance, field), _text(second.provenance, field)
        if a != b:
            found.append(Mismatch(field, meaning, a, b))
    if first.evidence != second.evidence:
        found.insert(0, Mismatch("evidence", "class of evidence", first.evidence, second.evidence))
    return found


def _text(provenance: Provenance, field: str) -> str:
    value = getattr(provenance, field)
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in sorted(value.items()))
    if isinstance(value, tuple):
        return ", ".join(value)
    return "unknown" if value is None else str(value)


def _pairs(first: Measurement, second: Measurement) -> Iterator[tuple[str, Figure, Figure]]:
    yield "latency total", first.total.best, second.total.best
    if first.cold and second.cold:
        yield "latency total cold", first.cold.best, second.cold.best
    yield "energy", first.energy, second.energy
    yield "memory sram", first.memory.sram, second.memory.sram
    yield "memory flash", first.memory.flash, second.memory.flash
    others = {layer.name: layer for layer in second.layers}
    for layer in first.layers:
        if layer.name in others:
            yield f"latency {layer.name}", layer.latency.best, others[layer.name].latency.best
    yield "latency overhead", first.overhead.best, second.overhead.best


def _difference(what: str, first: Figure, second: Figure) -> Difference:
    ends = (first.low, first.high, second.low, second.high)
    if first.value is None or second.value is None or any(end is None for end in ends):
        return Difference(what, first, second, _one_sided(first, second), None)
    low_a, high_a, low_b, high_b = (float(end) for end in ends if end is not None)
    judgement: Judgement = "no clear difference"
    if low_a == high_a == low_b == high_b:
        judgement = "equal"
    elif high_b < low_a:
        judgement = "lower"
    elif low_b > high_a:
        judgement = "higher"
    change = (low_b / high_a - 1, high_b / low_a - 1) if low_a > 0 else None
    return Difference(what, first, second, judgement, change)


def _one_sided(first: Figure, second: Figure) -> Judgement:
    """Figures of which an end is open: a lower bound that is above the other's upper one still decides."""
    if first.high is not None and second.low is not None and second.low > first.high:
        return "higher"
    if second.high is not None and first.low is not None and second.high < first.low:
        return "lower"
    return "unknown"
