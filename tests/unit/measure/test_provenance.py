"""Hashes change with what they stand for, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from specc.graph.network import Layer, Network
from specc.measure import provenance
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork, TensorFormat
from specc.source import SourceFile
from specc.spec import Spec
from specc.spec.hardware import Fact, FlashCache, FlashTiming, Hardware
from specc.spec.model import InputSpec, LayerSpec, ModelFile, ModelSpec
from specc.units import quantity


def spec(name: str = "n") -> Spec:
    return Spec(
        edition=1,
        model=ModelSpec(name=name, input=InputSpec(name="x", shape=(2,)), layers=(LayerSpec(name="d", kind="dense"),)),
    )


def network() -> QuantizedNetwork:
    layer = Layer("d", "dense", ("x",), ((2,),), (1,))
    numbers = LayerNumbers(np.array([[1, 2]]), np.array([3]), 8, 32, np.array([1 << 30]), np.array([35]))
    form = TensorFormat(0.5, 0, 8, -128, 127)
    return QuantizedNetwork(Network("n", "x", (2,), (layer,)), {"x": form, "d": form}, {"d": numbers})


def test_spec_hash_ignores_where_things_were_written() -> None:
    placed = spec().model_copy(update={"spans": {"": SourceFile("f", "text").span(0, 1)}})
    assert provenance.spec_hash(placed) == provenance.spec_hash(spec())
    assert provenance.spec_hash(spec("m")) != provenance.spec_hash(spec())


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.array([[1, 3]])},
        {"weights": np.array([[1], [2]])},
        {"bias": np.array([4])},
        {"bias": None},
        {"weight_bits": 7},
        {"accumulator_bits": 24},
        {"multipliers": np.array([1])},
        {"shifts": np.array([34])},
        {"clamp_low": 0},
        {"clamp_high": 6},
        {"table": np.array([1])},
    ],
    ids=lambda change: next(iter(change)),
)
def test_graph_hash_changes_with_every_number(change: dict[str, object]) -> None:
    base = network()
    other = replace(base, numbers={"d": replace(base.numbers["d"], **change)})
    assert provenance.graph_hash(other) != provenance.graph_hash(base)


def test_graph_hash_changes_with_formats_and_shapes() -> None:
    base = network()
    formats = replace(base, formats=base.formats | {"x": TensorFormat(0.25, 0, 8, -128, 127)})
    shapes = replace(base, network=replace(base.network, input_shape=(3,)))
    assert len({provenance.graph_hash(n) for n in (base, formats, shapes)}) == 3
    assert provenance.graph_hash(network()) == provenance.graph_hash(base)


def test_content_key_does_not_depend_on_order() -> None:
    assert provenance.content_key(a=1, b=[2]) == provenance.content_key(b=[2], a=1)
    assert provenance.content_key(a=1, b=[2]) != provenance.content_key(a=1, b=[3])


def test_fact_sources_name_every_declared_fact() -> None:
    fact = Fact(value=quantity(1, "MHz"), source="data sheet, table 1")
    timing = FlashTiming(line_bytes=8, wait_states=(), source="manual, section 3")
    cache = FlashCache(instruction=None, data=None, source="manual, section 4")
    hardware = Hardware(name="h", title="H", core="cortex-m4", clock=fact, flash_timing=timing, flash_cache=cache)
    assert provenance.fact_sources(hardware) == {
        "clock": "data sheet, table 1",
        "flash_timing": "manual, section 3",
        "flash_cache": "manual, section 4",
    }


def test_versions_of_packages_that_are_there() -> None:
    versions = provenance.library_versions("numpy", "no-such-package-at-all")
    assert versions == {"numpy": np.__version__}


def test_time_has_a_zone() -> None:
    assert datetime.fromisoformat(provenance.now()).utcoffset() is not None


def test_the_model_file_is_named_with_its_hash() -> None:
    assert provenance.model_file(spec()) == ""
    file = ModelFile(path="nets/a.tflite", sha256="ab" * 32, content_=None)
    model = spec().model.model_copy(update={"file": file})
    assert provenance.model_file(spec().model_copy(update={"model": model})) == f"nets/a.tflite, SHA-256 {'ab' * 32}"
