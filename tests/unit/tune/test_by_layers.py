"""Costs taken apart by layer: which widths a layer's cost depends on, how few programs say it all, how sums hold."""

import itertools
import json
import random
from pathlib import Path

import pytest

from specc.check import check
from specc.cli import main
from specc.graph.widths import activation_bits, container_bytes, governing_layers
from specc.measure.store import Store
from specc.spec.model import QuantizationRow
from specc.tune.measured import OVERHEAD, covering, measured_objective, variants
from specc.tune.problem import by_container
from specc.tune.space import Space, space_of

SPECS = Path(__file__).resolve().parents[3] / "specs"

BRANCHED = """hwspec 1
model m {
  input x 8x8x2 { distribution uniform ±1 }
  conv a { kernel 3x3, filters 4, padding same, activation relu }
  conv b { kernel 3x3, filters 4, padding same }
  add  s { from a + b }
  relu r
  maxpool p { kernel 2x2 }
  conv c { kernel 1x1, filters 3 }
  dense d { units 3 }
  weights seed 3
}
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
harness {
  iterations 100
  seed 7
  gradient variance <= 60 %
  gradient bias     <= 60 %
}
"""


def space(path: Path) -> Space:
    checked = check(path)
    assert checked.spec is not None and checked.network is not None, checked.diagnostics
    return by_container(space_of(checked.spec, checked.network, keep_steps=False), container_bytes)


def branched(folder: Path) -> Path:
    path = folder / "branched.hwspec"
    path.write_text(BRANCHED, encoding="utf-8")
    return path


# ---- what a cost depends on ----


def test_the_variants_of_a_chain_are_those_of_a_hand_count() -> None:
    # conv1 reads by its own row and writes for conv2, through a pool that keeps the format; digit's output is its own.
    parts: dict[str, list[tuple[int, ...]]] = {}
    for own in variants(space(SPECS / "digits.hwspec")):
        parts.setdefault(own.part, []).append(own.variables)
    depends = {part: set(found) for part, found in parts.items()}
    assert depends == {
        "conv1": {(0, 1)},
        "pool1": {(1,)},
        "conv2": {(1, 2)},
        "pool2": {(2,)},
        "hidden": {(2, 3)},
        "digit": {(3,)},
        OVERHEAD: {(0, 3)},
    }
    assert {part: len(found) for part, found in parts.items()} == {
        "conv1": 4, "pool1": 2, "conv2": 4, "pool2": 2, "hidden": 4, "digit": 2, OVERHEAD: 4,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["branched", "digits.hwspec", "kws.hwspec"])
def test_no_other_row_changes_the_width_of_a_tensor(name: str, tmp_path: Path) -> None:
    checked = check(branched(tmp_path) if name == "branched" else SPECS / name)
    assert checked.spec is not None and checked.network is not None and checked.spec.quantization is not None
    network, table = checked.network, checked.spec.quantization
    draw = random.Random(1)
    for tensor in (network.input, *(layer.name for layer in network.layers)):
        deciding = governing_layers(network, table, tensor)
        fixed = {layer: draw.randint(2, 16) for layer in deciding}
        seen = set()
        for _ in range(20):
            widths = {layer.name: draw.randint(2, 16) for layer in network.layers} | fixed
            rows = tuple(QuantizationRow(layer=layer, bits=bits) for layer, bits in widths.items())
            seen.add(activation_bits(network, table.model_copy(update={"rows": rows}))[tensor])
        assert len(seen) == 1, f"{tensor} depends on more than {deciding}"


@pytest.mark.parametrize(
    ("name", "programs"), [("digits.hwspec", 4), ("kws.hwspec", 4), ("edge_cnn_repaired.hwspec", 8)]
)
def test_few_programs_cover_every_variant(name: str, programs: int) -> None:
    own = space(SPECS / name)
    missing, taken = list(variants(own)), 0
    while missing:
        point = covering(own, missing)
        left = [variant for variant in missing if not variant.agrees(dict(enumerate(point)))]
        assert len(left) < len(missing)
        missing, taken = left, taken + 1
    assert taken <= programs
    assert own.tables >= taken


# ---- on the virtual board ----


@pytest.mark.slow
def test_layers_measured_apart_add_up_to_whole_programs(tmp_path: Path) -> None:
    path = tmp_path / "spec.hwspec"
    text = (SPECS / "edge_cnn_repaired.hwspec").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    checked = check(path)
    assert checked.spec is not None and checked.network is not None
    own = space(path)
    with Store(tmp_path / "build" / "specc.db") as store:
        objective = measured_objective(
            checked.spec,
            checked.network,
            store,
            kind="cycles",
            target="m4",
            build=tmp_path / "build",
            progress=lambda message: None,
        )
        assert objective.by_layers is not None
        terms = objective.by_layers(own)
        wholes = []
        for point in itertools.product(*map(range, own.levels)):
            total = sum(term.costs[tuple(point[index] for index in term.variables)] for term in terms)
            wholes.append(objective.measure(own.table(point)))
            assert total == pytest.approx(wholes[-1], rel=0.01)
    assert max(wholes) > 2 * min(wholes)


@pytest.mark.slow
def test_the_cheapest_of_many_tables_is_found_by_few_measurements(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = branched(tmp_path)
    path.write_text(BRANCHED.replace("| 8 ", "| 12") + "target t { use stm32l4r5, clock 120 MHz }\n", encoding="utf-8")
    taken = []
    for objective in ("cycles", "energy"):
        command = ["tune", str(path), "--build", str(tmp_path / "build"), "--objective", objective]
        assert main([*command, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["tables"] == 32 and found["proven"] and found["by_layers"] == found["bound"]
        assert found["cost"] < found["cost_before"]
        assert abs(found["residual"]) < 0.01
        with Store(tmp_path / "build" / "specc.db") as store:
            taken.append(sum(1 for _ in store.all()))
    assert taken[0] == taken[1] < 16, "energy follows from what is measured already"
    assert main(command) == 0
    assert "add up to" in capsys.readouterr().out
