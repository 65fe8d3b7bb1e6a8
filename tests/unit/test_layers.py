"""Imports point downwards only: the order of docs/architecture.md, read from the source of every module."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# From the top down. Parts on one line are neighbours: neither may import the other.
LAYERS = (
    ("cli",),
    ("commands",),
    ("lsp",),
    ("report",),
    ("guide",),
    ("explain",),
    ("predict",),
    ("tune",),
    ("measure",),
    ("precision",),
    ("codegen", "numerics"),
    ("check",),
    ("graph",),
    ("elaborate",),
    ("spec",),
    ("syntax",),
    ("diagnostics",),
    ("source", "units", "resources", "evidence", "reads"),
)
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}

# Code generation turns the quantized network into C, and so stands on the numerics beside it.
NEIGHBOURS_ALLOWED = {("codegen", "numerics")}

# Narrower than the order asks: what these parts may import of specc at most.
ONLY = {
    "bootstrap": set(),
    "__main__": {"cli"},
    "graph": {"spec"},
    "numerics": {"graph", "spec", "units"},
    "precision": {"numerics", "graph", "spec", "units", "evidence"},
}
BACKENDS_MAY_IMPORT = {"measure", "codegen", "numerics", "graph", "spec", "units", "resources", "evidence"}


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path, package_root: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything a module imports, at its top or inside a function."""
    package = path.relative_to(package_root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *((node.module,) if node.module else ())))
            for alias in node.names:
                yield node.lineno, f"{name}.{alias.name}"


def part_of(dotted: str) -> str | None:
    """The part of specc a dotted name lies in; None for other packages and for names of `specc/__init__.py`."""
    names = dotted.split(".")
    return names[1] if names[0] == "specc" and len(names) > 1 and names[1] in known_parts() else None


@functools.cache
def known_parts() -> set[str]:
    return {path.stem for path in (ROOT / "specc").iterdir() if path.stem not in ("__init__", "__pycache__", "_data")}


def complaints(path: Path, package_root: Path, importer: str) -> Iterator[str]:
    for line, dotted in imports(path, package_root):
        place = f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line}: import of {dotted}"
        if dotted.split(".")[0] == "specc_backends" and importer != "specc_backends":
            yield f"{place}: specc finds backends by their entry points only"
        imported = part_of(dotted)
        if imported is None or imported == importer:
            continue
        if importer == "specc_backends":
            if imported not in BACKENDS_MAY_IMPORT:
                yield f"{place}: a backend may import only {', '.join(sorted(BACKENDS_MAY_IMPORT))}"
        elif importer in ONLY and imported not in ONLY[importer]:
            yield f"{place}: {importer} may import only {', '.join(sorted(ONLY[importer])) or 'nothing'} of specc"
        elif importer not in ONLY and imported not in LEVEL:
            yield f"{place}: no part may import {imported}"
        elif (
            importer not in ONLY
            and LEVEL[imported] <= LEVEL[importer]
            and (importer, imported) not in NEIGHBOURS_ALLOWED
        ):
            yield f"{place}: {imported} does not lie below {importer}"


@pytest.mark.parametrize("part", sorted(known_parts()))
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    folder = ROOT / "specc" / part
    paths = modules(folder) if folder.is_dir() else [folder.with_suffix(".py")]
    found = [text for path in paths for text in complaints(path, ROOT, part)]
    assert not found, "\n" + "\n".join(found)


def test_backends_import_only_what_they_are_given() -> None:
    folder = ROOT / "backends"
    paths = modules(folder / "specc_backends")
    found = [text for path in paths for text in complaints(path, folder, "specc_backends")]
    assert not found, "\n" + "\n".join(found)


def test_every_part_has_a_place_in_the_order() -> None:
    assert known_parts() <= {*LEVEL, *ONLY}, "add the new part to LAYERS and to docs/architecture.md"


@pytest.mark.parametrize(
    ("importer", "source", "expected"),
    [
        ("syntax", "from specc.spec import Spec", "spec does not lie below syntax"),
        ("syntax", "def f():\n    from ..check import rules", "check does not lie below syntax"),
        ("measure", "import specc_backends.host", "by their entry points only"),
        ("bootstrap", "import specc.units", "may import only nothing of specc"),
        ("numerics", "from specc.check import check", "numerics may import only graph, spec, units"),
        ("specc_backends", "from specc import report", "a backend may import only"),
        ("numerics", "from specc.codegen import generate", "numerics may import only"),
        ("check", "from specc.bootstrap import main", "no part may import bootstrap"),
        ("source", "from specc.units import Quantity", "units does not lie below source"),
    ],
)
def test_a_forbidden_import_is_named(tmp_path: Path, importer: str, source: str, expected: str) -> None:
    path = tmp_path / "specc" / importer / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    (found,) = complaints(path, tmp_path, importer)
    assert expected in found
    assert f":{source.count(chr(10)) + 1}: import of specc" in found


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("codegen", "from specc.numerics.quantized import QuantizedNetwork"),
        ("cli", "from specc import __version__"),
        ("report", "import numpy\nfrom specc.evidence import Figure\nfrom . import charts"),
        ("specc_backends", "from specc.measure.backend import Backend\nfrom specc_backends.host import x"),
    ],
)
def test_an_allowed_import_is_not(tmp_path: Path, importer: str, source: str) -> None:
    path = tmp_path / "specc" / importer / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    assert not list(complaints(path, tmp_path, importer))
