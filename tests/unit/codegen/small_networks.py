"""Networks that use every kind of layer, for the writers of other people's files."""

from specc.graph.build import build_network
from specc.numerics.quantize import quantize
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

CONV = LayerSpec(name="conv", kind="conv", kernel=(3, 3), padding="same", units=6, activation="relu")
D7 = LayerSpec(name="d", kind="dense", units=7)
NETWORKS = {
    "conv same": (CONV,),
    "conv strided": (CONV.model_copy(update={"stride": (2, 2), "kernel": (4, 3)}),),
    "conv valid": (CONV.model_copy(update={"padding": "valid", "stride": (3, 2)}),),
    "depthwise": (LayerSpec(name="d", kind="dwconv", kernel=(3, 5), stride=(2, 2), padding="same"),),
    "relu6": (CONV.model_copy(update={"activation": "relu6"}),),
    "pools": (
        CONV,
        LayerSpec(name="most", kind="maxpool", kernel=(3, 3), stride=(2, 2), padding="same"),
        LayerSpec(name="mean", kind="avgpool"),
    ),
    "dense": (LayerSpec(name="a", kind="dense", units=7), LayerSpec(name="b", kind="dense", units=3)),
    "flatten": (CONV, LayerSpec(name="flat", kind="flatten"), LayerSpec(name="b", kind="dense", units=3)),
    "add": (
        CONV,
        LayerSpec(name="other", kind="conv", kernel=(1, 1), units=6),
        LayerSpec(name="sum", kind="add", inputs=("other", "conv")),
    ),
    "sigmoid and tanh": (CONV, LayerSpec(name="t", kind="tanh"), D7, LayerSpec(name="s", kind="sigmoid")),
    "softmax": (LayerSpec(name="a", kind="dense", units=9), LayerSpec(name="s", kind="softmax")),
}


def network(layers: tuple[LayerSpec, ...], bits: int = 8) -> tuple[Spec, QuantizedNetwork]:
    model = ModelSpec(
        name="small",
        input=InputSpec(name="image", shape=(11, 9, 3), distribution="normal"),
        layers=layers,
        weights=WeightsSpec(seed=3),
    )
    table = QuantizationTable(model="small", rows=(QuantizationRow(layer="*", bits=bits),))
    spec = Spec(edition=1, model=model, quantization=table)
    return spec, quantize(spec, build_network(model))
