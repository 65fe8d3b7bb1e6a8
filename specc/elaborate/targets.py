"""`target` sections: a piece of hardware, how it is clocked, how its code is compiled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from specc.diagnostics.model import Sink
from specc.elaborate.hardware import library_names, load_hardware
from specc.elaborate.reader import Reader, RejectedError, first, read_block, spans_of, suggestion, value_of
from specc.spec.hardware import Hardware, Target
from specc.syntax.nodes import Item, Word
from specc.units import FREQUENCY, Quantity

# A spec comes from anyone; a compiler's other options can read files, write files and load code.
_FLAG: Final = re.compile(
    r"-O[0123sz]|-f(no-)?(unroll-loops|vectorize|slp-vectorize|inline-functions|omit-frame-pointer|strict-aliasing)"
)
_COMPILERS: Final = (["clang"], ["gcc"])  # first words


def elaborate_target(
    item: Item, own: dict[str, Hardware | None], sink: Sink, use: Callable[[str], None]
) -> Target | None:
    """Read a target section.

    `own` is the hardware of the same file, None where it was rejected; `use` is told which of it the target uses.
    """
    reader = Reader(item, sink)
    reader.position = 1
    try:
        name = reader.name("the name of a target", reserved=("all",))
        block = reader.block(f"target `{name.text}`")
        reader.finish()
    except RejectedError:
        return None
    handlers = {
        "use": lambda r: _hardware(r, own, use),
        "clock": lambda r: r.quantity("a clock", FREQUENCY, "168 MHz").quantity,
        "compile": compiler_flags,
        "cores": lambda r: int(r.integer("the number of cores", 1, 1024).quantity.number),
    }
    entries = read_block(block, handlers, f"target `{name.text}`", sink)
    if "use" not in entries:
        note = "for example `use stm32f407`, or `use host` for this computer"
        sink.add("E1005", f"target `{name.text}` names no hardware", item.head, notes=(note,))
    if first(entries, "use") is None or not all(entries.values()):
        return None
    hardware: Hardware = value_of(entries, "use")
    clock: Quantity | None = value_of(entries, "clock")
    target = Target.model_construct(
        name=name.text,
        hardware=hardware,
        clock=clock,
        compile=value_of(entries, "compile", "-O2"),
        cores=value_of(entries, "cores", 1),
        spans=spans_of(entries, item.head, use="hardware") | {"name": name.span},
    )
    if hardware.core != "host":
        _note_what_is_for_this_computer(target, sink)
    return target


def _note_what_is_for_this_computer(target: Target, sink: Sink) -> None:
    """Threads and GCC are for a target that is this computer; for another one nothing builds them."""
    if target.cores > 1:
        message = f"threads are for this computer (`use host`): `{target.name}` is measured on one core"
        sink.add("N1104", message, target.spans["cores"])
    if target.compile.split()[:1] == ["gcc"]:
        message = f"GCC builds programs for this computer alone (`use host`): `{target.name}` cannot be measured"
        sink.add("N1104", message, target.spans["compile"])


def _hardware(reader: Reader, own: dict[str, Hardware | None], use: Callable[[str], None]) -> Hardware:
    word: Word = reader.word("the name of a hardware")
    if word.text in own:
        use(word.text)
        hardware = own[word.text]
    else:
        hardware = load_hardware(word.text, reader.sink)
        if hardware is None and word.text not in library_names():
            notes, fix = suggestion(word.text, word.span, [*own, *library_names()])
            reader.fail("E1011", f"there is no hardware `{word.text}`", word.span, notes=notes, fix=fix)
    if hardware is None:
        raise RejectedError
    return hardware


def compiler_flags(reader: Reader) -> str:
    """A text of flags that cost no more than time, with the name of a compiler before them if it is another one."""
    text = reader.text('compiler flags such as "-O2"')
    words = text.text.split()
    for flag in words[1:] if words[:1] in _COMPILERS else words:
        if not _FLAG.fullmatch(flag):
            reader.fail(
                "E1019",
                f"`{flag[:60]}` is not a compiler flag that a spec may set",
                text.span,
                notes=(
                    "a spec sets -O0 to -O3, -Os, -Oz and optimisations such as -funroll-loops; `gcc -O2` names the "
                    "compiler too",
                ),
            )
    return text.text
