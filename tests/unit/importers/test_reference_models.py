"""The reference models of MLPerf Tiny: exactly the published counts, and the layers that their files declare."""

from __future__ import annotations

import ast
import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from imported_networks import MODELS, REFERENCE, network_of, quantized, reference_model

from specc.check import check
from specc.elaborate.importers import import_model
from specc.graph.memory import liveness_bound
from specc.numerics.golden import run
from specc.source import SourceFile

KINDS = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "dwconv",
    "FULLY_CONNECTED": "dense",
    "AVERAGE_POOL_2D": "avgpool",
    "ADD": "add",
    "RESHAPE": "flatten",
    "SOFTMAX": "softmax",
}
SPEC = """hwspec 1
model net {
  from "NAME.tflite"
}
target board { use stm32l4r5, clock 120 MHz }
budget board { latency total <= 60 s }
"""


def rows(table: str, name: str) -> list[dict[str, str]]:
    with (REFERENCE / table).open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["model"] == f"{name}.tflite"]


@pytest.mark.parametrize("name", MODELS)
def test_counts_are_those_published(name: str, tmp_path: Path) -> None:
    reference_model(name)
    shutil.copy(REFERENCE / "models" / f"{name}.tflite", tmp_path)
    spec = tmp_path / "net.hwspec"
    spec.write_text(SPEC.replace("NAME", name), encoding="utf-8")
    result = check(spec)
    assert not result.has_errors and result.spec is not None and result.network is not None
    (row,) = rows("ref_models.csv", name)
    assert result.network.macs == int(row["macs"])
    assert result.network.parameters == int(row["params"])
    assert liveness_bound(result.network, result.spec.quantization) == int(row["peak_activation_bytes"])


@pytest.mark.parametrize("name", MODELS)
def test_layers_are_those_of_the_file(name: str) -> None:
    model = import_model(reference_model(name), ".tflite", SourceFile("t", "x").span(0, 1))
    network = network_of(model)
    expected = rows("ref_model_layers.csv", name)
    assert [layer.kind for layer in network.layers] == [KINDS[row["op"]] for row in expected]
    for layer, row in zip(network.layers, expected, strict=True):

        def shape(column: str, row: dict[str, str] = row) -> tuple[int, ...]:
            value: list[int] = ast.literal_eval(row[column])
            return tuple(value[1:])

        def number(column: str, row: dict[str, str] = row) -> Any:
            (value,) = ast.literal_eval(row[column])
            return value

        assert (layer.input_shapes[0], layer.output_shape) == (shape("in_shape"), shape("out_shape"))
        assert layer.macs == int(row["macs"])
        for tensor, side in ((layer.inputs[0], "in"), (layer.name, "out")):
            form = model.formats[tensor]
            assert (form.scale, form.zero_point) == (number(f"{side}_scale"), number(f"{side}_zp"))
        if layer.weight_shape is not None:
            if row["options"]:
                assert layer.activation == ("relu" if row["options"].endswith("act1") else "linear")
            assert len(model.weights[layer.name].scales) == int(row["w_nscales"])
            items = layer.parameters - layer.output_shape[-1] + 4 * layer.output_shape[-1]  # biases have 32 bits
            assert items == int(row["weight_bytes"])


def test_a_constant_input_gives_the_same_output_twice() -> None:
    network = quantized(reference_model("kws_ref_model"))
    codes = [[[5]] * 10] * 49
    first, second = (run(network, codes)["softmax12"] for _ in range(2))
    assert first.tolist() == second.tolist()
    assert sum(first.tolist()) + 12 * 128 in range(250, 263)  # twelve probabilities in 256ths
