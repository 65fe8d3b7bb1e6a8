"""`dataset` and `experiments` sections: files of labelled inputs, and variants to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from specc import reads
from specc.diagnostics.model import Sink
from specc.elaborate.project import OutsideError, locate, project_folder
from specc.elaborate.reader import Handler, Reader, RejectedError, read_block, spans_of, value_of
from specc.elaborate.targets import compiler_flags
from specc.source import SourceFile
from specc.spec.experiments import MOST_COLUMNS, DataSet, Experiments
from specc.spec.kernels import ALL_REWRITES, REWRITES, KernelChoice
from specc.syntax.nodes import Item
from specc.units import FREQUENCY


def elaborate_dataset(item: Item, main: SourceFile, sink: Sink) -> DataSet | None:
    """`dataset digits from "digits.npz"`; `main` is the file named on the command line."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        name = reader.name("the name of a data set")
        reader.expect("from")
        path = reader.text("the path of a file")
        reader.finish()
        source = path.span.source
        if main.path is None or source.path is None:
            reader.fail("E1021", "a text without a file names no other", path.span)
        try:
            found = locate(path.text, source.path.resolve().parent, project_folder(main.path))
        except OutsideError as error:
            reader.fail("E1021", f"`{path.text[:100]}` cannot be a data set: {error}", path.span)
        if not found.is_file():
            reads.failed()
            reader.fail("E1021", f"`{path.text[:100]}` cannot be a data set: there is no such file", path.span)
        reads.present(found)
    except RejectedError:
        return None
    spans = {"": item.head, "name": name.span, "path": path.span}
    return DataSet.model_construct(name=name.text, path=path.text, location=found, spans=spans)


def elaborate_experiments(item: Item, sink: Sink) -> Experiments | None:
    """Read an experiments section: one line for each axis, its values separated by blanks."""
    reader = Reader(item, sink)
    reader.position = 1
    try:
        block = reader.block("experiments")
        reader.finish()
    except RejectedError:
        return None
    handlers: dict[str, Handler] = {
        "clock": lambda r: _several(r, lambda: r.quantity("a clock", FREQUENCY, "80 MHz").quantity),
        "compile": lambda r: _several(r, lambda: compiler_flags(r)),
        "bits": lambda r: _several(r, lambda: int(r.integer("a width in bits", 1, 16).quantity.number)),
        "fusion": lambda r: _several(r, lambda: r.choice("a way to run", ("on", "off")).text == "on"),
        "kernels": lambda r: _several(r, lambda: r.choice("a choice of kernels", get_args(KernelChoice)).text),
        "rewrites": lambda r: _several(
            r, lambda: r.choice("a rewrite of the generated code", (*REWRITES, ALL_REWRITES)).text
        ),
        "tile": lambda r: _several(r, lambda: int(r.integer("the columns of a tile", 1, MOST_COLUMNS).quantity.number)),
    }
    entries = read_block(block, handlers, "experiments", sink)
    if not (block.items or block.rows):
        sink.add("E1005", "these experiments are empty", item.head, notes=("for example `clock 80 MHz 168 MHz`",))
    if not entries or not all(entries.values()):
        return None
    return Experiments.model_construct(
        clocks=value_of(entries, "clock", ()),
        compile=value_of(entries, "compile", ()),
        bits=value_of(entries, "bits", ()),
        fusion=value_of(entries, "fusion", ()),
        kernels=value_of(entries, "kernels", ()),
        rewrites=value_of(entries, "rewrites", ()),
        tiles=value_of(entries, "tile", ()),
        spans=spans_of(entries, item.head, clock="clocks", tile="tiles"),
    )


def _several(reader: Reader, read: Callable[[], Any]) -> tuple[Any, ...]:
    """The values up to the end of the line: at least one, and none twice."""
    values: list[Any] = []
    while True:
        start = reader.position
        value = read()
        if value in values:
            reader.fail("E1006", f"`{reader.read_span(start).text}` is given twice", reader.read_span(start))
        values.append(value)
        if reader.peek() is None:
            return tuple(values)
