"""`specc targets` as users type it."""

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from specc.cli import main
from specc.elaborate.hardware import library_names
from specc.report.hardware_list import comparison_text, list_text
from specc.spec.hardware import Accelerator, CacheGeometry, Fact, FlashCache, FlashTiming, Hardware, WaitStates
from specc.units import quantity

ROOT = Path(__file__).resolve().parents[3]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["targets", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def listed(text: str) -> list[str]:
    """Names in the first column of the list."""
    lines = text.split("\n\n", maxsplit=1)[0].splitlines()
    return [line.split()[0] for line in lines[2:]]


def test_the_list_has_a_line_for_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert listed(out) == list(library_names())
    assert re.search(
        r"^stm32f407 +STM32F407VG +cortex-m4 +168 MHz +192 KiB +1 MiB .*at 168 MHz +unknown +(none|\d+)$", out, re.M
    )
    assert re.search(r"^host +this computer +host +unknown +unknown +unknown +unknown +unknown +none$", out, re.M)


def test_filters_and_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--core", "cortex-m4", "--min-sram", "384KiB", "--sort", "sram")
    assert code == 0
    assert listed(out) == ["apollo4p", "stm32l4r5", "apollo3"]
    assert f"3 of {len(library_names())} have core cortex-m4, SRAM of at least 384 KiB" in out


def test_unknown_facts_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody states a price of any Cortex-M7."""
    code, out, _ = run(capsys, "--core", "cortex-m7", "--max-price", "100USD")
    assert code == 0
    names = sorted(re.findall(r"stm32\w+|imxrt\w+", out))
    assert f"0 of {len(library_names())} have core cortex-m7, price of at most 100 USD" in out
    assert f"price unknown or not certain: {len(names)} (" in out
    assert {"stm32f746", "stm32h743", "imxrt1062"} <= {*names}


def test_json_carries_facts_and_what_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--core", "cortex-m0+", "--max-price", "1USD", "--format", "json")
    data = json.loads(out)
    assert code == 0
    assert data["format_version"] == 1
    assert [hardware["name"] for hardware in data["hardware"]] == ["rp2040"]
    assert data["hardware"][0]["clock"]["value"] == {"number": "133", "unit": "MHz"}
    assert data["unknown"] == {"price": ["stm32g0b1"]}


def test_two_side_by_side_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rp2040", "stm32h7a3")
    assert code == 0
    assert out.splitlines()[0].split() == ["rp2040", "stm32h7a3"]
    match = re.search(r"^clock +133 MHz \[(\d+)\] +280 MHz \[(\d+)\]$", out, re.M)
    assert match is not None
    notes = dict(re.findall(r"^\[(\d+)\] (.*)$", out, re.M))
    assert "boards/raspberrypi/rpi_pico" in notes[match[1]]
    assert "boards/st/nucleo_h7a3zi_q" in notes[match[2]]
    assert [int(number) for number in notes] == list(range(1, len(notes) + 1))
    cited = {number for line in out.split("\n\n")[0].splitlines() for number in re.findall(r"\[(\d+)\]", line)}
    assert cited == {*notes}
    assert re.search(r"^L1 data cache +unknown +unknown$", out, re.M)
    assert "rp2040: No flash on the chip." in out


def test_names_and_limits_together(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rp2040", "stm32f103", "--min-sram", "100KiB")
    assert code == 0
    assert out.splitlines()[0].split() == ["rp2040"]
    assert out.endswith("1 of 2 has SRAM of at least 100 KiB\n")


def test_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--core", "cortex-m3", "--min-clock", "1GHz")
    assert (code, out) == (0, f"0 of {len(library_names())} have core cortex-m3, clock of at least 1 GHz\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stm32f4"], "specc: there is no hardware stm32f4; did you mean stm32f746, stm32f407"),
        (["--core", "cortex"], "specc: --core: there is no core cortex; did you mean"),
        (["--min-sram", "lots"], "specc: --min-sram: `lots` is not a number; for example --min-sram 256KiB"),
        (["--min-sram", "\x00"], "specc: --min-sram: "),
        (["--max-power", "5mw"], "specc: --max-power: `mw` is not a unit; did you mean mW?"),
        (["--sort", "speed"], "invalid choice: 'speed'"),
        (["--min-clock"], "expected one argument"),
    ],
)
def test_wrong_use_is_one_clear_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    examples = [re.split(r" {3,}", line.strip())[0] for line in out.splitlines() if line.startswith("  specc targets")]
    assert len(examples) >= 4
    for example in examples:
        assert main(example.split()[1:]) == 0
    assert "specc targets --core cortex-m33 --min-sram 512KiB --sort power" in out


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{shlex.quote(sys.executable)} -m specc targets | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("name ")


def fact(text: str, evidence: str = "datasheet") -> Fact:
    number, unit = text.split()
    return Fact.model_validate({"value": quantity(number, unit), "source": f"about {text}", "evidence": evidence})


def test_every_fact_has_its_place_in_a_comparison() -> None:
    full = Hardware(
        vendor="Somebody",
        name="full",
        title="All that can be said",
        core="cortex-m85",
        core_source="the core",
        fpu=True,
        mve=True,
        accelerator=Accelerator(description="an array", source="the array"),
        clock=fact("480 MHz"),
        sram=fact("1 MiB"),
        flash=fact("2 MiB"),
        external_flash=fact("8 MiB"),
        flash_timing=FlashTiming(
            line_bytes=16,
            wait_states=(
                WaitStates(up_to=quantity(30, "MHz"), states=0),
                WaitStates(up_to=quantity(60, "MHz"), states=1),
            ),
            source="the timing",
        ),
        flash_cache=FlashCache(
            instruction=CacheGeometry(sets=1, ways=64, line_bytes=16),
            data=CacheGeometry(sets=8, ways=4, line_bytes=8),
            source="the cache",
        ),
        l1_instruction=fact("16 KiB"),
        l1_data=fact("32 KiB"),
        supply=fact("3.3 V"),
        active_power=fact("12345.6 uW", "published"),
        active_power_clock=quantity(48, "MHz"),
        sleep_power=fact("5 uW"),
        price=fact("4.20 USD"),
        notes="A note.",
    )
    text = comparison_text([full])
    assert "unknown" not in text
    flat = " ".join(text.split())
    for part in (
        "core cortex-m85, fpu, mve [1]",
        "accelerator an array [2]",
        "external flash 8 MiB",
        "flash wait states 0 to 30 MHz, 1 to 60 MHz; reads of 16 B",
        "flash cache instruction 64 lines of 16 B, data 8 sets of 4 lines of 8 B",
        "L1 instruction cache 16 KiB",
        "supply 3.3 V",
        "active power 12,346 uW at 48 MHz",
        "price 4.2 USD",
        "published: about 12345.6 uW",
        "full: A note.",
    ):
        assert part in flat, part


def test_a_list_names_flash_beside_the_chip() -> None:
    outside = Hardware(name="outside", title="O", core="riscv32", external_flash=fact("16 MiB"))
    assert re.search(
        r"^outside +O +riscv32 +unknown +unknown +external 16 MiB +unknown +unknown +none$", list_text([outside]), re.M
    )


def test_published_results_stand_beside_the_facts_with_software_and_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (ROOT / "specs" / "published" / "results.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["target"] == "stm32u575"]
    valid = [row for row in rows if row["network"] == "kws" and not row["training"].startswith("its run")]
    fastest = min((row for row in valid if row["latency_ms"]), key=lambda row: float(row["latency_ms"]))
    _, out, _ = run(capsys, "stm32u575")
    flat = " ".join(out.replace("\u00a0", " ").split())
    assert f"published, kws {float(fastest['latency_ms']):.1f} ms ({fastest['software']})" in flat
    assert f"published, all {len(rows)}" in flat
    assert fastest["source"].rpartition("/")[2] in out.replace("\n     ", "")
    assert "published, all none" in " ".join(run(capsys, "apollo3")[1].split())
    data = json.loads(run(capsys, "stm32u575", "apollo3", "--format", "json")[1])["published"]
    assert [one["source"] for one in data["stm32u575"]] == [row["source"] for row in rows]
    assert "apollo3" not in data
