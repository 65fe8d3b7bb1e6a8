"""`specc sim`: programs compiled here, cycles added up by hand, and files that are not what they claim to be."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from specc.cli import main
from specc.codegen.toolchain import Toolchain, core_flags
from specc.measure.simulator import Simulated, Simulation, SimulationError, find_simulator
from specc.report.flame_graph import flame_graph
from specc_backends.virtual_board.cores import CORES
from specc_backends.virtual_board.sim import VirtualBoardSimulator
from specc_backends.virtual_board.sim.program import ProgramError, read_program

SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 256K  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) } > FLASH
  .data : { *(.data .data.*) } > RAM AT > FLASH
  .bss (NOLOAD) : { *(.bss .bss.*) } > RAM
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
"""

PREAMBLE = """
#include <stdint.h>
#define NOINLINE __attribute__((noinline, used))
#define REGISTER(address) (*(volatile uint32_t *)(address))
int ask(int operation, const void *argument);
__asm(".syntax unified\\n.text\\n.thumb_func\\n.global ask\\n.type ask, %function\\nask: bkpt 0xab\\n bx lr\\n"
      ".size ask, .-ask\\n");
NOINLINE int start(void);
void Reset_Handler(void) {
    start();
    ask(0x18, (void *)0x20026);
    for (;;) {}
}
__attribute__((section(".vectors"), used)) const void *const vectors[2] = {(void *)0x20004000, (void *)Reset_Handler};
"""

LOOP = """
__asm(".syntax unified\\n.text\\n.thumb_func\\n.global loop\\n.type loop, %function\\n.balign 4\\n"
      "loop: movs r0, #100\\n1: subs r0, r0, #1\\n bne 1b\\n bx lr\\n.size loop, .-loop\\n");
int loop(void);
int start(void) { return loop(); }
"""

CALLS = """
NOINLINE int leaf(int n) { int sum = 0; for (volatile int i = 0; i < n; i++) sum += i; return sum; }
NOINLINE int twice(int n) { return leaf(n) + leaf(2 * n); }
NOINLINE int tail(int n) { return leaf(n + 1); }
NOINLINE int deep(int n) {
    int below = n == 0 ? leaf(3) : deep(n - 1);
    __asm volatile("" ::: "memory");
    return below + 1;
}
int start(void) { int a = twice(10) + deep(5) + tail(2); __asm volatile("" ::: "memory"); return a; }
"""

Build = Callable[..., Path]


