"""Opening a model file that a spec names: inside the project, a regular file, not too large."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specc import reads
from specc.elaborate.importers.common import ModelFileError
from specc.elaborate.project import OutsideError, locate, project_folder

SIZE_LIMIT: Final = 1 << 26  # bytes


def read_model_file(written: str, spec: Path | None) -> bytes:
    """The bytes of the file that a spec names by a path relative to itself.

    Raises:
        ModelFileError: there is no such file, it lies outside the project, or it is too large.
    """
    if spec is None:
        raise _refused("a text without a file of its own has no folder to read a model from")
    try:
        path = locate(written, spec.resolve().parent, project_folder(spec))
        if not path.exists():
            raise _refused(f"`{written}` does not exist")
        if not path.is_file():
            raise _refused(f"`{written}` is not a regular file")
        with path.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OutsideError as error:
        raise _refused(f"`{written}` cannot be used: {error}") from error
    except OSError as error:
        raise _refused(f"`{written}` cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise _refused(f"`{written}` is larger than {SIZE_LIMIT >> 20} MiB, the limit for a model")
    reads.read(path, data)
    return data


def _refused(message: str) -> ModelFileError:
    reads.failed()
    return ModelFileError("E2201", message)
