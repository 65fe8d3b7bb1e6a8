"""`weights from "trained.npz"`: what is read is what NumPy wrote; what does not fit is one error."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specc.check import CheckResult, check
from specc.elaborate.importers import ModelFileError
from specc.elaborate.importers.npz import read
from specc.measure.provenance import model_file, spec_hash
from specc.numerics.layer_numbers import QuantizationError
from specc.numerics.quantize import quantize, real_parameters

SPEC = """hwspec 1
model net {
  input x 6x5x2
  conv   c { kernel 3x2, filters 4, activation relu }
  dwconv w { kernel 2x2 }
  dense  d { units 3 }
  weights from "trained.npz"
}
quantization net {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
"""
SHAPES = {"c.weights": (4, 3, 2, 2), "c.bias": (4,), "w.weights": (2, 2, 4), "d.weights": (3, 36), "d.bias": (3,)}
RANGES = {"x.range": (-1.0, 2.0), "c.range": (0.0, 3.0), "w.range": (-4.0, 4.0), "d.range": (0.5, 6.0)}


def arrays(dtype: str = "float32") -> dict[str, np.ndarray]:
    generator = np.random.default_rng(3)
    found = {name: generator.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
    return found | {name: np.array(pair, dtype) for name, pair in RANGES.items()}


def stored(values: dict[str, np.ndarray], *, compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **values)
    return stream.getvalue()


def checked(folder: Path, data: bytes) -> CheckResult:
    (folder / "pyproject.toml").touch()
    (folder / "trained.npz").write_bytes(data)
    (folder / "net.hwspec").write_text(SPEC, encoding="utf-8")
    return check(folder / "net.hwspec")


def only_error(result: CheckResult) -> tuple[str, str]:
    (error,) = (d for d in result.diagnostics if d.severity == "error")
    assert error.primary is not None and error.primary.span.text == '"trained.npz"'
    assert not result.can_be_measured
    return error.code, error.message


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("compressed", [False, True])
def test_weights_are_those_that_numpy_wrote(tmp_path: Path, dtype: str, compressed: bool) -> None:
    values = arrays(dtype)
    result = checked(tmp_path, stored(values, compressed=compressed))
    assert result.spec is not None and result.network is not None and result.can_be_measured
    found = real_parameters(result.spec, result.network)
    for name in ("c", "w", "d"):
        assert np.array_equal(found[name].weights, values[f"{name}.weights"])
        assert np.array_equal(found[name].bias, values.get(f"{name}.bias", np.zeros(4)))


def test_calibrated_scales_come_from_the_ranges(tmp_path: Path) -> None:
    result = checked(tmp_path, stored(arrays()))
    assert result.spec is not None and result.network is not None
    formats = quantize(result.spec, result.network).formats
    # Zero is always in the range: d goes from 0 to 6.
    widths = {"x": 3.0, "c": 3.0, "w": 8.0, "d": 6.0}
    assert {name: form.scale for name, form in formats.items()} == pytest.approx(
        {name: width / 255 for name, width in widths.items()}
    )


def test_a_range_that_is_missing_is_observed(tmp_path: Path) -> None:
    values = arrays()
    del values["w.range"]
    result = checked(tmp_path, stored(values))
    assert result.spec is not None and result.network is not None
    with pytest.raises(QuantizationError, match="needs an input distribution"):
        quantize(result.spec, result.network)
    (tmp_path / "net.hwspec").write_text(SPEC.replace("x 6x5x2", "x 6x5x2 { distribution uniform ±1 }"))
    again = check(tmp_path / "net.hwspec")
    assert again.spec is not None and again.network is not None
    formats = quantize(again.spec, again.network).formats
    assert formats["d"].scale == pytest.approx(6 / 255) and formats["w"].scale != pytest.approx(8 / 255)


def test_another_file_is_another_spec(tmp_path: Path) -> None:
    first = checked(tmp_path, stored(arrays())).spec
    second = checked(tmp_path, stored(arrays("float64"))).spec
    assert first is not None and second is not None and spec_hash(first) != spec_hash(second)
    assert model_file(first).startswith("trained.npz, SHA-256 ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c.weights": None, "c.bias": None}, "there is no `c.weights`, which is 4x3x2x2"),
        ({"c.weights": (4, 2, 3, 2)}, "`c.weights` is 4x2x3x2; `c` needs 4x3x2x2"),
        ({"d.bias": (4,)}, "`d.bias` is 4; `d` needs 3"),
        ({"e.weights": (3, 3)}, "`e.weights` belongs to no layer"),
        ({"e.range": (2,)}, "`e.range` belongs to no layer"),
    ],
)
def test_what_does_not_fit_the_network(tmp_path: Path, change: dict[str, tuple[int, ...] | None], message: str) -> None:
    values = arrays()
    for name, shape in change.items():
        if shape is None:
            del values[name]
        else:
            values[name] = np.sort(np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    code, found = only_error(checked(tmp_path, stored(values)))
    assert code == "E2102" and message in found


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"c.weight": np.zeros(3, np.float32)}, "`c.weight` is none of LAYER.weights"),
        ({"weights": np.zeros(3, np.float32)}, "`weights` is none of"),
        ({"c.bias": np.zeros(3, np.float32)}, "there is `c.bias`, but no `c.weights`"),
        ({"c.weights": np.zeros(3, np.int8)}, "holds `|i1`; weights are float32 or float64"),
        ({"c.weights": np.asfortranarray(np.zeros((3, 2), np.float32))}, "in Fortran's order"),
        ({"c.weights": np.array([{}], object)}, "holds `|O`"),
        ({"c.range": np.zeros(3, np.float32)}, "`c.range` is not two numbers"),
        ({"c.range": np.array([1, 0], np.float32)}, "`c.range` is 1 to 0, which is no range"),
        ({"c.range": np.array([0, np.nan])}, "which is no range"),
    ],
)
def test_what_is_no_file_of_weights(tmp_path: Path, values: dict[str, np.ndarray], message: str) -> None:
    code, found = only_error(checked(tmp_path, stored(values)))
    assert code == "E2202" and message in found


def test_weights_must_be_finite(tmp_path: Path) -> None:
    values = arrays()
    values["d.weights"][1, 1] = np.inf
    result = checked(tmp_path, stored(values))
    assert result.spec is not None and result.network is not None
    with pytest.raises(QuantizationError, match="not finite"):
        quantize(result.spec, result.network)


def test_an_archive_that_unpacks_to_more_than_the_limit() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("c.weights.npy", "w") as entry:
        for _ in range(65):
            entry.write(bytes(1 << 20))
    with pytest.raises(ModelFileError, match="more than 64 MiB together"):
        read(stream.getvalue())


FILES = (stored(arrays()), stored(arrays(), compressed=True))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=6)), max_size=5))
def test_damaged_bytes_are_refused_or_read(data: bytes, changes: list[tuple[int, bytes]]) -> None:
    changed = bytearray(data)
    for place, piece in changes:
        start = place % len(changed)
        changed[start : start + len(piece)] = piece
    try:
        read(bytes(changed))
    except ModelFileError as error:
        assert error.code == "E2202"


def test_truncated_anywhere() -> None:
    for data in FILES:
        for end in range(0, len(data), 37):
            with pytest.raises(ModelFileError):
                read(data[:end])
