"""The hardware library: every file is in order, every fact has a source, and the figures are those of their sources."""

import csv
import re
from fractions import Fraction
from pathlib import Path

import pytest

from specc.check import check_source
from specc.diagnostics.model import Sink
from specc.elaborate.hardware import LIBRARY_NAME, library_names, load_hardware
from specc.measure.provenance import fact_sources
from specc.source import SourceFile
from specc.spec.hardware import Fact, Hardware

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT.parent / "shared" / "data" / "mcu_targets.csv"

NAMES = {
    "STM32F407VG": "stm32f407",
    "STM32L4R5ZI": "stm32l4r5",
    "STM32F746ZG/NG": "stm32f746",
    "STM32H743ZI": "stm32h743",
    "STM32H747XI": "stm32h747",
    "STM32H7A3ZI-Q": "stm32h7a3",
    "STM32U575ZI-Q": "stm32u575",
    "STM32U585AI": "stm32u585",
    "STM32U385RG": "stm32u385",
    "STM32N657X0": "stm32n657",
    "nRF52840": "nrf52840",
    "nRF5340": "nrf5340",
    "RP2040": "rp2040",
    "RP2350": "rp2350",
    "ESP32": "esp32",
    "ESP32-S3": "esp32s3",
    "ESP32-C3": "esp32c3",
    "Apollo3 Blue": "apollo3",
    "Apollo4 Plus": "apollo4p",
    "MAX78000": "max78000",
    "GAP8": "gap8",
    "GAP9": "gap9",
    "i.MX RT1062 (Teensy 4.1)": "imxrt1062",
    "Alif Ensemble E7": "ensemble_e7",
    "Corstone-300": "corstone300",
    "Renesas RA8D1": "ra8d1",
    "STM32G0B1RE": "stm32g0b1",
    "EFR32MG24": "efr32mg24",
}
FIELDS = {
    "clock": "clock",
    "clock_max": "clock",
    "sram": "sram",
    "l2": "sram",
    "flash": "flash",
    "nvm": "flash",
    "vdd": "supply",
    "chip_price_usd": "price",
}
# Figures of the table that the library does not carry, because a document of the maker says something else.
OTHERWISE = {
    ("STM32U575ZI-Q", "sram"): "786 Kbytes in the maker's documentation",
    ("STM32U585AI", "sram"): "786 Kbytes in the maker's documentation",
    ("STM32H7A3ZI-Q", "sram"): "the device tree is exact",
    ("RP2040", "chip_price_usd"): "the maker's own price, for single units",
    ("Alif Ensemble E7", "clock_max"): "of other chips of the family",
}
SCALES = {"MHz": 10**6, "KB": 1024, "MB": 1024**2, "V": 1, "USD": 1}
CORES = {
    "Cortex-M0+": "cortex-m0+",
    "Cortex-M4": "cortex-m4",
    "Cortex-M7": "cortex-m7",
    "Cortex-M33": "cortex-m33",
    "Cortex-M55": "cortex-m55",
    "Cortex-M85": "cortex-m85",
    "Xtensa LX6": "xtensa-lx6",
    "Xtensa LX7": "xtensa-lx7",
    "RISC-V": "riscv32",
}


def hardware_of(name: str) -> Hardware:
    sink = Sink()
    hardware = load_hardware(name, sink)
    assert [diagnostic.message for diagnostic in sink] == []
    assert hardware is not None
    return hardware


def table_rows() -> list[dict[str, str]]:
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = table_rows()
with_table = pytest.mark.skipif(not ROWS, reason="the table of published facts is not part of a checkout")


def test_there_are_at_least_25_targets_of_every_kind() -> None:
    library = [hardware_of(name) for name in library_names()]
    assert len([hardware for hardware in library if hardware.core != "host"]) >= 25
    assert {hardware.core for hardware in library} >= {*CORES.values(), "cortex-m3", "host"}
    assert len({hardware.title for hardware in library}) == len(library)


@pytest.mark.parametrize("name", library_names())
def test_a_file_is_in_order(name: str) -> None:
    hardware = hardware_of(name)
    assert LIBRARY_NAME.fullmatch(name)
    assert hardware.name == name
    stated = [field for field in type(hardware).model_fields if isinstance(getattr(hardware, field), Fact)]
    sources = fact_sources(hardware)
    assert {*stated} <= {*sources}
    assert all(re.search(r"[A-Za-z]{3}", source) for source in sources.values())
    if hardware.core != "host":
        assert hardware.core_source or hardware.npu
    if hardware.accelerator is not None:
        assert hardware.accelerator.description and hardware.accelerator.source
    for text in (*sources.values(), hardware.notes):
        assert not re.search(r"TODO|FIXME|\?\?|\bplaceholder\b", text)


