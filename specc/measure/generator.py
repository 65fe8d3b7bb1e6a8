"""A hash of whatever turns a quantized network into C.

Who knows the network and this hash knows the C, without generating it: planning memory and writing out the weights
takes longer than everything else that is needed to find a stored result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from specc.measure.provenance import library_versions
from specc.resources import resource

# The parts whose sources decide, and the libraries they use: CP-SAT plans memory, Jinja writes the files.
_PARTS: Final = ("codegen", "graph", "numerics")
_LIBRARIES: Final = ("jinja2", "ortools", "numpy")


def generator_hash(board: Iterable[Path] = ()) -> str:
    """SHA-256 of the generator's sources, its templates, the kernels, the harness, and a board's own files."""
    package = Path(__file__).resolve().parent.parent
    files = [path for part in _PARTS for path in package.joinpath(part).rglob("*.py")]
    folders = (("templates", "c"), ("firmware", "kernels"), ("firmware", "runtime"))
    files += [path for area, name in folders for path in resource(area, name).rglob("*") if path.is_file()]
    digest = hashlib.sha256(repr(library_versions(*_LIBRARIES)).encode())
    for path in sorted((*files, *board), key=lambda path: (path.parent.name, path.name)):
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
