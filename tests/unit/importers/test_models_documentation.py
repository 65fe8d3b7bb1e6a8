"""docs/models.md says what the code supports, and its example is a spec."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from imported_networks import REFERENCE, reference_model

from specc.check import check
from specc.elaborate.importers import onnx, tflite

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "models.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("importer", [tflite, onnx], ids=["tflite", "onnx"])
def test_the_table_of_operators_is_the_codes(importer: object) -> None:
    supported: dict[str, tflite.Support] = importer.SUPPORTED  # type: ignore[attr-defined]
    rows = [f"| {name} | {entry.becomes} | {entry.conditions} |" for name, entry in supported.items()]
    table = "\n".join(["| operator | becomes | conditions |", "| --- | --- | --- |", *rows])
    assert f"\n\n{table}\n\n" in DOCUMENT


def test_the_example_is_clean(tmp_path: Path) -> None:
    reference_model("kws_ref_model")
    (example,) = re.findall(r"```hwspec\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    (tmp_path / "models").mkdir()
    shutil.copy(REFERENCE / "models" / "kws_ref_model.tflite", tmp_path / "models")
    (tmp_path / "kws.hwspec").write_text(example, encoding="utf-8")
    assert not check(tmp_path / "kws.hwspec").diagnostics
