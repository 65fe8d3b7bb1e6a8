"""Takes the figures of the README again: `python tests/benchmark/bench.py`. Takes minutes; run it on an idle machine.

Start-up is compared with the bare interpreter in turns, so that a busy moment meets both. What cannot be measured is
listed with the reason.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
SPEC = "specs/kws.hwspec"
TARGET = "l4r5"
BUILD = ROOT / "build" / "benchmark"
REFERENCE_NETWORKS = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8")
SPECC = (sys.executable, "-m", "specc")


class Unavailable(Exception):
    """A figure cannot be taken here; the message says why."""


def seconds(*command: str | Path, statuses: tuple[int, ...] = (0,)) -> float:
    """Wall time of one command.

    Raises:
        Unavailable: it ended with none of the statuses.
    """
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode not in statuses:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise Unavailable(f"status {done.returncode}: {lines[-1]}")
    return took


def beside_bare(*command: str | Path, runs: int) -> str:
    """Median and least wall time of a command, and its processor time beside that of an interpreter that does nothing.

    Processor time hardly depends on what else the machine does.
    """
    bare, taken, walls = [], [], []
    for _ in range(runs):
        bare.append(processor_seconds(sys.executable, "-c", "pass")[1])
        wall, processor = processor_seconds(*command)
        walls.append(wall)
        taken.append(processor)
    low, high = statistics.median(bare), statistics.median(taken)
    return (
        f"{statistics.median(walls) * 1e3:.0f} ms, at least {min(walls) * 1e3:.0f} ms; processor {high * 1e3:.0f} ms, "
        f"{high / low:.1f} times the bare interpreter ({low * 1e3:.0f} ms)"
    )


def processor_seconds(*command: str | Path) -> tuple[float, float]:
    """Wall time and processor time of one command."""
    try:
        import resource
    except ImportError as error:
        raise Unavailable("the processor time of a command is counted on POSIX systems alone") from error

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    return seconds(*command), used() - before


def start_up() -> str:
    """`specc check`, cold."""
    return beside_bare(*SPECC, "check", "--no-cache", SPEC, runs=15)


def unchanged() -> str:
    """`specc check` of a file that was checked before."""
    with cache():
        seconds(*SPECC, "check", SPEC)
        return beside_bare(*SPECC, "check", SPEC, runs=15)


def check_lines(lines: int) -> str:
    """`specc check` of a spec of so many lines, cold."""
    path = BUILD / f"lines_{lines}.hwspec"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(spec_of(lines), encoding="utf-8")
    return beside_bare(*SPECC, "check", "--no-cache", path, runs=5)


def spec_of(lines: int) -> str:
    """A valid spec of that many lines, or a few less: layers in a row, each with its width, and budgets for each."""
    targets = ("stm32f407", "stm32f746", "nrf5340") if lines > 4096 else ("stm32f407",)  # a network has 4,096 layers
    names = [f"c{number}" for number in range((lines - 16) // (2 + len(targets)))]
    text = ["hwspec 1", "model large {", "  input x 8x8x2"]
    text += [f"  conv {name} {{ kernel 3x3, filters 2, padding same }}" for name in names]
    text += ["}", "quantization large {", "  | layer | bits | range | step |"]
    text += [f"  | {name} | 10 | ±3.2 | 0.01 |" for name in names]
    text.append("}")
    for hardware in targets:
        text += [f"target on_{hardware} {{ use {hardware} }}", f"budget on_{hardware} {{"]
        text += [f"  latency {name} <= 10 ms" for name in names]
        text.append("}")
    return "\n".join(text) + "\n"


def many_files() -> str:
    """`specc check` of a folder with 1,000 specs: the first time, and when nothing has changed."""
    folder = BUILD / "many"
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / SPEC).read_text(encoding="utf-8")
    for number in range(1000):
        (folder / f"s{number}.hwspec").write_text(f"{text}# {number}\n", encoding="utf-8")
    with cache():
        first = seconds(*SPECC, "check", folder)
        return f"{beside_bare(*SPECC, 'check', folder, runs=5)}; {first:.1f} s the first time"


@contextmanager
def cache() -> Iterator[None]:
    """A cache of findings that is empty at first, outside of the project."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, {"XDG_CACHE_HOME": folder, "SPECC_NO_CACHE": ""}):
        yield


