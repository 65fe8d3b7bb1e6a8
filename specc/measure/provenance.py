"""Hashes and names that tie a result to what produced it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Fact, Hardware


def spec_hash(spec: Spec) -> str:
    """SHA-256 of what a spec says. Layout and comments of the file take no part."""
    return hashlib.sha256(spec.model_dump_json().encode()).hexdigest()


def graph_hash(network: QuantizedNetwork) -> str:
    """SHA-256 of a network with all its numbers, and of what its code does without."""
    digest = hashlib.sha256(repr(network.network).encode())
    if network.off:
        digest.update(repr(sorted(network.off)).encode())
    for name, form in sorted(network.formats.items()):
        digest.update(f"{name} {form!r}".encode())
    for name, numbers in sorted(network.numbers.items()):
        digest.update(f"{name} {numbers.weight_bits} {numbers.accumulator_bits}".encode())
        digest.update(f" {numbers.clamp_low} {numbers.clamp_high} {numbers.activation_clamp}".encode())
        for array in (numbers.weights, numbers.bias, numbers.multipliers, numbers.shifts, numbers.table):
            digest.update(b"none" if array is None else f"{array.shape}".encode() + array.astype("<i8").tobytes())
    return digest.hexdigest()


def content_key(**parts: object) -> str:
    """Content address of a result: SHA-256 of everything that can change it, given by name as plain data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def fact_sources(hardware: Hardware) -> dict[str, str]:
    """Where each declared fact of a hardware description comes from, by fact."""
    return dict(_sources(hardware))


def _sources(hardware: Hardware) -> Iterator[tuple[str, str]]:
    for name in type(hardware).model_fields:
        value = getattr(hardware, name)
        if isinstance(value, Fact):
            yield name, value.source
    if hardware.core_source is not None:
        yield "core", hardware.core_source
    if hardware.accelerator is not None:
        yield "accelerator", hardware.accelerator.source
    if hardware.flash_timing is not None:
        yield "flash_timing", hardware.flash_timing.source
    if hardware.flash_cache is not None:
        yield "flash_cache", hardware.flash_cache.source


def model_file(spec: Spec) -> str:
    """Path, as the spec writes it, and SHA-256 of the file that holds the network, or the weights of a declared one;
    empty where there is none."""
    weights = spec.model.weights
    file = spec.model.file or (weights.file if weights else None)
    return f"{file.path}, SHA-256 {file.sha256}" if file else ""


def library_versions(*names: str) -> dict[str, str]:
    """Versions of installed packages. One that is not installed is left out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def host_description() -> str:
    """The machine this runs on: operating system, architecture, processor, Python."""
    processor = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        names = [line for line in cpu_info.read_text(errors="replace").splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{system}, {processor}, Python {platform.python_version()}"


def now() -> str:
    """The time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