@pytest.fixture(scope="module")
def toolchain(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    return Toolchain(tmp_path_factory.mktemp("sim"))


@pytest.fixture
def build(toolchain: Toolchain, tmp_path: Path) -> Build:
    def program(source: str, core: str = "cortex-m4", *flags: str) -> Path:
        (tmp_path / "script.ld").write_text(SCRIPT)
        (tmp_path / "main.c").write_text(PREAMBLE + source)
        options = [*core_flags(core, fpu=False, dsp=True), "-O1", "-T", str(tmp_path / "script.ld")]
        toolchain.compile([tmp_path / "main.c"], tmp_path / "p.elf", [*options, "-Wl,-e,Reset_Handler", *flags])
        return tmp_path / "p.elf"

    return program


@pytest.fixture
def simulate(toolchain: Toolchain) -> Callable[..., Simulated]:
    def run(elf: Path, core: str = "cortex-m4", **options: object) -> Simulated:
        return find_simulator(core).run(Simulation(elf=elf, core=core, build_folder=toolchain.build_folder, **options))

    return run


@pytest.fixture(scope="module")
def good(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a program that runs, to damage."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "script.ld").write_text(SCRIPT)
    (folder / "main.c").write_text(PREAMBLE + CALLS + "int table[64] = {1, 2};\n")
    options = [*core_flags("cortex-m4", fpu=False, dsp=True), "-O1", "-T", str(folder / "script.ld")]
    toolchain.compile([folder / "main.c"], folder / "p.elf", [*options, "-Wl,-e,Reset_Handler"])
    return (folder / "p.elf").read_bytes()


# ---- cycles ----

# 1 for movs, a hundred times subs and bne, 99 refills, bx lr and its refill; see the tables named in the models.
LOOP_CYCLES = {
    "cortex-m0+": 1 + 100 * 2 + 99 * 1 + 2,
    "cortex-m3": 1 + 100 * 2 + 99 * 1 + 2,
    "cortex-m4": 1 + 100 * 2 + 99 * 1 + 2,
    "cortex-m7": 1 + 100 * 1 + 1,  # subs and bne share a cycle, every branch is predicted
    "cortex-m33": 1 + 100 * 1 + 99 * 1 + 2,
}


@pytest.mark.parametrize("core", CORES)
def test_loop_takes_what_the_tables_say(build: Build, simulate: Callable[..., Simulated], core: str) -> None:
    run = simulate(build(LOOP, core), core, entry="loop")
    assert run.cycles[0] == LOOP_CYCLES[core]
    assert (run.counters["instructions"], run.counters["taken_branches"]) == (202, 100)
    assert list(run.functions) == ["loop"]
    assert run.functions["loop"]["calls"] == 1


def test_functions_add_up_to_the_whole(build: Build, simulate: Callable[..., Simulated]) -> None:
    run = simulate(build(CALLS), stacks=True)
    assert sum(counts["cycles_low"] for counts in run.functions.values()) == run.cycles[0]
    for name in ("instructions", "loads", "stores", "branches", "load_stalls"):
        assert sum(counts[name] for counts in run.functions.values()) == run.counters[name]
    assert {name: run.functions[name]["calls"] for name in ("leaf", "twice", "deep", "start")} == {
        "leaf": 4,
        "twice": 1,
        "deep": 6,
        "start": 1,
    }


def test_call_chains_add_up_and_follow_recursion(build: Build, simulate: Callable[..., Simulated]) -> None:
    run = simulate(build(CALLS), stacks=True)
    chains = dict(run.stacks)
    assert sum(chains.values()) == run.cycles[0]
    root = ("Reset_Handler", "start")
    assert (*root, "twice", "leaf") in chains
    assert (*root, *["deep"] * 6, "leaf") in chains
    assert (*root, *["deep"] * 7) not in chains
    # A call in place of a return stands beside the function it ends, for that one has left the stack.
    assert {(*root, "tail"), (*root, "leaf")} <= set(chains)
    assert (*root, "tail", "leaf") not in chains
    leaf = sum(cycles for chain, cycles in chains.items() if chain[-1] == "leaf")
    assert leaf == run.functions["leaf"]["cycles_low"]


def test_cycle_counter_of_the_program_agrees(build: Build, simulate: Callable[..., Simulated]) -> None:
    source = LOOP.replace(
        "return loop();",
        "REGISTER(0xE000EDFC) = 1 << 24; REGISTER(0xE0001000) = 1; uint32_t t = REGISTER(0xE0001004); loop();"
        "t = REGISTER(0xE0001004) - t; static char text[4]; text[0] = '0' + t / 100; text[1] = '0' + t / 10 % 10;"
        "text[2] = '0' + t % 10; ask(4, text); return 0;",
    )
    # The loop alone takes 302; the load before it 2, bl 1 and its refill 1.
    assert simulate(build(source)).output == "306"


@pytest.mark.parametrize("core", CORES)
def test_every_core_runs_the_same_program(build: Build, simulate: Callable[..., Simulated], core: str) -> None:
    source = "NOINLINE int divide(int a, int b) { return a / b; }\nvolatile int a = 91, b;\n"
    source += (
        "int start(void) { a = 91; b = 7; char text[2] = {(char)(divide(a, b) + 52), 0}; ask(4, text); return 0; }"
    )
    run = simulate(build(source, core), core)
    assert (run.output, run.exit_code) == ("A", 0)
    assert run.counters["divides"] == (0 if core == "cortex-m0+" else 1)


# ---- semihosting, exit, stack ----


def test_output_and_exit_code(build: Build, simulate: Callable[..., Simulated]) -> None:
    source = """
    static const uint32_t end[2] = {0x20026, 42}, bytes[3] = {1, (uint32_t)"three", 3};
    static const uint32_t console[3] = {(uint32_t)":tt", 4, 3}, file[3] = {(uint32_t)"/tmp/x", 4, 6};
    int start(void) {
        ask(4, "one\\n"); ask(3, "2"); ask(5, bytes);
        if (ask(1, console) == 1) ask(4, "c");
        if (ask(1, file) == -1) ask(4, "f");
        ask(0x20, end);
        return 0;
    }
    """
    run = simulate(build(source))
    assert (run.output, run.exit_code) == ("one\n2thrcf", 42)


def test_exit_symbol(build: Build, simulate: Callable[..., Simulated]) -> None:
    run = simulate(
        build("NOINLINE void done(void) { for (;;) {} }\nint start(void) { done(); return 0; }"), exit_symbol="done"
    )
    assert run.exit_code == 0
    assert "done" not in run.functions


@pytest.mark.parametrize("depth", [64, 1024, 8192])
def test_stack_is_as_deep_as_the_program_makes_it(build: Build, simulate: Callable[..., Simulated], depth: int) -> None:
    source = f"""
    NOINLINE int deep(void) {{ volatile uint8_t block[{depth}]; block[0] = 1;
      __asm volatile("" ::"r"(block) : "memory"); return block[0]; }}
    int start(void) {{ return deep(); }}
    """
    used = simulate(build(source)).stack_bytes
    assert depth <= used <= depth + 64


def test_no_symbols(build: Build, simulate: Callable[..., Simulated]) -> None:
    elf = build(CALLS, "cortex-m4", "-Wl,-s")
    run = simulate(elf, stacks=True)
    assert list(run.functions) == ["(no symbol)"]
    assert run.functions["(no symbol)"]["cycles_low"] == run.cycles[0] == sum(cycles for _, cycles in run.stacks)
    with pytest.raises(SimulationError, match="has no symbol table"):
        simulate(elf, entry="loop")


# ---- what goes wrong ----


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("for (;;) {}", r"did not come to an end within 0\.5 s \(at 0x0800[0-9a-f]{4} in start\)"),
        ("REGISTER(0x40020000) = 1;", "faulted at 0x0800.* in start"),
        ("((void (*)(void))0x20000001u)();", "faulted|which is no code"),
        ("ask(0x13, 0);", "semihosting operation 0x13"),
        ("ask(4, (void *)0x90000000u);", "faulted"),
        ('__asm volatile("svc 0");', "faulted|svc"),
        ('__asm volatile("wfi");', "wfi|did not come to an end"),
        ('for (;;) ask(3, "x");', "wrote more than|did not come to an end"),
    ],
)
def test_one_clear_error(build: Build, simulate: Callable[..., Simulated], body: str, message: str) -> None:
    elf = build(f"int start(void) {{ {body} return 0; }}")
    with pytest.raises(SimulationError, match=message):
        simulate(elf, seconds=0.5)


