"""Files that mean harm: whatever they say, there is a network or one ModelFileError, soon and in little space."""

from __future__ import annotations

import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_networks import SPAN
from tflite_writer import Operator, Tensor, constant, write

from specc.elaborate.importers import ModelFileError, import_model
from specc.elaborate.importers.flatbuffer import DamagedError, Table, root


def small_network() -> bytes:
    generator = np.random.default_rng(5)
    tensors = [
        Tensor((1, 4, 4, 1), scale=(0.1,), zero_point=(0,)),
        constant(generator.integers(-9, 9, (2, 3, 3, 1)).astype(np.int8), scale=(0.1, 0.2)),
        constant(np.array([1, 2], np.int32)),
        Tensor((1, 4, 4, 2), scale=(0.1,), zero_point=(-128,)),
        constant(np.array([1, 2], np.int32)),
        Tensor((1, 2), scale=(0.1,), zero_point=(-128,)),
        Tensor((1, 2), scale=(2**-8,), zero_point=(-128,)),
    ]
    operators = [
        Operator("CONV_2D", (0, 1, 2), (3,), {"Padding": 0, "StrideW": 1, "StrideH": 1}),
        Operator("MEAN", (3, 4), (5,)),
        Operator("SOFTMAX", (5,), (6,), {"Beta": 1.0}),
    ]
    return write(tensors, operators)


NETWORK = small_network()


def survives(data: bytes) -> None:
    """The bytes are refused or understood; nothing else is raised."""
    try:
        import_model(data, ".tflite", SPAN)
    except ModelFileError as error:
        assert error.code in ("E2202", "E2203") and str(error)


def test_the_network_itself_is_understood() -> None:
    assert len(import_model(NETWORK, ".tflite", SPAN).layers) == 3


def test_truncated_anywhere() -> None:
    for end in range(0, len(NETWORK), 3):
        survives(NETWORK[:end])


@settings(max_examples=400)
@given(st.lists(st.tuples(st.integers(0, len(NETWORK) - 4), st.binary(min_size=1, max_size=4)), max_size=6))
def test_any_bytes_changed(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(NETWORK)
    for position, replacement in changes:
        data[position : position + len(replacement)] = replacement
    survives(bytes(data))


def test_every_word_made_extreme() -> None:
    for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        for position in range(0, len(NETWORK) - 4, 4):
            survives(NETWORK[:position] + struct.pack("<I", value) + NETWORK[position + 4 :])


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\xff" * 64, b"\x08\0\0\0TFL3" + b"\0" * 100])
def test_no_network_at_all(data: bytes) -> None:
    with pytest.raises(ModelFileError) as caught:
        import_model(data, ".tflite", SPAN)
    assert caught.value.code in ("E2202", "E2203")


def test_a_vector_longer_than_the_file_is_not_read() -> None:
    # A root table with one field, whose vector claims four thousand million items.
    data = struct.pack("<IHHiII", 8, 6, 8, 4, 4, 0xFFFFFFFF)
    table = root(data)
    assert isinstance(table, Table)
    with pytest.raises(DamagedError, match="reaches beyond the end"):
        table.content(0)


def test_layers_that_share_one_large_buffer_have_a_limit() -> None:
    """Weights that the file stores once, and that very many layers name."""
    features = 200
    weights = constant(np.ones((features, features), np.int8), scale=(0.1,))
    count = 1700  # times 200 x 200 weights
    tensors = [Tensor((1, features), scale=(0.1,), zero_point=(0,)), weights]
    tensors += [Tensor((1, features), scale=(0.1,), zero_point=(0,)) for _ in range(count)]
    operators = [
        Operator("FULLY_CONNECTED", (index + 1 if index else 0, 1, -1), (index + 2,)) for index in range(count)
    ]
    data = write(tensors, operators)
    tracemalloc.start()
    start = time.monotonic()
    with pytest.raises(ModelFileError, match="weights together"):
        import_model(data, ".tflite", SPAN)
    seconds = time.monotonic() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20
    assert seconds < 20


def test_too_many_operators() -> None:
    tensors = [Tensor((1, 2), scale=(0.1,), zero_point=(0,))] * 5001
    operators = [Operator("RELU", (index,), (index + 1,)) for index in range(5000)]
    with pytest.raises(ModelFileError, match="4,096 are the limit"):
        import_model(write(tensors, operators), ".tflite", SPAN)
