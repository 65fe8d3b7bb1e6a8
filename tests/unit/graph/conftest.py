"""Networks that several tests look at."""

import pytest

from specc.graph.build import build_network
from specc.graph.network import Network
from specc.spec.model import InputSpec, LayerSpec, ModelSpec


@pytest.fixture
def keyword_spotting() -> Network:
    """The depthwise-separable network of MLPerf Tiny, written out."""
    relu = {"activation": "relu"}
    first = {"name": "c0", "kind": "conv", "kernel": (10, 4), "stride": (2, 2), "padding": "same", "units": 64}
    layers = [LayerSpec.model_validate(first | relu)]
    for index in range(1, 5):
        depthwise = {"name": f"d{index}", "kind": "dwconv", "kernel": (3, 3), "padding": "same"}
        pointwise = {"name": f"p{index}", "kind": "conv", "kernel": (1, 1), "units": 64}
        layers += [LayerSpec.model_validate(depthwise | relu), LayerSpec.model_validate(pointwise | relu)]
    layers.append(LayerSpec(name="pool", kind="avgpool"))
    layers.append(LayerSpec(name="classes", kind="dense", units=12))
    layers.append(LayerSpec(name="scores", kind="softmax"))
    return build_network(ModelSpec(name="kws", input=InputSpec(name="x", shape=(49, 10, 1)), layers=tuple(layers)))
