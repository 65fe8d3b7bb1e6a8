"""One run over all iterations: sums by block, which can be stored, resumed and compared bit by bit."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.numerics.weights import FloatArray
from specc.precision.moments import Moments
from specc.precision.statistics import Estimate, LayerStatistics, LayerSums, layer_statistics, output_noise

_PARTS: Final = ("difference", "cross", "full")


@dataclass
class BlockSums:
    """Sums over the iterations of one block, before the block's own means are taken off."""

    count: int
    layers: dict[str, Moments]
    error_square: float  # of outputs: sum of |y_q - y_f|^2
    output_square: float  # sum of |y_f|^2
    output: FloatArray  # sum of y_f


@dataclass(frozen=True)
class Statistics:
    """What a run says about a table. `digest` is that of all its sums: equal runs have equal digests."""

    iterations: int
    layers: tuple[LayerStatistics, ...]
    noise: Estimate | None  # root mean square error of the output over its standard deviation; None: it never varies
    digest: str

    def layer(self, name: str) -> LayerStatistics:
        """The statistics of one layer.

        Raises:
            KeyError: no layer of that name has weights.
        """
        for own in self.layers:
            if own.name == name:
                return own
        raise KeyError(name)


class Run:
    """The sums of a run, block by block; those not yet taken are zero."""

    def __init__(self, blocks: int, weights: dict[str, int]) -> None:
        """`weights` says how many each layer has."""
        self.counts = np.zeros(blocks)
        self._output_error = np.zeros(blocks)
        self._output_spread = np.zeros(blocks)
        self._sums = {
            name: LayerSums(np.zeros(blocks), np.zeros(blocks), np.zeros(blocks), np.zeros((blocks, size), np.float32))
            for name, size in weights.items()
        }

    def missing(self) -> list[int]:
        """Blocks that are still to be taken."""
        return [int(block) for block in np.flatnonzero(self.counts == 0)]

    def put(self, block: int, sums: BlockSums) -> None:
        """Take in a whole block."""
        count = sums.count
        for name, moments in sums.layers.items():
            own, d, f = self._sums[name], moments.difference, moments.full
            own.difference[block] = moments.difference_square - d @ d / count
            own.cross[block] = moments.cross - d @ f / count
            own.full[block] = moments.full_square - f @ f / count
            own.means[block] = d / count
        self._output_error[block] = sums.error_square
        self._output_spread[block] = sums.output_square - sums.output @ sums.output / count
        self.counts[block] = count  # last: a block with a count is complete

    def statistics(self) -> Statistics:
        """What the run says. All blocks must have been taken."""
        assert not self.missing(), "the run is not complete"
        layers = tuple(layer_statistics(name, self.counts, sums) for name, sums in self._sums.items())
        noise = output_noise(self.counts, self._output_error, self._output_spread)
        return Statistics(int(self.counts.sum()), layers, noise, self.digest())

    def digest(self) -> str:
        """SHA-256 of every sum."""
        text = hashlib.sha256()
        for name, array in self._arrays().items():
            text.update(name.encode())
            text.update(array.tobytes())
        return text.hexdigest()

    def to_bytes(self) -> bytes:
        """The run as it is, complete or not."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **self._arrays())
        return buffer.getvalue()

    def restore(self, data: bytes) -> None:
        """Take over what `to_bytes` gave.

        Raises:
            ValueError: it is damaged, or that of another network.
        """
        own = self._arrays()
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except Exception as error:  # zip, zlib, format and key errors: whatever the bytes are, they are not a run
            raise ValueError(f"not a stored run: {error}") from error
        if {name: (a.shape, a.dtype) for name, a in arrays.items()} != {n: (a.shape, a.dtype) for n, a in own.items()}:
            raise ValueError("the stored run is that of another network")
        for name, array in own.items():
            array[...] = arrays[name]

    def _arrays(self) -> dict[str, npt.NDArray[np.floating]]:
        arrays: dict[str, npt.NDArray[np.floating]] = {
            "counts": self.counts,
            "output error": self._output_error,
            "output spread": self._output_spread,
        }
        for name, sums in self._sums.items():
            arrays |= {f"{part} {name}": getattr(sums, part) for part in (*_PARTS, "means")}
        return arrays
