"""Write `specs/published/`: published results as one table, and the networks they belong to.

    python -m tests.tools.published_results ../shared/data

reads the reference data and rewrites `networks.csv` and `results.csv`. What is carried over are facts, each with its
source; which row of `results.csv` may train the predictor, and if not why, is decided here and written beside it.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from specc.predict.networks import Mix, mix_of
from tests.tools.published_networks import architectures, reference_mixes

OUTPUT: Final = Path(__file__).resolve().parents[2] / "specs" / "published"

# Boards and chips of the sources: design (boards of one design are left out of a cross-validation together) and, where
# it is this very chip or one that differs in package or peripherals only, its name in the hardware library.
BOARDS: Final[dict[str, tuple[str, str]]] = {
    "NUCLEO-L4R5ZI": ("stm32l4+", "stm32l4r5"),
    "CY8CPROTO-062-4343W": ("psoc62", ""),
    "NUMAKER_M467HJ": ("m460", ""),
    "NUCLEO-G0B1RE": ("stm32g0", "stm32g0b1"),
    "NUCLEO-U575ZI-Q": ("stm32u5", "stm32u575"),
    "B_U585I_IOT02A": ("stm32u5", "stm32u585"),
    "B-U585I-IOT02A": ("stm32u5", "stm32u585"),
    "EK-RA6M4": ("ra6m4", ""),
    "nRF5340 DK": ("nrf53", "nrf5340"),
    "xG24-DK2601B": ("efr32mg24", "efr32mg24"),
    "DISCO-F746NG": ("stm32f74", "stm32f746"),
    "NUCLEO-H7A3ZI-Q": ("stm32h7a3", "stm32h7a3"),
    "NUCLEO-H7A3ZI": ("stm32h7a3", "stm32h7a3"),
    "GAP9 EVK": ("gap9", "gap9"),
    "STM32H747I-DISCO": ("stm32h7", "stm32h747"),
    "STM32F769I-DISCO": ("stm32f76", ""),
    "STM32H769I-DISCO": ("stm32f76", ""),  # as the source spells it; the clock is that of an STM32F769
    "STM32F401": ("stm32f4", ""),
    "STM32N6570-DK": ("stm32n6", "stm32n657"),
    "STM32H750": ("stm32h7", ""),
    "STM32F767": ("stm32f76", ""),
    "STM32F411CE": ("stm32f4", ""),
    "STM32G474RE": ("stm32g4", "stm32g474"),
    "STM32L496": ("stm32l4", ""),
    "STM32F103C8": ("stm32f1", ""),
    "STM32F103RC": ("stm32f1", ""),
    "RP2040": ("rp2040", "rp2040"),
    "ESP32": ("esp32", "esp32"),
    "ESP32-S3": ("esp32s3", "esp32s3"),
    "ESP32-C3": ("esp32c3", "esp32c3"),
    "CH32V307": ("ch32v", ""),
    "CH32V203G6": ("ch32v", ""),
    "CH32V103": ("ch32v", ""),
}
CORES: Final[dict[str, str]] = {
    "Cortex-M0+": "cortex-m0+",
    "Cortex-M4": "cortex-m4",
    "Cortex-M7": "cortex-m7",
    "Cortex-M33": "cortex-m33",
    "ARM CM0+": "cortex-m0+",
    "ARM CM3": "cortex-m3",
    "ARM CM4": "cortex-m4",
    "ARM CM4F": "cortex-m4",
    "ARM CM7": "cortex-m7",
    "ARM CM33": "cortex-m33",
    "ARMv8-M Star-MC1": "cortex-m33",  # Arm China's STAR-MC1, an Armv8-M mainline core with the DSP extension
    "Xtensa LX6": "xtensa-lx6",
    "Xtensa LX7": "xtensa-lx7",
    "Xtensa LX7 (vector)": "xtensa-lx7",
    "RISC-V RV32IMC": "riscv32",
    "RV32IMAC+F": "riscv32",
    "RV32": "riscv32",
    "RV32 QingKe V3A": "riscv32",
    "RV32 QingKe V4A": "riscv32",
    "RV32 QingKe V4B": "riscv32",
    "RV32F QingKe V4F": "riscv32",
    "RV32IMAFDC": "riscv32",
    "RV32IM": "riscv32",
    "RISC-V": "riscv32",
    "GAP9 RISC-V cluster": "riscv32",
    "Cortex-M55 + Neural-ART NPU": "cortex-m55",
}
PREDICTABLE: Final = {
    *("cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "xtensa-lx6", "xtensa-lx7", "riscv32")
}
TINYMAIX_NETWORKS: Final = {
    "mobilenet_v1_0.25_128": "mobilenet_v1_0.25_128x128x3_1000",
    "vww96 (MobileNetV1 0.25 96x96)": "vww",
    "cifar10 cnn 32x32": "tinymaix_cifar10",
}
ZOO_CLASSES: Final = {"imagenet": 1000, "flowers": 5, "food-101": 101, "person": 2}


@dataclass(frozen=True)
class Row:
    """One published result. Empty text or None: the source does not say."""

    collection: str
    network: str
    board: str
    design: str
    target: str
    core: str
    clock_mhz: float | None
    accelerator: str
    software: str
    family: str  # the software without its version
    kernels: str  # reference, portable, tuned; empty where the software is not named
    supply_v: float | None
    latency_ms: float | None
    energy_uj: float | None
    sram_kib: float | None
    flash_kib: float | None
    training: str  # "yes", or why this row trains nothing
    source: str


def main() -> None:
    """Rewrite both tables from the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the reference data")
    data = parser.parse_args().data
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name, text in tables(data).items():
        (OUTPUT / name).write_text(text, encoding="utf-8")


