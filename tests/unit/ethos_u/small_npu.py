"""A small network that uses most kinds of layers, in 8 bits."""

from pathlib import Path

from specc.diagnostics.model import Sink
from specc.elaborate.hardware import load_hardware
from specc.graph.build import build_network
from specc.measure.backend import Job
from specc.numerics.quantize import quantize
from specc.spec import Spec
from specc.spec.hardware import Hardware, Target
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable, WeightsSpec

LAYERS = (
    LayerSpec(name="stem", kind="conv", kernel=(3, 3), stride=(2, 2), padding="same", units=8, activation="relu"),
    LayerSpec(name="deep", kind="dwconv", kernel=(3, 3), padding="same", activation="relu6"),
    LayerSpec(name="point", kind="conv", kernel=(1, 1), units=8),
    LayerSpec(name="sum", kind="add", inputs=("point", "stem")),
    LayerSpec(name="most", kind="maxpool", kernel=(2, 2), stride=(2, 2)),
    LayerSpec(name="mean", kind="avgpool"),
    LayerSpec(name="head", kind="dense", units=5),
    LayerSpec(name="scores", kind="softmax"),
)


def small_spec(bits: int = 8, layers: tuple[LayerSpec, ...] = LAYERS) -> Spec:
    model = ModelSpec(
        name="small",
        input=InputSpec(name="image", shape=(16, 12, 3), distribution="uniform"),
        layers=layers,
        weights=WeightsSpec(seed=7),
    )
    table = QuantizationTable(model="small", rows=(QuantizationRow(layer="*", bits=bits),))
    return Spec(edition=1, model=model, quantization=table)


def library(name: str) -> Hardware:
    sink = Sink()
    hardware = load_hardware(name, sink)
    assert hardware is not None, list(sink)
    return hardware


def npu_job(folder: Path, hardware: str = "ethos_u55_128", spec: Spec | None = None) -> Job:
    spec = spec or small_spec()
    target = Target(name="npu", hardware=library(hardware))
    return Job(spec, target, quantize(spec, build_network(spec.model)), folder, lambda text: None)
