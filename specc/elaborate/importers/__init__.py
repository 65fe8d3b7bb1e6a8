"""Networks from model files. A file is untrusted: whatever it holds becomes a network or one diagnostic."""

from __future__ import annotations

from pathlib import PurePosixPath

from specc.elaborate.importers.common import ModelFileError
from specc.elaborate.importers.files import read_model_file
from specc.source import Span
from specc.spec.imported import ImportedModel
from specc.spec.model import ModelFile, WeightsFile

__all__ = ["ModelFileError", "import_file", "import_model", "import_weights"]


def import_file(written: str, span: Span, input_name: str | None) -> ModelFile:
    """The network of the file that a spec names at `span`.

    Raises:
        ModelFileError: the file cannot be read or used.
    """
    import hashlib

    data = read_model_file(written, span.source.path)
    content = import_model(data, PurePosixPath(written).suffix.lower(), span, input_name)
    return ModelFile.model_construct(
        path=written, sha256=hashlib.sha256(data).hexdigest(), content_=content, spans={"": span}
    )


def import_model(data: bytes, suffix: str, span: Span, input_name: str | None = None) -> ImportedModel:
    """The network of a file's bytes; `suffix` says which format it is.

    Raises:
        ModelFileError: the format is not known, or the bytes cannot be used.
    """
    if suffix == ".tflite":
        from specc.elaborate.importers.tflite import read as read_tflite

        return read_tflite(data, span, input_name)
    if suffix == ".onnx":
        from specc.elaborate.importers.onnx import read as read_onnx

        return read_onnx(data, span, input_name)
    raise ModelFileError("E2201", f"`{suffix or 'no suffix'}` is no format of a model: .tflite or .onnx")


def import_weights(written: str, span: Span) -> WeightsFile:
    """The weights of the `.npz` file that a spec names at `span`.

    Raises:
        ModelFileError: the file cannot be read or used.
    """
    import hashlib

    from specc.elaborate.importers.npz import read

    data = read_model_file(written, span.source.path)
    sha256 = hashlib.sha256(data).hexdigest()
    return WeightsFile.model_construct(path=written, sha256=sha256, content_=read(data), spans={"": span})