def damaged(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "damaged.elf"
    path.write_bytes(data)
    return path


def patched(data: bytes, offset: int, form: str, value: int) -> bytes:
    size = struct.calcsize(form)
    return data[:offset] + struct.pack(form, value) + data[offset + size :]


PROGRAM_HEADERS = 28  # offset of e_phoff in the header of a 32-bit file
MACHINE, TYPE = 18, 16


def segment_field(data: bytes, segment: int, field: int) -> int:
    """Offset of a field of a program header: 0 type, 1 offset, 2 vaddr, 3 paddr, 4 filesz, 5 memsz."""
    return struct.unpack_from("<I", data, PROGRAM_HEADERS)[0] + 32 * segment + 4 * field


def loaded(data: bytes) -> list[int]:
    count = struct.unpack_from("<H", data, 44)[0]
    return [place for place in range(count) if struct.unpack_from("<I", data, segment_field(data, place, 0))[0] == 1]


def test_damage_that_has_a_name(good: bytes, tmp_path: Path) -> None:
    first, second = loaded(good)[:2]
    code = struct.unpack_from("<I", good, segment_field(good, first, 2))[0]
    cases = [
        (b"", "not an ELF file"),
        (b"MZ" + good[2:], "not an ELF file"),
        (patched(good, MACHINE, "<H", 62), "EM_X86_64, not for Arm"),
        (patched(good, TYPE, "<H", 1), "not a linked program"),
        (patched(good, 4, "<B", 2), "damaged|64|not"),
        (patched(good, 5, "<B", 2), "not"),
        (patched(good, segment_field(good, first, 5), "<I", 0xFFFFFFFF), "no memory can be"),
        (patched(good, segment_field(good, first, 5), "<I", 0x10000000), "more than 64 MiB"),
        (patched(good, segment_field(good, first, 2), "<I", 0xE0000000), "no memory can be"),
        (patched(good, segment_field(good, first, 4), "<I", 0x7FFFFFFF), "stores"),
        (patched(good, segment_field(good, first, 1), "<I", 0x7FFFFFFF), "beyond the end of the file"),
        (patched(good, segment_field(good, second, 2), "<I", code), "overlap"),
        (patched(good, 44, "<H", 0), "nothing to load"),
    ]
    for data, message in cases:
        with pytest.raises(ProgramError, match=message):
            read_program(damaged(tmp_path, data))


def test_truncated_and_mutated_files_never_surprise(good: bytes, tmp_path: Path) -> None:
    source = random.Random(5)
    for length in [*range(0, 120, 7), *range(120, len(good), max(1, len(good) // 40))]:
        with pytest.raises(ProgramError):
            read_program(damaged(tmp_path, good[:length]))
    for _ in range(300):
        data = bytearray(good)
        for _ in range(source.randint(1, 4)):
            place = source.randrange(0, 52 + 32 * 4) if source.random() < 0.7 else source.randrange(len(data))
            data[place] = source.randrange(256)
        try:
            read_program(damaged(tmp_path, bytes(data)))
        except ProgramError:
            continue


def test_missing_file_and_unknown_symbol(build: Build, simulate: Callable[..., Simulated], tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="cannot be read"):
        simulate(tmp_path / "absent.elf")
    with pytest.raises(SimulationError, match="no symbol twise; did you mean twice"):
        simulate(build(CALLS), entry="twise")


def test_unknown_core_and_wrong_board(build: Build) -> None:
    with pytest.raises(SimulationError, match="no simulator for core riscv32"):
        find_simulator("riscv32")
    assert VirtualBoardSimulator().cores == CORES


# ---- the command ----


def run_command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        code = main(["sim", *map(str, arguments)])
    except SystemExit as error:
        code = int(error.code)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command_prints_json_and_writes_only_what_was_asked(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str], toolchain: Toolchain
) -> None:
    elf, flame = build(CALLS), tmp_path / "out.svg"
    common = (elf, "--board", "stm32l4r5", "--build", toolchain.build_folder)
    before = set(tmp_path.iterdir())
    code, out, _ = run_command(capsys, *common, "--json", "--regions", "leaf,deep", "--flame", flame)
    document = json.loads(out)
    assert code == 0
    assert set(tmp_path.iterdir()) - before == {flame}
    assert list(document["functions"]) == ["leaf", "deep"]
    assert document["cycles"]["low"] == document["cycles"]["value"] < document["cycles"]["high"]
    assert document["time"]["value"] == pytest.approx(document["cycles"]["value"] / 120e6)
    drawing = ElementTree.parse(flame).getroot()
    assert "leaf" in ElementTree.tostring(drawing, encoding="unicode")
    assert "script" not in flame.read_text()


def test_command_prints_text(build: Build, capsys: pytest.CaptureFixture[str], toolchain: Toolchain) -> None:
    code, out, _ = run_command(capsys, build(CALLS), "--core", "cortex-m7", "--build", toolchain.build_folder)
    assert code == 0
    assert "unvalidated" in out
    assert "no upper bound" in out
    assert "leaf" in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "--core or --board is needed"),
        (("--core", "cortex-m4", "--timeout", "soon"), 2, "--timeout"),
        (("--core", "cortex-m4", "--clock", "12 parsec"), 2, "--clock"),
        (("--board", "stm32l4r"), 2, "stm32l4r5"),
        (("--board", "stm32l4r5", "--core", "cortex-m7"), 1, "has a cortex-m4"),
        (("--core", "z80"), 1, "no simulator for core z80"),
        (("--core", "cortex-m4", "--regions", "lea"), 1, "did you mean leaf"),
        (("--core", "cortex-m4", "--flame", "/nowhere/at/all.svg"), 1, "cannot be written"),
    ],
)
def test_wrong_usage_is_one_line(
    build: Build, capsys: pytest.CaptureFixture[str], toolchain: Toolchain, *, arguments, status: int, message: str
) -> None:
    code, _, err = run_command(capsys, build(CALLS), "--build", toolchain.build_folder, *arguments)
    assert code == status
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_exit_code_of_the_program_decides(
    build: Build, capsys: pytest.CaptureFixture[str], toolchain: Toolchain
) -> None:
    elf = build("int start(void) { ask(0x18, (void *)0x20023); return 0; }")
    code, out, _ = run_command(capsys, elf, "--core", "cortex-m4", "--build", toolchain.build_folder)
    assert code == 1
    assert "exit code     1" in out


# ---- the drawing ----


def test_flame_graph_widths_and_names() -> None:
    stacks = [(("main",), 25), (("main", 'a<b>&"c"'), 50), (("main", "second"), 25)]
    drawing = ElementTree.fromstring(flame_graph(stacks, "title <&>"))
    boxes = {}
    for group in drawing.iter("{http://www.w3.org/2000/svg}g"):
        title, rectangle = group[0], group[1]
        boxes[title.text.rpartition(": ")[0]] = (float(rectangle.get("width")), float(rectangle.get("x")))
    whole = boxes["all"][0]
    assert boxes["main"][0] == whole
    assert boxes['a<b>&"c"'][0] == pytest.approx(whole / 2)
    assert boxes["second"] == (pytest.approx(whole / 4), pytest.approx(boxes["main"][1] + whole / 2))


def test_flame_graph_of_nothing_is_still_a_drawing() -> None:
    assert ElementTree.fromstring(flame_graph([], "empty")).tag.endswith("svg")