@pytest.mark.parametrize("name", library_names())
def test_a_file_ends_as_text_files_do(name: str) -> None:
    text = (ROOT / "specs" / "targets" / f"{name}.hwspec").read_text(encoding="utf-8")
    assert text.startswith("hwspec 1\n") and text.endswith("}\n")
    assert "\t" not in text and not re.search(r" +$", text, re.M)


@pytest.mark.parametrize("name", [name for name in library_names() if name != "host"])
def test_a_spec_that_uses_it_checks_without_error(name: str) -> None:
    text = f"""hwspec 1
model m {{
  input frame 8x8x4 {{ distribution normal 0.5 }}
  conv  conv  {{ filters 8, kernel 3x3, padding same }}
  dense head  {{ units 10 }}
}}
quantization m {{
  | layer | bits | range | step | accumulator |
  | ----- | ---- | ----- | ---- | ----------- |
  | conv  | 8    | ±1.27 | 0.01 | 32          |
  | head  | 8    | ±1.27 | 0.01 | 32          |
}}
target t {{ use {name} }}
budget t {{
  latency total <= 100 ms
  memory  sram  <= 16 KiB
}}
"""
    result = check_source(SourceFile("uses.hwspec", text))
    assert [diagnostic.message for diagnostic in result.diagnostics if diagnostic.severity == "error"] == []
    assert result.spec is not None


@with_table
def test_every_target_of_the_table_is_in_the_library() -> None:
    assert {row["target"] for row in ROWS} == {*NAMES}
    assert {*NAMES.values()} <= {*library_names()}


def figures(row: dict[str, str]) -> tuple[Fraction, ...]:
    """Both ends of a value of the table, in base units. Of several values the first: that of the core that counts."""
    stated = f"{row['unit']} {row['value']}"
    scale = next(scale for unit, scale in SCALES.items() if re.search(rf"\b{unit}\b", stated))
    first = row["value"].split("/")[0]
    numbers = re.findall(r"\d+(?:\.\d+)?", first)
    return tuple(Fraction(number) * scale for number in numbers)


FIGURES = [
    row
    for row in ROWS
    if row["field"] in FIELDS
    and row["confidence"] != "unsourced"
    and re.match(r"\d", row["value"])
    and "(board)" not in row["value"]
]


@with_table
@pytest.mark.parametrize("row", FIGURES, ids=lambda row: f"{row['target']} {row['field']}")
def test_a_figure_is_that_of_the_table(row: dict[str, str]) -> None:
    fact: Fact | None = getattr(hardware_of(NAMES[row["target"]]), FIELDS[row["field"]])
    if (row["target"], row["field"]) in OTHERWISE:
        assert fact is None or fact.value.base not in figures(row)
        return
    assert fact is not None
    ends = {fact.value.base} if fact.low is None or fact.high is None else {fact.low.base, fact.high.base}
    assert ends == {*figures(row)}


@with_table
def test_most_of_the_table_is_compared() -> None:
    compared = [row for row in FIGURES if (row["target"], row["field"]) not in OTHERWISE]
    assert len(compared) >= 65


@with_table
@pytest.mark.parametrize("row", [row for row in ROWS if row["field"] == "core"], ids=lambda row: row["target"])
def test_the_core_is_that_of_the_table(row: dict[str, str]) -> None:
    named = min((name for name in CORES if name in row["value"]), key=row["value"].index)
    assert hardware_of(NAMES[row["target"]]).core == CORES[named]


@with_table
def test_an_accelerator_of_the_table_is_stated() -> None:
    words = re.compile(r"NPU|Ethos|MVP|NE16|CNN|1\+\d")
    stated = {row["target"] for row in ROWS if row["field"] == "core" and words.search(row["value"])}
    assert stated
    assert {target for target, name in NAMES.items() if hardware_of(name).accelerator is not None} == stated


@with_table
def test_what_nobody_states_stays_unknown() -> None:
    prices = [row["target"] for row in ROWS if row["confidence"] == "unsourced" and row["field"] == "price_usd"]
    assert len(prices) >= 10
    assert [target for target in prices if hardware_of(NAMES[target]).price is not None] == []