def instruction_rate() -> str:
    """Guest instructions per second on the virtual board, each layer counted apart; beside Unicorn that counts nothing.

    The two take turns in one process, so that a busy moment meets both.
    """
    from specc.check import check
    from specc.codegen.toolchain import Toolchain
    from specc.numerics.inputs import draw_codes, to_bytes
    from specc.numerics.quantize import quantize
    from specc_backends.virtual_board.firmware import build_firmware, memory_bytes
    from specc_backends.virtual_board.machine import Machine
    from specc_backends.virtual_board.native import Native, build_native
    from specc_backends.virtual_board.processor import Processor

    checked = check(ROOT / SPEC)
    assert checked.spec is not None and checked.network is not None
    network = quantize(checked.spec, checked.network)
    target = checked.spec.target(TARGET)
    toolchain = Toolchain(BUILD)
    folder = BUILD / "rate"
    folder.mkdir(parents=True, exist_ok=True)
    firmware = build_firmware(network, target, toolchain, folder)
    (codes,) = draw_codes(checked.spec.model.input, network, 1, seed=1)
    request = f"run {to_bytes(codes, network.formats[network.network.input]).hex()}\n".encode()
    library = build_native(toolchain, BUILD / "native")

    def machine() -> Machine:
        return Machine(
            firmware.image,
            library,
            core=target.hardware.core,
            sram_bytes=memory_bytes(target)[1],
            regions=len(network.network.layers) + 1,
            line_bytes=16,
            code_budget=10**11,
            seconds=60.0,
        )

    counting = machine()
    # Without the block hook there is nothing to count with, and the cycle counter stands still.
    with (
        patch.object(Native, "_add_hook", lambda *_: None),
        patch.object(Processor, "_read_dwt", lambda *_: 0),
        patch.object(Processor, "_write_dwt", lambda *_: None),
    ):
        bare = machine()
    counting.command(request)
    bare.command(request)
    with_counts, without = [], []
    for _ in range(9):
        start = time.perf_counter()
        counting.command(request)
        between = time.perf_counter()
        bare.command(request)
        with_counts.append(between - start)
        without.append(time.perf_counter() - between)
    took, base = statistics.median(with_counts), statistics.median(without)
    instructions = counting.counters()[0]["instructions"]
    return (
        f"{instructions / took / 1e6:.0f} million/s; {instructions / 1e6:.1f} million in {took:.3f} s; "
        f"{took / base:.2f} times Unicorn alone ({base:.3f} s)"
    )


def board_measurement() -> str:
    """The whole measurement of one target: build, four inputs, every layer compared with the integer model."""
    measure = (*SPECC, "measure", SPEC, "--target", TARGET, "--build", BUILD, "--fresh")
    first = seconds(*measure)
    return (
        f"{statistics.median(seconds(*measure) for _ in range(3)):.1f} s; {first:.1f} s the first time, with the build"
    )


def recorder_frames() -> str:
    """How much faster frames of a recorder are read than a line of 115,200 baud can bring them."""
    from specc_backends.serial_board.frames import Decoder, Frame
    from specc_backends.serial_board.line import BAUD

    frames = 2_000
    stream = b"".join(Frame(number % 256, 0x41, os.urandom(128)).encode() for number in range(frames))
    start = time.perf_counter()
    assert len(Decoder().feed(stream)) == frames
    took = time.perf_counter() - start
    on_the_line = 10 * len(stream) / BAUD
    return f"{on_the_line / took:.0f} times; {on_the_line:.1f} s of the line in {took:.3f} s"


def reference_networks() -> str:
    """The four reference networks on one Cortex-M4, a command each: from nothing, and with nothing changed."""
    folder = BUILD / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    specs = []
    for name in REFERENCE_NETWORKS:
        model = ROOT.parent / "shared" / "data" / "models" / f"{name}.tflite"
        if not model.is_file():
            raise Unavailable(f"{name}.tflite is not beside this checkout (../shared/data/models)")
        shutil.copy(model, folder)
        spec = folder / f"{name}.hwspec"
        text = f'hwspec 1\nmodel {name} {{ from "{name}.tflite" }}\ntarget l4r5 {{ use stm32l4r5, clock 120 MHz }}\n'
        spec.write_text(text, encoding="utf-8")
        specs.append(spec)

    def all_four() -> float:
        return sum(seconds(*SPECC, "measure", spec, "--build", folder / "build") for spec in specs)

    first = all_four()
    again = statistics.median(all_four() for _ in range(3))
    return f"{first:.1f} s from nothing, {again:.1f} s when nothing changed; all four together"


