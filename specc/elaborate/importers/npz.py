"""Trained weights in an `.npz` file of NumPy, read without NumPy: a ZIP archive of arrays with a header each.

The format is that of "NumPy Enhancement Proposal 1: a simple file format for NumPy arrays" (versions 1 to 3).
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from typing import Final, Literal

from specc.elaborate.importers.common import check_extents, damaged
from specc.elaborate.importers.files import SIZE_LIMIT
from specc.spec.imported import Constant, ImportedWeights, StoredWeights

_MAGIC: Final = b"\x93NUMPY"
_HEADER: Final = re.compile(
    r"\{'descr': '(?P<item>[^']*)', 'fortran_order': (?P<fortran>True|False), 'shape': \((?P<shape>[0-9, ]*)\), \}\s*"
)
_ITEMS: Final[dict[str, tuple[Literal["float32", "float64"], int]]] = {"<f4": ("float32", 4), "<f8": ("float64", 8)}
_ARRAYS: Final = 3 * 4096  # for as many layers as a network from a file may have
_HEADER_LIMIT: Final = 4096  # bytes


def read(data: bytes) -> StoredWeights:
    """The arrays `LAYER.weights`, `LAYER.bias` and `TENSOR.range` of a file.

    Raises:
        ModelFileError: the bytes are no such file, or hold something else.
    """
    arrays = _arrays(data)
    found: dict[str, dict[str, Constant]] = {"weights": {}, "bias": {}, "range": {}}
    for name, array in arrays.items():
        owner, _, what = name.rpartition(".")
        if not owner or what not in found:
            raise damaged(f"the array `{name[:80]}` is none of LAYER.weights, LAYER.bias and TENSOR.range")
        found[what][owner] = array
    if lost := found["bias"].keys() - found["weights"].keys():
        raise damaged(f"there is `{min(lost)}.bias`, but no `{min(lost)}.weights`")
    weights = {name: ImportedWeights(array, found["bias"].get(name)) for name, array in found["weights"].items()}
    return StoredWeights(weights, {name: _range(name, array) for name, array in found["range"].items()})


def _arrays(data: bytes) -> dict[str, Constant]:
    """Every array of the archive by name, none larger than the whole may be."""
    arrays: dict[str, Constant] = {}
    left = SIZE_LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _ARRAYS:
                raise damaged(f"it holds {len(entries):,} arrays; {_ARRAYS:,} are the limit")
            for entry in entries:
                with archive.open(entry) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise damaged(f"its arrays have more than {SIZE_LIMIT >> 20} MiB together")
                name = entry.filename.removesuffix(".npy")
                arrays[name] = _array(name, content)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise damaged(f"it is no .npz file: {error}") from error
    return arrays


def _array(name: str, content: bytes) -> Constant:
    """One array: magic, version, length of the header, header, items."""
    if content[:6] != _MAGIC or len(content) < 12:
        raise damaged(f"`{name[:80]}` is no array of NumPy")
    start, length = (10, struct.unpack_from("<H", content, 8)[0])
    if content[6] > 1:
        start, length = (12, struct.unpack_from("<I", content, 8)[0])
    header = _HEADER.fullmatch(content[start : start + min(length, _HEADER_LIMIT)].decode("latin-1"))
    if header is None:
        raise damaged(f"`{name[:80]}` has a header that no version of NumPy writes")
    shape = tuple(int(extent) for extent in header["shape"].replace(" ", "").split(",") if extent)
    if header["item"] not in _ITEMS or header["fortran"] == "True":
        order = ", in Fortran's order" if header["fortran"] == "True" else ""
        raise damaged(f"`{name[:80]}` holds `{header['item'][:20]}`{order}; weights are float32 or float64, in C order")
    item, size = _ITEMS[header["item"]]
    check_extents(f"`{name[:80]}`", shape)
    items = memoryview(content)[start + length :]
    if len(items) != size * math.prod(shape):
        raise damaged(f"`{name[:80]}` has {len(items):,} bytes of items; its shape needs {size * math.prod(shape):,}")
    return Constant(item, shape, items)


def _range(name: str, array: Constant) -> tuple[float, float]:
    if array.shape != (2,):
        raise damaged(f"`{name[:80]}.range` is not two numbers, the smallest and the largest value")
    low, high = struct.unpack("<2f" if array.item_type == "float32" else "<2d", array.data)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise damaged(f"`{name[:80]}.range` is {low:g} to {high:g}, which is no range")
    return low, high
