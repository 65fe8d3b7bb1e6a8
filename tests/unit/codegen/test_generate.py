"""Generated sources: the same every time, safe names, no rebuilding of what is unchanged."""

import subprocess
import sys
from pathlib import Path

import pytest

from specc.codegen.generate import code_hash, generate, render, rows
from specc.codegen.layers import identifiers
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec


def dense_chain(*names: str, seed: int = 1, network: str = "net") -> QuantizedNetwork:
    model = ModelSpec(
        name=network,
        input=InputSpec(name="x", shape=(6,), distribution="normal"),
        layers=tuple(LayerSpec(name=name, kind="dense", units=5) for name in names),
        weights=WeightsSpec(seed=seed),
    )
    table = QuantizationTable(model=network, rows=(QuantizationRow(layer="*", bits=8),))
    spec = Spec(edition=1, model=model, quantization=table)
    return quantize(spec, build_network(model))


def test_the_same_network_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_generate import dense_chain\n"
        "from specc.codegen.generate import code_hash, render\n"
        "print(code_hash(render(dense_chain('a', 'b'))))\n"
    )
    here = str(Path(__file__).parent)
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script, here],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert hashes == {code_hash(render(dense_chain("a", "b")))}


def test_the_hash_follows_what_is_compiled(tmp_path: Path) -> None:
    files = render(dense_chain("a"))
    board = tmp_path / "board.c"
    board.write_text("one")
    first = code_hash(files, [board])
    assert first == code_hash(files, [board]) != code_hash(files)
    board.write_text("two")
    assert code_hash(files, [board]) != first
    assert code_hash(render(dense_chain("a", seed=2)), [board]) != first


def test_unchanged_files_are_not_written_again(tmp_path: Path) -> None:
    code = generate(dense_chain("a"), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = generate(dense_chain("a"), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert again == code
    assert sorted(path.name for path in before) == ["network.c", "network_data.h"]


def test_the_arena_holds_what_lives_at_once(tmp_path: Path) -> None:
    code = generate(dense_chain("a", "b"), tmp_path)
    assert code.arena_bytes == 16  # 6 and 5 codes, each rounded up to words; the third takes the place of the first


NAMES = ("int", "register", "a-b", "a_b", "a.b", "ä", "0", "layer_x", "main", "specc_layers", "INPUT", "a" * 300)


def test_identifiers_are_distinct_and_valid() -> None:
    names = identifiers(dense_chain(*NAMES).network)
    assert len(set(names.values())) == len(NAMES)
    assert all(f"layer_{name}".isidentifier() and name.isascii() for name in names.values())


def test_names_that_mean_something_in_c_compile(toolchain: Toolchain, tmp_path: Path) -> None:
    code = generate(dense_chain(*(name for name in NAMES if name != "INPUT")), tmp_path / "source")
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0; }")
    toolchain.compile([code.sources[0], source], tmp_path / "program", HOST_FLAGS, code.include_folders)


@pytest.mark.parametrize("name", ['x"; system("reboot"); //', "a\\", "a\nb", "*/ int evil; /*", "??/", "ü"])
def test_text_from_a_spec_is_text_in_the_program(toolchain: Toolchain, tmp_path: Path, name: str) -> None:
    code = generate(dense_chain(name, network=name), tmp_path / "source")
    source = tmp_path / "main.c"
    source.write_text(
        '#include "network.h"\n#include <stdio.h>\n'
        "int main(void) { fputs(specc_network_name, stdout); fputs(specc_layers[0].name, stdout); return 0; }"
    )
    toolchain.compile([code.sources[0], source], tmp_path / "program", HOST_FLAGS, code.include_folders)
    assert subprocess.run([tmp_path / "program"], capture_output=True, check=True).stdout == 2 * name.encode()


def test_long_arrays_are_broken_into_lines() -> None:
    text = rows(range(-500, 500))
    assert all(len(line) <= 120 for line in text.splitlines())
    assert [int(word) for word in text.replace(",", " ").split()] == list(range(-500, 500))