def tables(data: Path) -> dict[str, str]:
    """The files of `specs/published/` by name."""
    mixes = network_mixes(data)
    rows = without_repeats([*mlperf(data), *zoo(data), *tinymaix(data), *esp_nn(data)])
    rows = [row for row in rows if row.network in mixes]
    used = {row.network for row in rows}
    networks = [
        {"network": name, **asdict(mix), "source": source} for name, (mix, source) in mixes.items() if name in used
    ]
    columns = [field.name for field in fields(Row)]
    return {
        "networks.csv": written(list(networks[0]), networks),
        "results.csv": written(columns, [asdict(row) for row in rows]),
    }


def network_mixes(data: Path) -> dict[str, tuple[Mix, str]]:
    """What every known network consists of, with the source of its architecture."""
    built = {name: (mix_of(network), source) for name, (network, source) in architectures().items()}
    return reference_mixes(read(data / "ref_model_layers.csv")) | built


def mlperf(data: Path) -> Iterator[Row]:
    """Results of MLPerf Tiny, closed division, on microcontrollers and the accelerators in them."""
    for row in read(data / "mlperf_tiny.csv"):
        board = "NUCLEO-L4R5ZI" if row["board"] == "Nucleo-L4R5ZI" else row["board"]
        if row["division"] != "closed" or row["datatype"] == "float32" or board not in BOARDS | {"PCL Scepu02": ""}:
            continue
        energy = row["mode"] == "energy"
        accelerator = row["accelerator"] if row["accel_class"] not in ("", "none") else ""
        core = CORES[row["core"]]
        family, kernels = mlperf_software(row)
        yield finished(
            collection=f"MLPerf Tiny {row['round']}, {row['submitter']}, {row['mode']} run",
            network=row["benchmark"],
            board=board,
            core=core,
            clock_mhz=number(row["clock_mhz"]),
            accelerator=accelerator,
            software=software_name(row["software"]),
            family=family,
            kernels=kernels,
            supply_v=number(row["supply_V"]),
            latency_ms=number(row["latency_ms"]),
            energy_uj=number(row["energy_uj_per_inf"]) if energy else None,
            training=refusal(
                ("its run broke the rule of 10 seconds and 10 iterations", row["runtime_rule_violated"] == "yes"),
                ("energy counts idle time", energy and row["benchmark"] == "sww"),
                ("the software is not named", not family),
            ),
            source=row["source"],
        )


def software_name(text: str) -> str:
    """Software with its version: of an address, the first digits of the commit at its end."""
    name, _, rest = text.partition("," if "," in text else "=")
    commit = re.search(r"[0-9a-f]{40}", rest)
    return f"{name}@{commit[0][:9]}" if commit else name


def mlperf_software(row: dict[str, str]) -> tuple[str, str]:
    """Family of a submission's software, and how its kernels are written."""
    software, cmsis = row["software"], "CMSIS" in row["software_libs"]
    for start, family in (
        ("X-CUBE-AI", "X-CUBE-AI"),
        ("Plumerai", "Plumerai Inference Engine"),
        ("Bosch", "Bosch HALE"),
        ("GapFlow", "GapFlow"),
    ):
        if software.startswith(start):
            return family, "tuned"
    if software.startswith(("microTVM", "ONNC")):
        family = software.partition(" ")[0]
        # Without CMSIS-NN, TVM generates the loops itself.
        return (f"{family} with CMSIS-NN", "tuned") if cmsis else (family, "portable")
    if row["submitter"] == "silicon_labs":
        return "TensorFlow Lite Micro with kernels for the MVP", "tuned"
    if row["submitter"] in ("reference", "PengChengLaboratory"):
        return "TensorFlow Lite Micro", "reference"
    return "", ""


