"""The case studies: their specs are clean, they are what they say, and their page shows what was found."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from specc.check import check
from specc.graph.network import Network
from specc.spec import Spec
from tests.tools.case_studies import FOLDER, candidates_table, filled

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT.parent / "shared" / "data" / "ref_models.csv"
# Each case with the file of the reference model that it declares layer by layer.
CASES = {"keyword_spotting": "kws_ref_model.tflite", "image_classification": "pretrainedResnet_quant.tflite"}
QUANTITY = re.compile(r"\d[\d,.]* (?:µs|ms|s|µJ|mJ|µW|mW|MHz|Hz|KiB|USD)\b")


def checked(name: str) -> tuple[Spec, Network]:
    result = check(ROOT / "specs" / "cases" / f"{name}.hwspec")
    assert [d.message for d in result.diagnostics if d.severity == "error"] == []
    assert result.spec is not None and result.network is not None
    return result.spec, result.network


def stored(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_eight_candidates_of_four_kinds_and_limits_for_all(name: str) -> None:
    spec, _ = checked(name)
    cores = {target.hardware.core for target in spec.targets}
    assert len(spec.targets) >= 8
    assert {"cortex-m0+", "cortex-m4", "cortex-m7", "cortex-m33", "ethos-u55", "host"} <= cores
    assert {item.kind for budget in spec.budgets if budget.target == "all" for item in budget.items} >= {
        "latency",
        "energy",
    }


@pytest.mark.skipif(not REFERENCE.is_file(), reason=f"no reference data in {REFERENCE}")
@pytest.mark.parametrize(("name", "file"), CASES.items())
def test_the_network_is_the_reference_model(name: str, file: str) -> None:
    _, network = checked(name)
    with REFERENCE.open(encoding="utf-8", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["model"] == file)
    assert (network.macs, network.parameters) == (int(row["macs"]), int(row["params"]))


@pytest.mark.parametrize("name", CASES)
def test_what_is_stored_is_of_this_spec(name: str) -> None:
    spec, network = checked(name)
    case = stored(name)
    assert case["network"] == {"name": network.name, "macs": network.macs, "parameters": network.parameters}
    assert sorted(one["target"] for one in case["candidates"]) == sorted(target.name for target in spec.targets)


def test_the_tables_of_the_page_show_what_is_stored() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert filled(page) == page
    assert all(candidates_table(stored(name)) in page for name in CASES)


def test_every_quantity_in_the_text_stands_in_a_table_an_excerpt_or_a_spec() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8").replace("\u00a0", " ")
    excerpts = "".join(re.findall(r"```.*?```", page, flags=re.S))
    tables = "".join(line for line in page.splitlines(keepends=True) if line.startswith("| ") and "hwspec" not in line)
    specs = "".join((ROOT / "specs" / "cases" / f"{name}.hwspec").read_text(encoding="utf-8") for name in CASES)
    known = set(QUANTITY.findall(excerpts + tables + specs))
    text = re.sub(r"```.*?```", "", page, flags=re.S)
    prose = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("| ") or "hwspec" in line)
    said = QUANTITY.findall(prose)
    assert said
    assert [one for one in said if one not in known] == []


def test_a_name_cannot_break_the_table() -> None:
    case = stored("keyword_spotting")
    case["candidates"][0]["name"] = "a | b"
    assert all(re.sub(r"\\\|", "", line).count("|") == 8 for line in candidates_table(case).splitlines())
