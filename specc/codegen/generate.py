"""A quantized network as C source: `network.c` with the layers, `network_data.h` with the constants.

What these need besides is under `firmware/`: the kernels that `network.c` includes, and the harness that runs it.
"""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specc.codegen.arena import Arena, plan
from specc.codegen.choice import NOTHING_SET, choose
from specc.codegen.input_pass import COPY, copy_bytes
from specc.codegen.kernels import GENERIC
from specc.codegen.layers import identifiers, layer_code
from specc.codegen.rows import FIRST_COPY, TILE_PREFIXES
from specc.graph.execution import copying
from specc.numerics.quantized import QuantizedNetwork
from specc.resources import resource

_LINE = 120

# The program around the network, which speaks lines of text; the host and the virtual board run it.
_LINE_PROTOCOL: Final = ("harness.c", "inference.c", "text.c")

# What the names of a layer's constants begin with, in the generated C and so in the symbols of a linked program. Their
# sizes are read there: a constant that the compiler folds into instructions takes no place of its own.
CONSTANT_PREFIXES: Final = (
    "weights_",
    "bias_",
    "multipliers_",
    "shifts_",
    "table_",
    "classes_",
    "runs_",
    "row_taps_",
    "column_taps_",
    *TILE_PREFIXES,
)
ACTIVATIONS: Final = ("specc_arena", COPY)  # symbols of the activations, and of copies of inputs


@dataclass(frozen=True)
class GeneratedCode:
    """C source of a network, in a folder."""

    folder: Path
    sources: tuple[Path, ...]  # to compile, together with a board's own
    include_folders: tuple[Path, ...]
    arena_bytes: int  # activations, and copies of inputs
    kernels: dict[str, str]  # family and name of the kernel of each layer that has code
    code_hash: str  # of the generated files, the kernels and the harness


