"""The kernels for x86 computers, in every variant: every code of every layer is the integer golden model's."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
from pathlib import Path

import pytest
from kernel_networks import Widths, inputs_of, side_by_side
from test_dsp_pools import LARGEST, MEANS, drawn
from test_wide_kernels import WIDTHS

from specc.codegen import gcc
from specc.codegen.generate import generate, kernel_names
from specc.codegen.kernels import X86
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.numerics import golden
from specc.numerics.inputs import to_bytes
from specc.numerics.quantized import QuantizedNetwork
from specc.resources import resource
from specc.spec.model import LayerSpec

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="this computer is no x86: it cannot run these kernels"
)

VARIANTS = ("avx512", "avx2", "portable")  # on a computer that lacks one, the next lesser runs in its place


def conv(units: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="conv", kernel=kernel, stride=stride, padding=padding, units=units)


def depthwise(kernel: tuple[int, int] = (3, 3), stride: tuple[int, int] = (1, 1), padding: str = "same") -> LayerSpec:
    return LayerSpec(name="a", kind="dwconv", kernel=kernel, stride=stride, padding=padding)


def dense(units: int) -> LayerSpec:
    return LayerSpec(name="a", kind="dense", units=units)


ADD = LayerSpec(name="a", kind="add")

# Filters on both sides of every block and group, positions on both sides of what is done at once, channels that fill no
# word and that fill vectors in turns, rows of more than one tile.
NETWORKS = {
    "blocks": ((2, 7, 5), [conv(units, (1, 1)) for units in (1, 16, 17, 32, 40, 64, 65, 80, 112, 130)]),
    "windows": (
        (5, 9, 3),
        [
            conv(4, (3, 3)),
            conv(20, (3, 3), (2, 2)),
            conv(64, (2, 5), (1, 3)),
            conv(33, (4, 2), (3, 1), "valid"),
            conv(16, (5, 9), padding="valid"),
            conv(8, (1, 1), (2, 2)),
        ],
    ),
    "positions": ((1, 25, 4), [conv(16, (1, 1)), conv(32, (1, 3)), conv(48, (1, 2)), conv(64, (1, 1), (1, 2))]),
    "one position": ((1, 1, 72), [conv(3, (1, 1)), conv(64, (3, 3)), depthwise()]),
    "tiles": ((3, 290, 40), [conv(18, (3, 3)), conv(16, (1, 1)), depthwise((3, 5)), depthwise((2, 3), (1, 2))]),
    **{
        f"depthwise, {channels} channels": (
            (5, 7, channels),
            [
                depthwise(),
                depthwise(stride=(2, 2)),
                depthwise((2, 5), (1, 3)),
                depthwise((1, 1), (1, 2)),
                depthwise((4, 2), (3, 1), "valid"),
            ],
        )
        for channels in (1, 5, 16, 64, 96)
    },
    "dense": ((37,), [dense(units) for units in (1, 16, 33, 128, 129, 144, 200)]),
    "dense, one feature": ((1,), [dense(3), ADD]),
    "additions": ((3, 5, 7), [ADD, ADD, ADD]),
}
WIDE = {  # with the width that is tried each time
    "blocks": "",
    "windows": "16 bits, accumulators of 24",
    "positions": "12 bits, from 0",
    "dense": "16 bits",
    "one position": "16 by 8 bits",
    "depthwise, 5 channels": "16 bits, accumulators of 24",
    "depthwise, 16 channels": "",
    "depthwise, 96 channels": "16 by 8 bits",
}


def differing_layers(
    toolchain: Toolchain,
    folder: Path,
    network: QuantizedNetwork,
    *flags: str,
    variants: tuple[str, ...] = VARIANTS,
    threads: int = 1,
) -> list[str]:
    """Variant, layer and input of each output that is not the golden model's."""
    code = generate(network, folder / "source", X86, threads=threads)
    program = folder / "network"
    sources = [*code.sources, resource("firmware", "host/board.c")]
    assert toolchain.compile(sources, program, (*toolchain.native, *flags), code.include_folders) == ""
    codes = inputs_of(network, 1)
    expected = golden.run(network, codes)
    form = network.formats[network.network.input]
    commands = "".join(f"trace {to_bytes(one, form).hex()}\n" for one in codes)
    wrong = []
    for variant in variants:
        environment = os.environ | {"SPECC_KERNELS": variant, "SPECC_THREADS": str(threads)}
        done = subprocess.run(
            [program], input=commands, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        lines = [line.split() for line in done.stdout.splitlines() if line.startswith("layer")]
        layers = network.network.layers
        assert len(lines) == len(codes) * len(layers)
        for number, (_, _, data) in enumerate(lines):
            layer, index = layers[number % len(layers)], number // len(layers)
            if data != to_bytes(expected[layer.name][index], network.formats[layer.name]).hex():
                wrong.append(f"{variant}: {layer.name}, input {index}")
    return wrong


@pytest.mark.parametrize("name", NETWORKS)
def test_every_code_in_every_variant(toolchain: Toolchain, tmp_path: Path, name: str) -> None:
    shape, layers = NETWORKS[name]
    network = side_by_side(shape, layers, seed=sum(shape))
    assert {name.split("/")[0] for name in kernel_names(network, X86).values()} == {X86}
    assert differing_layers(toolchain, tmp_path, network, "-O2") == []


@pytest.mark.parametrize(
    ("name", "width"),
    [
        pytest.param(name, width, marks=[] if width == own else pytest.mark.slow)
        for name, own in WIDE.items()
        for width in WIDTHS
        if not width.startswith("8 bits")
    ],
)
def test_every_wide_code_in_every_variant(toolchain: Toolchain, tmp_path: Path, name: str, width: str) -> None:
    """Sums that wrap, too: the drawn constants are large."""
    shape, layers = NETWORKS[name]
    network = side_by_side(shape, layers, sum(shape), WIDTHS[width])
    assert {kernel.partition("_")[2] for kernel in kernel_names(network, X86).values()} == {"wide"}
    assert differing_layers(toolchain, tmp_path, network, "-O2") == []


@pytest.mark.parametrize(
    ("codes", "weights", "out"), [(8, 16, 8), (8, 8, 16), (16, 8, 8)], ids=["weights", "outputs", "inputs"]
)
def test_every_code_where_one_alone_is_wide(
    toolchain: Toolchain, tmp_path: Path, codes: int, weights: int, out: int
) -> None:
    shape, layers = NETWORKS["windows"]
    more = [conv(7, (1, 1)), depthwise(), depthwise((2, 2), (1, 2))]
    network = side_by_side(shape, [*layers, *more], 1, Widths(codes, weights))
    half, formats = 1 << (out - 1), dict(network.formats)
    for layer in network.network.layers:
        formats[layer.name] = dataclasses.replace(formats[layer.name], bits=out, low=-half, high=half - 1, zero_point=3)
    clamps = {"clamp_low": -half, "clamp_high": half - 2}
    numbers = {name: dataclasses.replace(own, **clamps) for name, own in network.numbers.items()}
    network = dataclasses.replace(network, formats=formats, numbers=numbers)
    assert set(kernel_names(network, X86).values()) == {"x86/conv_wide", "x86/dwconv_wide"}
    assert differing_layers(toolchain, tmp_path, network, "-O2") == []


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("shape", [(5, 7, 1), (5, 7, 6), (6, 51, 130)])
def test_pools(toolchain: Toolchain, tmp_path: Path, shape: tuple[int, ...], bits: int) -> None:
    """Channels on both sides of what is done at once, and padding."""
    network = drawn(shape, [*LARGEST, *(MEANS if shape[1] == 51 else [])], Widths(bits))
    assert {kernel.partition("/")[0] for kernel in kernel_names(network, X86).values()} == {X86}
    assert differing_layers(toolchain, tmp_path, network, "-O2", variants=VARIANTS[:1]) == []


@pytest.mark.parametrize("name", ["windows", "tiles", "dense", "additions"])
def test_every_code_by_threads(toolchain: Toolchain, tmp_path: Path, name: str) -> None:
    """Three: they share neither rows nor tiles nor blocks of units evenly."""
    shape, layers = NETWORKS[name]
    network = side_by_side(shape, layers, seed=sum(shape))
    assert differing_layers(toolchain, tmp_path, network, "-O2", threads=3) == []


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("-O0",), ("-Os",), ("-O3", "-march=x86_64")])
def test_other_flags(toolchain: Toolchain, tmp_path: Path, flags: tuple[str, ...]) -> None:
    for number, (shape, layers) in enumerate(NETWORKS.values()):
        network = side_by_side(shape, layers, seed=sum(shape) + 1)
        assert differing_layers(toolchain, tmp_path / str(number), network, *flags) == []


