"""The harness as a program on a pipe: its protocol, and what it says to everything that is not the protocol."""

import dataclasses
import random
import subprocess
from pathlib import Path

import pytest

from specc.codegen.generate import generate
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.graph.build import build_network
from specc.graph.execution import Execution, runs_by_rows
from specc.numerics import golden
from specc.numerics.inputs import draw_codes, to_bytes
from specc.numerics.quantize import quantize
from specc.resources import resource
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec


@pytest.fixture(scope="module")
def program(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of 3 inputs, a flatten (which has no code) and a dense layer."""
    model = ModelSpec(
        name="tiny",
        input=InputSpec(name="x", shape=(3, 1, 1), distribution="normal"),
        layers=(LayerSpec(name="f", kind="flatten"), LayerSpec(name="d", kind="dense", units=2)),
        weights=WeightsSpec(seed=1),
    )
    spec = Spec(
        edition=1,
        model=model,
        quantization=QuantizationTable(model="tiny", rows=(QuantizationRow(layer="*", bits=8),)),
    )
    folder = tmp_path_factory.mktemp("harness")
    code = generate(quantize(spec, build_network(model)), folder / "source")
    sources = [*code.sources, resource("firmware", "host/board.c")]
    toolchain.compile(sources, folder / "program", [*HOST_FLAGS, "-O1"], code.include_folders)
    return folder / "program"


def talk(program: Path, said: bytes) -> list[str]:
    done = subprocess.run([program], input=said, capture_output=True, timeout=30, check=True)
    return done.stdout.decode().splitlines()


def test_a_conversation(program: Path) -> None:
    hello, *trace, result, memory, bye = talk(program, b"hello\ntrace 010203\nmemory\nquit\nhello\n")
    assert hello == "specc 1 tiny 2 ns"
    assert [line.split()[:2] for line in trace] == [["layer", "0"], ["layer", "1"]]
    assert trace[0] == "layer 0 010203"  # what a flatten gives is its input
    kind, output, total, *layers = result.split()
    assert kind == "result" and output == trace[1].split()[2]
    assert int(total) == sum(map(int, layers)) and len(layers) == 2
    assert (memory, bye) == ("memory 0 0", "bye")  # nothing is served after quit


def test_running_again_gives_the_same_output(program: Path) -> None:
    lines = talk(program, b"run 7f80ff\n" * 50)
    assert len(lines) == 50 and len({line.split()[1] for line in lines}) == 1
    assert all(int(line.split()[2]) >= sum(map(int, line.split()[3:])) for line in lines)


def test_inferences_right_after_each_other_are_those_one_by_one(program: Path) -> None:
    one, *repeated, hello = talk(program, b"run 7f80ff\nrepeat 40 7f80ff\nhello\n")
    assert len(repeated) == 40 and {line.split()[1] for line in repeated} == {one.split()[1]}
    for line in repeated:
        kind, _, total, *layers = line.split()
        assert kind == "result" and len(layers) == 2 and 0 < sum(map(int, layers)) <= int(total)
    assert hello.startswith("specc")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"repeat", "error a count from 1 to 1000 is expected"),
        (b"repeat 0 010203", "error a count from 1 to 1000 is expected"),
        (b"repeat 1001 010203", "error a count from 1 to 1000 is expected"),
        (b"repeat 4294967297 010203", "error a count from 1 to 1000 is expected"),
        (b"repeat -1 010203", "error a count from 1 to 1000 is expected"),
        (b"repeat  010203", "error a count from 1 to 1000 is expected"),
        (b"repeat 2", "error input is too short"),
        (b"repeat 2 0102", "error input is too short"),
        (b"repeat 2 01020304", "error input is too long"),
        (b"repeat 2 0102g3", "error input is not hexadecimal"),
        (b"run 0102", "error input is too short"),
        (b"run 01020", "error input is too short"),
        (b"run", "error input is too short"),
        (b"run ", "error input is too short"),
        (b"trace", "error input is too short"),
        (b"run 01020304", "error input is too long"),
        (b"run 0102030", "error input is too long"),
        (b"run 01 203", "error input is not hexadecimal"),
        (b"run 0102g3", "error input is not hexadecimal"),
        (b"run \xff\x00\x80", "error input is not hexadecimal"),
        (b"run " + b"f" * 100_000, "error input is too long"),
        (b"", "error unknown command"),
        (b"HELLO", "error unknown command"),
        (b"hell", "error unknown command"),
        (b"helloo", "error unknown command"),
        (b" hello", "error unknown command"),
        (b"runrunrunrunrunrunrun 010203", "error unknown command"),
        (b"\x00hello", "error unknown command"),
        (b"a" * 1_000_000, "error unknown command"),
    ],
)
def test_a_bad_line_gets_one_error_and_the_next_is_served(program: Path, line: bytes, answer: str) -> None:
    assert talk(program, line + b"\nhello\n") == [answer, "specc 1 tiny 2 ns"]


@pytest.mark.parametrize("said", [b"hello\r\n", b"hello", b"hello there\n"])
def test_line_ends_and_further_words_do_not_matter(program: Path, said: bytes) -> None:
    assert talk(program, said) == ["specc 1 tiny 2 ns"]


def test_hexadecimal_of_both_cases(program: Path) -> None:
    small, capital = talk(program, b"trace 0aff7f\ntrace 0AFF7F\n")[0::3]
    assert small == capital == "layer 0 0aff7f"


def test_noise_gets_at_most_one_answer_a_line_and_never_a_crash(program: Path) -> None:
    noise = random.Random(1).randbytes(200_000)
    lines = talk(program, noise + b"\nhello\n")
    assert lines[-1] == "specc 1 tiny 2 ns"
    assert len(lines) <= noise.count(b"\n") + 2


@pytest.mark.parametrize("streamed", [False, True], ids=["whole input", "input by rows"])
def test_repeating_survives_that_an_inference_overwrites_its_input(
    toolchain: Toolchain, tmp_path: Path, streamed: bool
) -> None:
    model = ModelSpec(
        name="tiny",
        input=InputSpec(name="x", shape=(6, 2, 1), distribution="normal"),
        layers=(
            LayerSpec(name="r", kind="relu"),
            LayerSpec(name="c", kind="conv", kernel=(3, 1), padding="same", units=1),
            LayerSpec(name="d", kind="conv", kernel=(3, 1), padding="same", units=1),
        ),
        weights=WeightsSpec(seed=1),
    )
    table = QuantizationTable(model="tiny", rows=(QuantizationRow(layer="*", bits=8),))
    network = quantize(Spec(edition=1, model=model, quantization=table), build_network(model))
    if streamed:
        step = runs_by_rows(network.network, 0, 2, streamed=True)
        assert step is not None
        network = dataclasses.replace(network, execution=Execution((step,)))
        assert network.rings["x"] < 6  # rows that the program keeps
    code = generate(network, tmp_path / "source")
    sources = [*code.sources, resource("firmware", "host/board.c")]
    toolchain.compile(sources, tmp_path / "program", [*HOST_FLAGS, "-O1"], code.include_folders)
    codes = draw_codes(model.input, network, 1, seed=1)
    expected = to_bytes(golden.run(network, codes)["d"][0], network.formats["d"]).hex()
    assert len(set(expected)) > 2
    answers = talk(tmp_path / "program", b"repeat 3 " + to_bytes(codes[0], network.formats["x"]).hex().encode())
    assert [line.split()[1] for line in answers] == [expected] * 3
