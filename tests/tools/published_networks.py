"""The networks that published results are about: read from the reference models, or built as their papers state."""

from __future__ import annotations

import ast
import math
from typing import Any, Final

from specc.graph.build import build_network
from specc.graph.network import Network
from specc.predict.networks import Mix
from specc.spec.model import InputSpec, LayerSpec, ModelSpec

REFERENCE: Final = {
    "ad01_int8.tflite": "ad",
    "kws_ref_model.tflite": "kws",
    "pretrainedResnet_quant.tflite": "ic",
    "str_ww_ref_model.tflite": "sww",
    "vww_96_int8.tflite": "vww",
}
# Howard et al., MobileNets (arXiv:1704.04861), table 1: filters and stride of each depthwise separable block.
MOBILENET_V1: Final = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *[(512, 1)] * 5,
    *((1024, 2), (1024, 1)),
)
# Sandler et al., MobileNetV2 (arXiv:1801.04381), table 2: expansion, channels, repetitions, stride.
MOBILENET_V2: Final = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)


class Builder:
    """Layers one after the other; every layer reads the one before it unless told otherwise."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._input = InputSpec(name="input", shape=shape)
        self._layers: list[LayerSpec] = []
        self.last = "input"

    def add(self, kind: str, **fields: Any) -> str:
        """Append a layer; the value is its name."""
        self.last = f"{kind}{len(self._layers)}"
        self._layers.append(LayerSpec(name=self.last, kind=kind, **fields))  # type: ignore[arg-type]
        return self.last

    def conv(self, filters: int, size: int, stride: int = 1, **fields: Any) -> str:
        """A convolution that keeps the size but for its stride."""
        return self.add("conv", units=filters, kernel=(size, size), stride=(stride, stride), padding="same", **fields)

    def depthwise(self, stride: int) -> str:
        """A depthwise convolution of 3x3."""
        return self.add("dwconv", kernel=(3, 3), stride=(stride, stride), padding="same")

    def classifier(self, classes: int) -> Network:
        """Global pooling, one dense layer, softmax; the network."""
        self.add("avgpool")
        return self.dense(classes)

    def dense(self, classes: int) -> Network:
        """One dense layer, softmax; the network."""
        self.add("dense", units=classes)
        self.add("softmax")
        return build_network(ModelSpec(name="network", input=self._input, layers=tuple(self._layers)))


def mobilenet_v1(alpha: float, size: int, channels: int, classes: int) -> Network:
    """MobileNet v1 of width `alpha`."""
    net = Builder((size, size, channels))
    net.conv(int(32 * alpha), 3, 2)
    for filters, stride in MOBILENET_V1:
        net.depthwise(stride)
        net.conv(int(filters * alpha), 1)
    return net.classifier(classes)


def mobilenet_v2(alpha: float, size: int, classes: int) -> Network:
    """MobileNet v2 of width `alpha`, on pictures of three channels."""
    net = Builder((size, size, 3))
    net.conv(eighths(32 * alpha), 3, 2)
    width = eighths(32 * alpha)
    for expansion, channels, repetitions, first_stride in MOBILENET_V2:
        filters = eighths(channels * alpha)
        for repetition in range(repetitions):
            stride, entry = (1 if repetition else first_stride), net.last
            if expansion > 1:
                net.conv(width * expansion, 1)
            net.depthwise(stride)
            result = net.conv(filters, 1)
            if stride == 1 and width == filters:
                net.add("add", inputs=(entry, result))
            width = filters
    net.conv(max(1280, eighths(1280 * alpha)), 1)
    return net.classifier(classes)


def eighths(channels: float) -> int:
    """A width in multiples of eight, never a tenth below what was asked for (MobileNet v2, as its authors build it)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def resnet_v1(blocks: int, classes: int) -> Network:
    """ResNet for CIFAR (He et al., arXiv:1512.03385, section 4.2), `blocks` for each of 16, 32 and 64 filters."""
    net = Builder((32, 32, 3))
    net.conv(16, 3)
    for filters in (16, 32, 64):
        for block in range(blocks):
            entry, stride = net.last, (2 if block == 0 and filters > 16 else 1)
            net.conv(filters, 3, stride)
            result = net.conv(filters, 3)
            if stride == 2:
                entry = net.conv(filters, 1, 2, inputs=(entry,))
            net.add("add", inputs=(entry, result))
    return net.classifier(classes)


def tinymaix_cifar10() -> Network:
    """TinyMaix's network for CIFAR-10: three strided convolutions of 5x5 and one dense layer."""
    net = Builder((32, 32, 3))
    for filters in (32, 32, 64):
        net.conv(filters, 5, 2)
    net.add("flatten")
    return net.dense(10)


def architectures() -> dict[str, tuple[Network, str]]:
    """Networks that are built, with the source of each."""
    first, second = "MobileNets, arXiv:1704.04861, table 1", "MobileNetV2, arXiv:1801.04381, table 2"
    found = {
        f"mobilenet_v1_{alpha}_{size}x{size}x{channels}_{classes}": (
            mobilenet_v1(alpha, size, channels, classes),
            first,
        )
        for alpha in (0.25, 0.5, 1.0)
        for size, channels in ((96, 1), (96, 3), (128, 3), (224, 3))
        for classes in (5, 101, 1000)
    }
    found |= {
        f"mobilenet_v2_{alpha}_{size}x{size}x3_{classes}": (mobilenet_v2(alpha, size, classes), second)
        for alpha in (0.35, 1.0, 1.4)
        for size in (128, 224)
        for classes in (2, 5, 101, 1000)
    }
    return found | {
        "person_detection": (
            mobilenet_v1(0.25, 96, 1, 2),
            f"tensorflow/tflite-micro, examples/person_detection: MobileNet v1 0.25 on 96x96x1; {first}",
        ),
        "resnet_v1_32": (resnet_v1(5, 100), "He et al., arXiv:1512.03385, section 4.2, n = 5, on CIFAR-100"),
        "tinymaix_cifar10": (
            tinymaix_cifar10(),
            "sipeed/TinyMaix@a69bbf7: doc/porting/Port_CORE_CM0_on_Kintex-7_FPGA.md, listing of the layers",
        ),
    }


def reference_mixes(layers: list[dict[str, str]]) -> dict[str, tuple[Mix, str]]:
    """Operator mixes of the reference models, from a table of their layers."""
    found: dict[str, tuple[Mix, str]] = {}
    for file, name in REFERENCE.items():
        rows = [row for row in layers if row["model"] == file]
        macs = {"conv": 0, "pointwise": 0, "depthwise": 0, "dense": 0}
        weights = 0
        for row in rows:
            shape = shape_of(row["weight_shape"])
            if row["op"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
                weights += math.prod(shape)
                kind = {"DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense"}.get(row["op"])
                macs[kind or ("pointwise" if shape[1:3] == [1, 1] else "conv")] += int(row["macs"])
        outputs = sum(math.prod(shape_of(row["out_shape"])) for row in rows if row["op"] != "RESHAPE")
        mix = Mix(**macs, weights=weights, inputs=math.prod(shape_of(rows[0]["in_shape"])), outputs=outputs)
        found[name] = (mix, f"mlcommons/tiny, {file}")
    return found


def shape_of(text: str) -> list[int]:
    """A shape as the table writes it."""
    return list(ast.literal_eval(text)) if text else []
