"""What every number format can do."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class NumberFormat(Protocol):
    """A set of real numbers with a rule that picks one of them for any real number."""

    @property
    def name(self) -> str:
        """The name a quantization table uses."""
        ...

    @property
    def bits(self) -> float:
        """Bits of one number, its part of a shared scale included."""
        ...

    def round(self, values: Array) -> Array:
        """The representable numbers nearest to `values`, in the same shape; not-a-number stays what it is."""
        ...


class ScalarFormat(NumberFormat, Protocol):
    """A format in which each number stands for itself."""

    def values(self) -> Array:
        """Every finite number of the format once, ascending. For formats of up to 16 bits."""
        ...
