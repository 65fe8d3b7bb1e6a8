"""Small random networks of every kind of layer, with tables that are wide enough to be more than noise."""

import random

from specc.graph.build import build_network
from specc.graph.network import Network
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec


def table(*rows: QuantizationRow) -> QuantizationTable:
    return QuantizationTable(model="m", rows=rows)


def calibrated(bits: int = 8) -> QuantizationTable:
    return table(QuantizationRow(layer="*", bits=bits))


def spec_of(*layers: LayerSpec, shape: tuple[int, ...], rows: QuantizationTable | None = None, seed: int = 1) -> Spec:
    model = ModelSpec(
        name="m",
        input=InputSpec(name="x", shape=shape, distribution="normal"),
        layers=layers,
        weights=WeightsSpec(seed=seed),
    )
    return Spec(edition=1, model=model, quantization=rows or calibrated())


def network_of(spec: Spec) -> Network:
    return build_network(spec.model)


def random_spec(seed: int) -> Spec:
    """Convolutions and pools, a residual addition, then dense layers and sometimes a softmax."""
    choose = random.Random(seed)
    shape = (choose.randint(4, 7), choose.randint(4, 7), choose.randint(1, 3))
    layers: list[LayerSpec] = []
    for index in range(choose.randint(1, 3)):
        layers.append(_spatial(choose, f"s{index}"))
        if choose.random() < 0.4:
            # A branch that keeps its input's shape, and its sum with that input.
            before = layers[-1].name
            layers.append(LayerSpec(name=f"b{index}", kind="dwconv", kernel=(3, 3), padding="same"))
            activation = choose.choice(["linear", "relu"])
            layers.append(LayerSpec(name=f"a{index}", kind="add", inputs=(before, f"b{index}"), activation=activation))
        if choose.random() < 0.3:
            layers.append(LayerSpec(name=f"r{index}", kind=choose.choice(["relu", "relu6", "sigmoid", "tanh"])))
    end = choose.choice(["flatten", "avgpool", "dense"])
    if end != "dense":
        layers.append(LayerSpec(name="end", kind=end))
    layers.append(LayerSpec(name="hidden", kind="dense", units=choose.randint(3, 6), activation="relu"))
    layers.append(LayerSpec(name="out", kind="dense", units=choose.randint(2, 4)))
    if choose.random() < 0.5:
        layers.append(LayerSpec(name="probabilities", kind="softmax"))
    rows = [QuantizationRow(layer=layer.name, bits=choose.choice([6, 8, 10, 12])) for layer in layers]
    return spec_of(*layers, shape=shape, rows=table(*rows), seed=seed)


def _spatial(choose: random.Random, name: str) -> LayerSpec:
    kind = choose.choice(["conv", "conv", "dwconv", "maxpool", "avgpool"])
    # An average pool knows no padding: what it takes off, three of them must leave something of.
    kernel = (2 if name == "s0" else 1, 2) if kind == "avgpool" else (choose.randint(1, 3),) * 2
    return LayerSpec(
        name=name,
        kind=kind,
        kernel=kernel,
        stride=(1, 1) if kind == "avgpool" else (choose.randint(1, 2), 1),
        padding="valid" if kind == "avgpool" else "same",
        units=choose.randint(2, 4) if kind == "conv" else None,
        activation=choose.choice(["linear", "relu", "relu6"]) if kind in ("conv", "dwconv") else "linear",
    )
