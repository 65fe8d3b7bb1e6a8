"""Facts that the language states of hardware, and what the checker makes of cores it has no model of."""

from collections.abc import Callable

import pytest

from specc.check import CheckResult, check_source
from specc.check.instruction_model import core_name, instruction_model
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.source import SourceFile
from specc.spec.hardware import Accelerator, Core, Hardware

SPEC = """hwspec 1
model m {
  input frame 8x8x4 { distribution normal 0.5 }
  conv  conv  { filters 8, kernel 3x3, padding same }
  weights seed 1
}
quantization m {
  | layer | bits | range | step | accumulator |
  | ----- | ---- | ----- | ---- | ----------- |
  | conv  | 8    | ±1.27 | 0.01 | 32          |
}
hardware chip {
  title "a chip"
  core cortex-m7, fpu, dsp
  clock 100 MHz source "sheet"
  sram 64 KiB source "sheet"
  flash 256 KiB source "sheet"
}
target t { use chip }
budget t { latency total <= 100 ms }
"""
Change = Callable[..., CheckResult]


def check(*replacements: tuple[str, str]) -> CheckResult:
    text = SPEC
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return check_source(SourceFile("test.hwspec", text))


def messages(*replacements: tuple[str, str]) -> list[str]:
    return [f"{diagnostic.code} {diagnostic.message}" for diagnostic in check(*replacements).diagnostics]


def stated(lines: str) -> Hardware:
    sink = Sink()
    spec = load_text(SourceFile("test.hwspec", SPEC.replace("  core cortex-m7, fpu, dsp\n", lines)), sink)
    assert [diagnostic.message for diagnostic in sink] == []
    assert spec is not None
    return spec.targets[0].hardware


def test_facts_of_hardware() -> None:
    hardware = stated("""  core cortex-m55 source "the core's manual", mve
  accelerator "an array of 128 units" source "its manual"
  external_flash 16 MiB source "the board"
  l1_instruction 16 KiB source "sheet"
  l1_data 32 KiB published "somebody"
  supply 1.71..3.6 V source "sheet"
""")
    assert (hardware.core, hardware.core_source, hardware.mve, hardware.dsp) == (
        "cortex-m55",
        "the core's manual",
        True,
        False,
    )
    assert hardware.accelerator == Accelerator(description="an array of 128 units", source="its manual")
    assert hardware.external_flash and hardware.external_flash.value.base == 16 * 1024**2
    assert hardware.l1_instruction and hardware.l1_instruction.value.base == 16 * 1024
    assert hardware.l1_data and hardware.l1_data.evidence == "published"
    assert hardware.supply and hardware.supply.low and hardware.supply.high
    assert (str(hardware.supply.low), str(hardware.supply.high)) == ("1.71 V", "3.6 V")


def test_a_core_needs_no_source() -> None:
    assert stated("  core cortex-m0+\n").core_source is None
    assert stated('  core cortex-m0+ source "sheet"\n').core_source == "sheet"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("core cortex-m7 source", "E1005"),
        ('core cortex-m7 source ""', "E1017"),
        ("core cortex-m7 source sheet", "E1007"),
        ('core cortex-m7, accelerator "an array"', "E1017"),
        ('core cortex-m7, accelerator array source "sheet"', "E1007"),
        ('core cortex-m7, supply 3 A source "sheet"', "E1008"),
        ('core cortex-m7, supply 0..3 V source "sheet"', "E1010"),
        ('core cortex-m7, external_flash 0 KiB source "sheet"', "E1010"),
        ("core cortex-m7, l1_instruction 16 KiB", "E1017"),
        ("core cortex-m7, mve mve", "E1014"),
    ],
)
def test_a_fact_that_is_not_in_order_is_reported(line: str, code: str) -> None:
    found = messages(("core cortex-m7, fpu, dsp", line))
    assert [message.split()[0] for message in found if message.startswith("E")] == [code], found


TOO_FAST = ("latency total <= 100 ms", "latency total <= 1 us")  # 18,432 MACs in 100 cycles


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_a_core_with_a_cycle_table_is_judged(core: str) -> None:
    assert [message[:5] for message in messages(TOO_FAST, ("cortex-m7, fpu, dsp", core))] == ["E4101"]


@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m55, mve", "cortex-m85", "xtensa-lx6", "xtensa-lx7", "riscv32"])
def test_a_core_without_one_is_not_judged(core: str) -> None:
    assert messages(TOO_FAST, ("cortex-m7, fpu, dsp", core)) == []


def test_an_accelerator_may_do_what_a_core_cannot() -> None:
    accelerated = 'cortex-m4, fpu, dsp\n  accelerator "an array" source "sheet"'
    assert messages(TOO_FAST, ("cortex-m7, fpu, dsp", accelerated)) == []
    array = Accelerator(description="an array", source="sheet")
    assert instruction_model(Hardware(name="h", title="H", core="cortex-m4", accelerator=array)) is None


COUNTS_MISSES = ("target t {", "instrument t { cache_misses }\ntarget t {")


@pytest.mark.parametrize(
    ("core", "codes"),
    [("cortex-m7", ["E5101"]), ("cortex-m33", ["E5101"])]
    + [(core, []) for core in ("cortex-m55", "cortex-m85", "xtensa-lx7", "riscv32")],
)
def test_cache_counters_start_with_armv81m(core: str, codes: list[str]) -> None:
    assert [message[:5] for message in messages(COUNTS_MISSES, ("cortex-m7, fpu, dsp", core))] == codes


NEEDS = 8 * 8 * 4 + 8 * 8 * 8  # bytes of the input and the output of `conv`


def test_flash_beside_the_chip_holds_weights_as_well() -> None:
    sram = ("latency total <= 100 ms", f"memory sram <= {NEEDS} B")
    inside = '  flash 256 KiB source "sheet"\n'
    assert messages(sram) == []
    assert [message[:5] for message in messages(sram, (inside, ""))] == ["E4102"]
    assert messages(sram, (inside, '  external_flash 1 MiB source "sheet"\n')) == []


def test_of_hardware_that_states_no_memory_only_tensors_are_certain() -> None:
    nothing = ('  sram 64 KiB source "sheet"\n  flash 256 KiB source "sheet"\n', "")
    assert messages(("latency total <= 100 ms", f"memory sram <= {NEEDS} B"), nothing) == []
    found = messages(("latency total <= 100 ms", f"memory sram <= {NEEDS - 1} B"), nothing)
    assert [message[:5] for message in found] == ["E4102"]
    assert f"at least {NEEDS} B are needed" in found[0]


@pytest.mark.parametrize(
    ("core", "name"),
    [
        ("cortex-m0+", "Cortex-M0+"),
        ("cortex-m85", "Cortex-M85"),
        ("xtensa-lx6", "Xtensa LX6"),
        ("xtensa-lx7", "Xtensa LX7"),
        ("riscv32", "RISC-V core"),
    ],
)
def test_cores_are_named_as_their_makers_name_them(core: Core, name: str) -> None:
    assert core_name(Hardware(name="h", title="H", core=core)) == name
