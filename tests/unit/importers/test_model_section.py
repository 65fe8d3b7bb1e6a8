"""`from "model.tflite"` in a spec: which files may be read, what else the section may say, and that it measures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tflite_writer import Operator, Tensor, constant, write

from specc.check import CheckResult, check, check_source
from specc.cli import main
from specc.codegen.toolchain import Toolchain
from specc.elaborate.importers.files import SIZE_LIMIT
from specc.elaborate.project import project_folder
from specc.numerics.quantize import QuantizationError, quantize
from specc.source import SourceFile

SPEC = """hwspec 1
model net {
  from "net.tflite"
MORE}
TABLE
target board { use stm32l4r5, clock 120 MHz }
budget board { latency total <= 1 s }
"""
CALIBRATED = "quantization net {\n  | layer | bits | range |\n  | ----- | ---- | ----- |\n  | * | 8 | calibrated |\n}\n"


def network(kind: str) -> bytes:
    """An image of 6x5x1, a convolution with 2 filters, and a dense layer with 3 units; codes or real numbers."""
    generator = np.random.default_rng(8)
    real = kind == "float32"
    own = {} if real else {"scale": (0.1,), "zero_point": (0,)}

    def weights(*shape: int) -> Tensor:
        values = generator.standard_normal(shape)
        return constant(values.astype(np.float32)) if real else constant((values * 30).astype(np.int8), scale=(0.01,))

    tensors = [
        Tensor((1, 6, 5, 1), kind, **own),
        weights(2, 3, 3, 1),
        Tensor((1, 4, 3, 2), kind, **own),
        weights(3, 24),
        Tensor((1, 3), kind, **own),
    ]
    operators = [
        Operator("CONV_2D", (0, 1, -1), (2,), {"Padding": 1, "StrideW": 1, "StrideH": 1}),
        Operator("FULLY_CONNECTED", (2, 3, -1), (4,)),
    ]
    return write(tensors, operators)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a model of each kind."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "net.tflite").write_bytes(network("int8"))
    (folder / "real.tflite").write_bytes(network("float32"))
    return folder


def checked(
    project: Path, *, more: str = "", table: str = "", path: str = "net.tflite", name: str = "a"
) -> CheckResult:
    spec = project / f"{name}.hwspec"
    spec.parent.mkdir(exist_ok=True, parents=True)
    text = SPEC.replace("net.tflite", path).replace("MORE", more).replace("TABLE", table)
    spec.write_text(text, encoding="utf-8")
    return check(spec)


def test_a_file_of_codes_needs_nothing_to_be_calibrated_on(project: Path) -> None:
    assert checked(project).diagnostics == ()
    (found,) = checked(project, path="real.tflite", table=CALIBRATED, name="b").diagnostics
    assert found.code == "W3106"


def only_error(result: CheckResult) -> tuple[str, str, str]:
    """Code, message and marked text of the one error."""
    (error,) = (d for d in result.diagnostics if d.severity == "error")
    assert error.primary is not None
    return error.code, error.message, error.primary.span.text


def test_a_file_is_a_network(project: Path) -> None:
    result = checked(project, more="  input photo 6x5x1 { distribution uniform ±1 }\n")
    assert not result.diagnostics and result.spec is not None and result.network is not None
    assert [layer.name for layer in result.network.layers] == ["conv0", "dense1"]
    assert result.network.input == "photo"
    assert result.network.macs == 4 * 3 * 9 * 2 + 24 * 3
    assert result.spec.quantization is not None and result.spec.quantization.rows[0].bits == 8
    data = json.loads(result.spec.model_dump_json())
    assert set(data["model"]["file"]) == {"path", "sha256"}


def test_the_hash_follows_the_file(project: Path) -> None:
    before = checked(project).spec
    (project / "net.tflite").write_bytes(network("int8") + b"\0")
    after = checked(project).spec
    assert before is not None and after is not None and before != after


def test_layers_of_the_file_can_be_named(project: Path) -> None:
    result = checked(project, table="budget all { latency conv0+dense1 <= 1 s }\n")
    assert not result.has_errors
    code, message, marked = only_error(checked(project, table="budget all { latency conv1 <= 1 s }\n"))
    assert (code, message, marked) == ("E1011", "the model has no layer `conv1`", "conv1")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.tflite", "does not exist"),
        ("../outside.tflite", "the path leads out of the project folder"),
        ("inner/../../outside.tflite", "leads out of the project"),
        ("link.tflite", "leads out of the project"),
        ("linked_folder/outside.tflite", "leads out of the project"),
        ("circle.tflite", "cannot be"),
        ("inner", "is not a regular file"),
        ("pipe.tflite", "is not a regular file"),
        ("/etc/passwd", "a path is relative"),
        ("large.tflite", "is larger than 64 MiB"),
        ("net.txt", "is no format of a model"),
    ],
)
def test_only_files_inside_the_project_are_read(project: Path, path: str, message: str) -> None:
    import os

    (project.parent / "outside.tflite").write_bytes(network("int8"))
    (project / "inner").mkdir()
    (project / "link.tflite").symlink_to(project.parent / "outside.tflite")
    (project / "linked_folder").symlink_to(project.parent)
    (project / "circle.tflite").symlink_to("circle.tflite")
    (project / "net.txt").write_bytes(network("int8"))
    os.mkfifo(project / "pipe.tflite")
    with (project / "large.tflite").open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)
    code, found, marked = only_error(checked(project, path=path))
    assert (code, marked) == ("E2201", f'"{path}"')
    assert message in found


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    (project / "alias.tflite").symlink_to("net.tflite")
    assert not checked(project, path="alias.tflite").has_errors


def test_the_project_is_the_nearest_marked_folder(project: Path) -> None:
    assert not checked(project, path="../net.tflite", name="specs/deep").has_errors
    assert project_folder(project / "specs" / "deep.hwspec") == project
    (project / "specs" / ".git").mkdir()
    assert only_error(checked(project, path="../net.tflite", name="specs/deep"))[0] == "E2201"


def test_without_a_mark_the_project_is_the_folder_of_the_spec(project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project.parent / "net.tflite").write_bytes(network("int8"))
    if project_folder(project / "a.hwspec") != project:
        pytest.skip("a folder above the temporary one is a project")
    assert only_error(checked(project, path="../net.tflite"))[0] == "E2201"


def test_a_text_without_a_file_reads_nothing() -> None:
    text = SPEC.replace("MORE", "").replace("TABLE", "")
    code, message, _ = only_error(check_source(SourceFile("<editor>", text)))
    assert code == "E2201" and "no folder to read a model from" in message


def test_a_damaged_file_gives_one_error(project: Path) -> None:
    """Names of its layers are not known, and are not reported on top."""
    (project / "net.tflite").write_bytes(network("int8")[:200])
    table = "budget all { latency conv0 <= 1 s }\nschedule net { fuse conv0+dense1 }\n"
    code, _, marked = only_error(checked(project, table=table))
    assert (code, marked) == ("E2202", '"net.tflite"')


def test_a_path_without_quotes_gives_one_error(project: Path) -> None:
    table = "budget all { latency conv0 <= 1 s }\n"
    spec = project / "a.hwspec"
    text = SPEC.replace('"net.tflite"', "net").replace("MORE", "").replace("TABLE", table)
    spec.write_text(text, encoding="utf-8")
    assert only_error(check(spec)) == ("E1007", "expected the path of a model, found a word `net`", "net")


def test_the_input_cannot_be_called_as_a_layer(project: Path) -> None:
    code, message, _ = only_error(checked(project, more="  input conv0\n"))
    assert code == "E2205" and "`conv0`, which is the name of a layer" in message


def test_a_table_contradicts_a_file_of_codes(project: Path) -> None:
    code, message, marked = only_error(checked(project, table=CALIBRATED))
    assert (code, marked) == ("E2205", "quantization net")
    assert message == "`net.tflite` is quantized already; a table would contradict it"


def test_a_shape_contradicts_the_file(project: Path) -> None:
    code, message, marked = only_error(checked(project, more="  input photo 7x5x1\n"))
    assert (code, message, marked) == ("E2205", "the input of the file is 6x5x1", "7x5x1")


@pytest.mark.parametrize("line", ["conv extra { kernel 3x3, filters 2 }", "weights seed 3"])
def test_layers_and_weights_are_the_files(project: Path, line: str) -> None:
    code, _, marked = only_error(checked(project, more=f"  {line}\n"))
    assert (code, marked) == ("E1013", line.split(" {", maxsplit=1)[0])


def test_a_file_of_real_numbers_is_quantized_by_the_table(project: Path) -> None:
    more = "  input photo { distribution uniform ±1 }\n"
    result = checked(project, more=more, table=CALIBRATED, path="real.tflite")
    assert not result.has_errors and result.spec is not None and result.network is not None
    numbers = quantize(result.spec, result.network).numbers["conv0"]
    assert numbers.weights is not None
    # Per filter, the largest weight takes the largest code.
    stored = np.random.default_rng(8).standard_normal((2, 3, 3, 1)).astype(np.float32)
    peaks = np.abs(stored).reshape(2, -1).max(axis=1)
    expected = np.rint(stored / (peaks / 127).reshape(2, 1, 1, 1))
    assert np.array_equal(numbers.weights, expected)


def test_real_numbers_without_a_table_cannot_be_measured(project: Path) -> None:
    result = checked(project, path="real.tflite")
    assert not result.has_errors and result.spec is not None and result.network is not None
    with pytest.raises(QuantizationError, match="no quantization table"):
        quantize(result.spec, result.network)


def test_a_file_is_measured_bit_for_bit(
    project: Path, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the file to the virtual board: its output is that of the integer model."""
    result = checked(project, more="  input photo { distribution uniform ±1 }\n")
    assert not result.has_errors
    assert main(["verify", str(project / "a.hwspec"), "--build", str(toolchain.build_folder), "--format", "json"]) == 0
    measured = json.loads(capsys.readouterr().out)["measurements"]["board"]
    assert measured["output_matches_golden"] is True
    assert [layer["name"] for layer in measured["layers"]] == ["conv0", "dense1"]


def test_checking_a_file_loads_no_numerics(project: Path) -> None:
    """The importer reads TensorFlow Lite files by itself, so that a check starts as fast as for declared layers."""
    assert not checked(project).has_errors
    program = "import sys; from specc.cli import main; main(sys.argv[1:]); print(*sorted(sys.modules))"
    command = [sys.executable, "-c", program, "check", str(project / "a.hwspec")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"numpy", "tflite", "flatbuffers", "onnx"} & set(done.stdout.split())