def zoo(data: Path) -> Iterator[Row]:
    """Networks of ST's model zoo whose architecture a paper states."""
    for row in read(data / "stm32_zoo.csv"):
        network = zoo_network(row)
        if row["format"] != "Int8" or row["board"] not in BOARDS or not network or not number(row["inference_ms"]):
            continue
        accelerator = "Neural-ART" if "NPU" in row["cpu"] else ""
        clock = number(row["freq_mhz"])
        yield finished(
            collection=f"ST model zoo, {row['snapshot']}",
            network=network,
            board=row["board"],
            core=CORES[row["cpu"]],
            clock_mhz=clock,
            accelerator=accelerator,
            software=f"X-CUBE-AI {row['tool_version'].removeprefix('Cube.AI ')}".strip(),
            family="X-CUBE-AI",
            kernels="tuned",
            latency_ms=number(row["inference_ms"]),
            sram_kib=number(row["total_ram_kib"]),
            flash_kib=number(row["total_flash_kib"]),
            training=refusal(("the clock is not stated", clock is None)),
            source=row["source"],
        )


def zoo_network(row: dict[str, str]) -> str:
    """The architecture behind a row's model name; empty where no paper states it."""
    found = re.fullmatch(r"MobileNet (v[12]) ([0-9.]+)( fft| tfs)?", row["model"])
    if found and (classes := ZOO_CLASSES.get(row["dataset"].lower())):
        return f"mobilenet_{found[1]}_{found[2]}_{row['input_resolution']}_{classes}"
    if row["model"].removesuffix(" tfs") == "ResNet v1 8":
        return "ic"
    return "resnet_v1_32" if row["model"].removesuffix(" tfs") == "ResNet v1 32" else ""


def tinymaix(data: Path) -> Iterator[Row]:
    """Chips on which TinyMaix was timed."""
    for row in read(data / "tinymaix.csv"):
        if row["model"] not in TINYMAIX_NETWORKS or row["core"] not in CORES:
            continue
        latency = number(row["latency_ms"])
        if latency is None:
            continue
        yield finished(
            collection="TinyMaix",
            network=TINYMAIX_NETWORKS[row["model"]],
            board=row["chip"],
            core=CORES[row["core"]],
            clock_mhz=number(row["freq_mhz"]),
            software="TinyMaix",
            family="TinyMaix",
            kernels="portable",
            latency_ms=latency,
            training=refusal(
                ("the source asks for confirmation", "need confirm" in row["note"]),
                ("a core synthesized into a gate array", "(" in row["chip"]),
            ),
            source=row["source"],
        )


def esp_nn(data: Path) -> Iterator[Row]:
    """Espressif's kernels and plain ones on the same network."""
    for row in read(data / "other_published.csv"):
        if row["table"] != "ESP-NN model latency" or row["model"] != "Person Detection" or row["cpu"] not in CORES:
            continue
        tuned = row["software"] == "TFLM with ESP-NN"
        yield finished(
            collection="ESP-NN",
            network="person_detection",
            board=row["board"],
            core=CORES[row["cpu"]],
            clock_mhz=number(row["freq_mhz"]),
            software=row["software"],
            family="TensorFlow Lite Micro with ESP-NN" if tuned else "TensorFlow Lite Micro",
            kernels="tuned" if tuned else "reference",
            latency_ms=number(row["latency_ms"]),
            training="yes",
            source=row["source"],
        )


def finished(**given: Any) -> Row:
    """A row with what follows from its board; an accelerator, or a core the predictor does not know, trains nothing."""
    design, target = BOARDS.get(given["board"], (given["board"].lower(), ""))
    absent = {"accelerator": "", "supply_v": None, "energy_uj": None, "sram_kib": None, "flash_kib": None}
    row = absent | given | {"design": design, "target": target}
    if row["training"] == "yes":
        row["training"] = refusal(
            ("an accelerator ran it", bool(row["accelerator"])),
            ("a core with too few boards", row["core"] not in PREDICTABLE),
        )
    return Row(**row)


def refusal(*reasons: tuple[str, bool]) -> str:
    """The first reason that applies, else "yes"."""
    return next((reason for reason, applies in reasons if applies), "yes")


def without_repeats(rows: Iterable[Row]) -> list[Row]:
    """Rows with the same figures of the same board and network in a later round, or snapshot, are one result."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for row in rows:
        run = row.collection.rpartition(", ")[2] if row.collection.startswith("MLPerf") else ""
        key = (row.network, row.board, row.clock_mhz, row.family, run, row.latency_ms, row.energy_uj)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    """A number, or None where the cell holds none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written(columns: list[str], rows: list[dict[str, object]]) -> str:
    """A CSV file's text; whole numbers without a point."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"{v:g}" if isinstance(v, float) and v.is_integer() else v for name, v in row.items()})
    return out.getvalue()


if __name__ == "__main__":
    main()