def kernel_tuning() -> str:
    """A measurement with every kernel of every layer tried, beside one without, and again under another budget."""
    text = (ROOT / SPEC).read_text(encoding="utf-8")
    with TemporaryDirectory(dir=ROOT / "specs") as folder:
        plain, tuned, tighter = (Path(folder) / f"{name}.hwspec" for name in ("plain", "tuned", "tighter"))
        plain.write_text(text, encoding="utf-8")
        text += f"\nkernels {TARGET} {{ use tuned }}\n"
        tuned.write_text(text, encoding="utf-8")
        tighter.write_text(text.replace("<= 32 KiB", "<= 24 KiB"), encoding="utf-8")

        def measure(spec: Path, *more: str) -> float:
            return seconds(*SPECC, "measure", spec, "--target", TARGET, "--build", Path(folder) / "build", *more)

        measure(plain)  # builds what every program shares
        without = measure(plain, "--fresh")
        first, other, again = (measure(spec) for spec in (tuned, tighter, tuned))
    return (
        f"{first / without:.1f} times a measurement without tuning ({without:.1f} s); under another budget "
        f"{other / without:.1f} times, everything known {again / without:.1f} times"
    )


def report(*documents: str) -> str:
    """Documents, when every result is in the store."""
    asked = [part for name in documents for part in ("--document", name)]
    command = (*SPECC, "report", SPEC, "--no-gate", "--build", BUILD, *asked)
    seconds(*command)
    return f"{statistics.median(seconds(*command) for _ in range(3)):.1f} s"


def predictor() -> str:
    """`specc predict` over the whole library, training included, beside `specc check` of the same spec."""
    check = [seconds(*SPECC, "check", SPEC) for _ in range(5)]
    predict = [seconds(*SPECC, "predict", SPEC) for _ in range(5)]
    low, high = statistics.median(check), statistics.median(predict)
    return f"{high:.1f} s; {high / low:.0f} times specc check ({low * 1e3:.0f} ms)"


def dashboard() -> str:
    """Size of the dashboard, and the time from opening it until its script has drawn everything."""
    sys.path.insert(0, str(ROOT / "tests" / "unit" / "report"))
    import tempfile

    import pytest
    from browser import browser

    seconds(*SPECC, "report", SPEC, "--no-gate", "--build", BUILD, "--document", "dashboard")
    path = BUILD / "kws" / "kws-dashboard.html"
    taken = []
    try:
        with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as driver:
            for _ in range(5):
                driver.get(path.as_uri())
                taken.append(float(driver.execute_script("return document.documentElement.dataset.ready")))
    except pytest.skip.Exception as error:
        raise Unavailable(str(error)) from error
    return f"{path.stat().st_size / 1e6:.2f} MB; interactive after {statistics.median(taken):.0f} ms"


def editor() -> str:
    """An edit in a spec of 1,000 lines, until the language server has published what it found."""
    from editor import answer  # beside this file

    return answer()


_PRECISION_PROGRAM = """
import resource, sys, time
from pathlib import Path
from specc.check import check
from specc.precision.study import Study
checked = check(Path(sys.argv[1]))
assert checked.spec is not None and checked.network is not None
import specc.precision.tables
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started, busy = time.perf_counter(), time.process_time()
study = Study.of(checked.spec, checked.network, iterations=int(sys.argv[2]), seed=1, memory=int(sys.argv[3]))
study.evaluate(checked.spec.quantization)
took, work = time.perf_counter() - started, time.process_time() - busy
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
table = checked.spec.quantization
last = [layer.name for layer in checked.network.layers if layer.weight_shape][-1]
row = table.row(last)
others = [other for other in table.rows if other.layer != last]
narrower = row.model_copy(update={"layer": last, "bits": row.bits - 1})
study.evaluate(table.model_copy(update={"rows": (*others, narrower)}))
print(took, work, peak / 1024, (peak - before) / 1024, time.perf_counter() - started)
"""