def generate(
    network: QuantizedNetwork,
    folder: Path,
    family: str = GENERIC,
    spare_flash: int = 0,
    *,
    threads: int = 1,
    fixed: Mapping[str, str] = NOTHING_SET,
) -> GeneratedCode:
    """Write a network's C source into `folder`. The same network always gives the same files.

    Args:
        network: the network.
        folder: is made.
        family: of the kernels; see `kernels`.
        spare_flash: bytes by which the constants are to be smaller than those of the fastest kernels.
        threads: among which the work of a layer is cut; more than one for a computer only.
        fixed: family and name of the kernel of some layers, by layer.

    Raises:
        ValueError: there is no such family, or a fixed kernel does not compute its layer.
    """
    arena = plan_arena(network)
    files = render(network, family, arena, spare_flash, threads=threads, fixed=fixed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write(folder / name, text)
    runtime = resource("firmware", "runtime")
    pool = thread_pool() if threads > 1 else ()
    return GeneratedCode(
        folder=folder,
        sources=(folder / "network.c", *(runtime / name for name in _LINE_PROTOCOL), *pool[:1]),
        include_folders=(folder, resource("firmware", "kernels"), runtime, *(path.parent for path in pool[:1])),
        arena_bytes=arena.size + copy_bytes(network),
        kernels=kernel_names(network, family, spare_flash, fixed),
        code_hash=code_hash(files),
    )


def kernel_names(
    network: QuantizedNetwork, family: str, spare_flash: int = 0, fixed: Mapping[str, str] = NOTHING_SET
) -> dict[str, str]:
    """Family and name of the kernel of each layer that has code, by layer."""
    chosen = choose(network, family, spare_flash, fixed)
    return {name: str(kernel) for name, kernel in chosen.items() if kernel}


def thread_pool() -> tuple[Path, Path]:
    """The C file of the threads that a program for a computer may have, and its header."""
    return resource("firmware", "host/thread_pool.c"), resource("firmware", "host/thread_pool.h")


def render(
    network: QuantizedNetwork,
    family: str = GENERIC,
    arena: Arena | None = None,
    spare_flash: int = 0,
    *,
    threads: int = 1,
    fixed: Mapping[str, str] = NOTHING_SET,
) -> dict[str, str]:
    """Text of each generated file, by name.

    Raises:
        ValueError: there is no such family, or a fixed kernel does not compute its layer.
    """
    arena = arena or plan_arena(network)
    templates = environment()
    graph = network.network
    names = identifiers(graph)
    kernels = choose(network, family, spare_flash, fixed)
    context = {
        "name": graph.name,
        "arena_bytes": arena.size,
        "copied_bytes": copy_bytes(network),
        "layers": [
            layer_code(network, layer, names[layer.name], arena, kernels[layer.name], threads=threads)
            for layer in graph.layers
        ],
        "calls": _calls(network),
        "input_offset": arena.offsets[graph.input],
        "input_row_bytes": _bytes(network, graph.input) // graph.input_shape[0],
        "input_rows_kept": network.rings.get(graph.input, 0),
        "input_bytes": _bytes(network, graph.input),
        "output_offset": arena.offsets[graph.output],
        "output_bytes": _bytes(network, graph.output),
    }
    return {name: templates.get_template(f"{name}.j2").render(context) for name in ("network.c", "network_data.h")}


def environment() -> Any:
    """The templates of C files, with their filters."""
    # Not on top: a result that is found in the store needs no generator.
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    templates = SandboxedEnvironment(
        loader=FileSystemLoader(resource("templates", "c")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters |= {"rows": rows, "literal": literal, "comment": comment}
    return templates


def code_hash(files: dict[str, str], more: Iterable[Path] = ()) -> str:
    """SHA-256 over generated files, the kernels, the harness, and further files (a board's)."""
    digest = hashlib.sha256()
    kernels = resource("firmware", "kernels")
    firmware = [*kernels.rglob("*"), *resource("firmware", "runtime").iterdir(), *more]
    contents = {name: text.encode() for name, text in files.items()}
    contents |= {f"{path.parent.name}/{path.name}": path.read_bytes() for path in firmware if path.is_file()}
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode())
        digest.update(contents[name])
    return digest.hexdigest()


def rows(values: Iterable[int | str]) -> str:
    """Numbers as the lines of a C initialiser."""
    lines, line = [], "   "
    for value in values:
        item = f" {value},"
        if len(line) + len(item) > _LINE:
            lines.append(line)
            line = "   "
        line += item
    return "\n".join([*lines, line])


def literal(text: str) -> str:
    """Text as a C string literal that no character can end early: all but letters and digits are octal escapes."""
    escaped = (chr(b) if (b < 128 and chr(b).isalnum()) or b == ord("_") else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(escaped)}"'


def comment(text: str) -> str:
    """Text that can stand in a C comment."""
    return re.sub(r"[^A-Za-z0-9_ .>x-]", "?", text)


def _bytes(network: QuantizedNetwork, tensor: str) -> int:
    return math.prod(network.network.shape(tensor)) * network.formats[tensor].container_bits // 8


def plan_arena(network: QuantizedNetwork) -> Arena:
    """Where the generated code keeps each activation tensor."""
    return plan(network.network, network.value_bytes, network.execution, network.window_sums)


def _calls(network: QuantizedNetwork) -> list[tuple[int, int]]:
    """An inference: index of each layer and number of its call, in order.

    Behind the calls of a tile stands where all of them begin, and how often they run in all.
    """
    layers = len(network.network.layers)
    calls: list[tuple[int, int]] = []
    for step in network.steps.steps:
        for index, number in step.calls or ((step.first, 0),):
            copies = index > layers
            calls.append((index - copying(network.network, 0), FIRST_COPY + number) if copies else (index, number))
        if step.tiles:
            calls.append((layers + step.times, len(step.calls)))
    return calls


def write(path: Path, text: str) -> None:
    """Write whole or not at all, and not again what is there: another process may be compiling the same file."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(path)