@pytest.mark.skipif(not gcc.installed(), reason="gcc is not installed on this computer")
@pytest.mark.parametrize(
    ("name", "threads", "bits"),
    [("windows", 1, 8), ("tiles", 1, 8), ("additions", 1, 8), ("additions", 3, 8), ("one position", 1, 16)],
)
def test_every_code_by_another_compiler(tmp_path: Path, name: str, threads: int, bits: int) -> None:
    """Without a warning, too: of pragmas that only the other compiler knows, for example."""
    shape, layers = NETWORKS[name]
    network = side_by_side(shape, layers, sum(shape), Widths(bits, bits))
    assert differing_layers(gcc.Gcc(tmp_path), tmp_path, network, "-O2", threads=threads) == []


def test_a_variant_can_be_asked_for_by_the_environment(toolchain: Toolchain, tmp_path: Path) -> None:
    """Else the tests above would test one variant three times."""
    includes = '#include <stdio.h>\n#include "arithmetic.h"\n#include "x86/variant.h"\n'
    main = includes + 'int main(void) { printf("%d", variant()); }'
    (tmp_path / "main.c").write_text(main)
    toolchain.compile([tmp_path / "main.c"], tmp_path / "main", (*HOST_FLAGS,), [resource("firmware", "kernels")])
    found = [
        int(subprocess.run([tmp_path / "main"], env={"SPECC_KERNELS": name}, capture_output=True, check=True).stdout)
        for name in VARIANTS
    ]
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    has_512 = all(f" {flag} " in cpu for flag in ("avx512f", "avx512bw", "avx512vl", "avx512_vnni"))
    assert found == ([3, 2, 1] if has_512 else [2, 2, 1] if " avx2 " in cpu else [1, 1, 1])