def precision(spec: str, iterations: int) -> Callable[[], str]:
    """Gradients against full precision, in a process of its own; one thread. A further table reuses what it can."""

    def figure() -> str:
        found = []
        for memory in (0, 512 << 20):
            command = (sys.executable, "-c", _PRECISION_PROGRAM, spec, str(iterations), str(memory))
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Unavailable(done.stderr.strip().splitlines()[-1])
            found.append([float(part) for part in done.stdout.split()])
        took, work, peak, more, _ = found[0]
        return (
            f"{took:.1f} s ({work:.1f} s of processor time), {peak:.0f} MiB at most, {more:.0f} MiB of it beyond the "
            f"imports; a further table {found[1][4]:.2f} s with 512 MiB to remember in"
        )

    return figure


def beside_torch(spec: str, iterations: int, batch: int) -> Callable[[], str]:
    """The engine beside PyTorch's gradients by sample, where PyTorch is installed. The two take turns."""

    def figure() -> str:
        if importlib.util.find_spec("torch") is None:
            raise Unavailable("PyTorch is not installed")
        commands = (
            (sys.executable, "-c", _PRECISION_PROGRAM, spec, str(iterations), "0"),
            (sys.executable, "tests/benchmark/torch_gradients.py", spec, str(iterations), str(batch)),
        )
        work: tuple[list[float], list[float]] = ([], [])
        for _ in range(3):
            for found, command in zip(work, commands, strict=True):
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise Unavailable(done.stderr.strip().splitlines()[-1])
                found.append(float(done.stdout.split()[1]))  # both print wall time, then processor time
        own, torch = map(statistics.median, work)
        return (
            f"{own:.1f} s of processor time for both networks and their statistics; PyTorch "
            f"{importlib.metadata.version('torch')}: {torch:.1f} s "
            f"for the gradients of one network, {batch} samples at a time; {torch / own:.1f} times as long"
        )

    return figure


def tuning() -> str:
    """`specc tune` of the reference network from nothing to the proven and confirmed table, beside importing CP-SAT."""
    solver = seconds(sys.executable, "-c", "from ortools.sat.python import cp_model")
    with TemporaryDirectory() as folder:
        command = (*SPECC, "tune", "specs/edge_cnn_repaired.hwspec", "--json", "--build", folder)
        first = seconds(*command)
        again = seconds(*command)
    return f"{first:.1f} s; everything known {again:.1f} s; importing CP-SAT alone {solver:.1f} s"


FIGURES: tuple[tuple[str, Callable[[], str]], ...] = (
    (f"specc check {SPEC}, cold", start_up),
    (f"specc check {SPEC}, unchanged", unchanged),
    ("specc check, 1,000 lines, cold", lambda: check_lines(1_000)),
    ("specc check, 20,000 lines, cold", lambda: check_lines(20_000)),
    ("specc check, 1,000 files, unchanged", many_files),
    ("language server, an edit in 1,000 lines", editor),
    ("instructions on the virtual board", instruction_rate),
    (f"specc measure --target {TARGET}", board_measurement),
    ("specc measure, the four reference networks on a Cortex-M4", reference_networks),
    ("frames of a recorder, beside its line", recorder_frames),
    (f"specc measure --target {TARGET}, kernels tuned", kernel_tuning),
    ("specc report, everything stored", report),
    ("precision, reference network, 10,000 iterations", precision("specs/edge_cnn_repaired.hwspec", 10_000)),
    ("precision, keyword spotting, 1,000 iterations", precision(SPEC, 1_000)),
    (
        "precision beside PyTorch, reference network, 10,000 iterations",
        beside_torch("specs/edge_cnn_repaired.hwspec", 10_000, 200),
    ),
    ("precision beside PyTorch, keyword spotting, 1,000 iterations", beside_torch(SPEC, 1_000, 32)),
    ("specc tune, reference network, with proof and confirmation", tuning),
    (f"specc predict {SPEC}", predictor),
    ("specc report --document full, everything stored", lambda: report("full")),
    ("the dashboard", dashboard),
)


def main() -> None:
    """Print one line per figure."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for name, figure in FIGURES:
        try:
            value = figure()
        except (Unavailable, ImportError) as error:
            value = f"not measured: {error}"
        print(f"| {name} | {value} |", flush=True)


if __name__ == "__main__":
    main()
