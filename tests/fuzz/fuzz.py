"""Fuzzing with atheris, guided by coverage: `python tests/fuzz/fuzz.py language -max_total_time=600`.

The first argument is one of the functions of `entry_points.py`; the others go to libFuzzer. What covers something new
is kept under `build/fuzz/`, and bytes that break something are written to the current folder. Model files are seeded
from a folder of small ones, `--models FOLDER` before the other options, for bytes from nowhere hardly ever become one.
"""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import sys
from pathlib import Path

import atheris

REACHED = ("syntax", "diagnostics", "spec", "elaborate", "graph", "check", "lsp")

with atheris.instrument_imports(include=["specc"]):
    from entry_points import ENTRY_POINTS  # beside this file

    from specc.lsp.vocabulary import ITEMS, TOP, VALUES

    for part in REACHED:  # now, for a module that is first imported by a running target is not counted
        package = importlib.import_module(f"specc.{part}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ("specs", "tests/conformance")
SIZE_LIMIT = 4096  # bytes of a spec; a longer one does nothing new


def seeds(name: str, models: Path | None) -> Path:
    """The folder of a target's corpus, with its seeds."""
    folder = ROOT / "build" / "fuzz" / name
    folder.mkdir(parents=True, exist_ok=True)
    if name in ("tflite", "onnx"):
        files = sorted(models.rglob(f"*.{name}")) if models else []
    else:
        files = [path for seed in SEEDS for path in sorted((ROOT / seed).rglob("*.hwspec"))]
    for path in files:
        shutil.copyfile(path, folder / f"seed_{path.parent.name}_{path.name}")
    return folder


def dictionary() -> Path:
    """The words of the language, for the fuzzer to put in."""
    words = {*TOP, *(word for items in (*ITEMS.values(), *VALUES.values()) for word in items)}
    words |= {"hwspec 1", "repeat 3 as i {", "$i", "let x = 2", "±3.2", "1..2 mW", "p99.9", "3x3", "| * | 8 |", "≤"}
    path = ROOT / "build" / "fuzz" / "words.txt"
    path.write_text("".join(f'"{_escaped(word)}"\n' for word in sorted(words)), encoding="utf-8")
    return path


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def main() -> None:
    """Run one target until it is told to stop, or until something breaks."""
    if len(sys.argv) < 2 or sys.argv[1] not in ENTRY_POINTS:
        sys.exit(f"usage: python {sys.argv[0]} {{{','.join(ENTRY_POINTS)}}} [--models FOLDER] [libFuzzer options]")
    name, *options = sys.argv[1:]
    models = None
    if options[:1] == ["--models"]:
        models, options = Path(options[1]), options[2:]
    folder = seeds(name, models)
    limits = ["-timeout=20", "-rss_limit_mb=2048"]
    if name in ("language", "editor"):
        limits += [f"-max_len={SIZE_LIMIT}", f"-dict={dictionary()}"]
    atheris.Setup([sys.argv[0], *limits, *options, str(folder)], ENTRY_POINTS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
