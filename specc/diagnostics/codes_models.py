"""Codes of networks that come from a file (E22xx)."""

from __future__ import annotations

from typing import Final

from specc.diagnostics.code import Code, register

_MODELS: Final = (
    Code(
        "E2201",
        "error",
        "model file cannot be read",
        "The path is written relative to the spec file and leads to a file inside the project: .tflite or .onnx for a\n"
        "network, .npz for weights alone. The project is\n"
        "the nearest folder above the spec that holds `.git` or `pyproject.toml`, or else the spec's own folder.\n"
        "Symbolic links are followed only within it, because specs come from others. At most 64 MiB are read.",
    ),
    Code(
        "E2202",
        "error",
        "model file is damaged",
        "What the file says of itself is impossible: it ends too early, an offset leads out of it, shapes do not\n"
        "fit their data, a tensor is read before it is made. Nothing of such a file is used. Export it again.",
    ),
    Code(
        "E2203",
        "error",
        "operator not supported",
        "The network contains what no layer of specc computes exactly. The message names the operator by its\n"
        "number and output, says what would be needed, and lists what is supported. docs/models.md has the\n"
        "conditions of each operator.",
    ),
    Code(
        "E2204",
        "error",
        "importer not installed",
        "ONNX files are read with the package onnx, which is not installed by default:\n\n"
        "    pip install 'specc[onnx]'",
    ),
    Code(
        "E2205",
        "error",
        "spec contradicts its model file",
        "A network comes from its file as it is: layers, weights and shapes are not declared again, and a file of\n"
        "8-bit integers brings its own quantization. A quantization section belongs to a file of real numbers.",
    ),
)

register(*_MODELS)
