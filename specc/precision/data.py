"""Data sets: labelled inputs in `.npz` files."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from specc.graph.build import show
from specc.graph.network import Shape
from specc.numerics.quantized import IntArray
from specc.numerics.weights import FloatArray

LARGEST_FILE: Final = 1 << 30  # bytes


class DataError(Exception):
    """A file is no data set, or not one for this network. The message names it and says what was expected."""


@dataclass(frozen=True)
class Data:
    """Labelled inputs: (samples, *input shape), and the class of each."""

    name: str
    inputs: FloatArray
    labels: IntArray
    sha256: str


def load(name: str, path: Path, shape: Shape, classes: int) -> Data:
    """Read arrays `x` (samples, *shape) and `y` (samples,) from an `.npz` file.

    Raises:
        DataError: the file cannot be read, or does not hold such arrays.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path}: larger than {LARGEST_FILE >> 30} GiB")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            missing = {"x", "y"} - set(stored.files)
            if missing:
                raise DataError(f"{path}: holds no array {' or '.join(sorted(missing))}: inputs x and labels y")
            x, y = stored["x"], stored["y"]
    except DataError:
        raise
    except Exception as error:  # zip, zlib, format and value errors: whatever the bytes are, they are no data set
        raise DataError(f"{path}: not an .npz file of numbers: {error}") from error
    if x.ndim == 0 or len(x) == 0 or x.size != len(x) * int(np.prod(shape)) or x.dtype.kind not in "fiub":
        raise DataError(f"{path}: x is {x.dtype} {show(x.shape)}; expected numbers, samples x {show(shape)}")
    if y.shape != (len(x),) or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"{path}: y is {y.dtype} {show(y.shape)}; expected {len(x)} whole numbers from 0 to {classes - 1}"
        )
    inputs = x.reshape(len(x), *shape).astype(np.float64)
    if not np.isfinite(inputs).all():
        raise DataError(f"{path}: x holds values that are not finite")
    return Data(name, inputs, y.astype(np.int64), hashlib.sha256(content).hexdigest())
