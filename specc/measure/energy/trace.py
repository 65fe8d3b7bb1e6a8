"""A recorded trace of power over time, and the energy between two moments of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy.typing as npt

MINIMUM_RATE: Final = 1000.0  # samples per second: below, an inference of some milliseconds is a handful of points
_GAP: Final = 10.0  # times the usual distance of two samples


class TraceError(Exception):
    """A recording cannot be used. The message says why, and where."""


@dataclass(frozen=True)
class Trace:
    """Samples of power, in watts, at times in seconds.

    `mark` is the level of one digital line, and `clipped` says where the current was beyond the instrument's range, if
    they were recorded. Samples may be missing; no energy is taken from a time in which some are.
    """

    time: npt.NDArray[Any]
    power: npt.NDArray[Any]
    mark: npt.NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    clipped: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        import numpy as np

        if len(self.time) < 2:
            raise TraceError("the recording has fewer than two samples")
        for name, values in (("time", self.time), ("power", self.power)):
            if not np.isfinite(values).all():
                raise TraceError(f"sample {int(np.argmin(np.isfinite(values))) + 1} has no {name}")
        steps = np.diff(self.time)
        if steps.min() <= 0:
            place = int(np.argmax(steps <= 0)) + 2
            raise TraceError(f"time does not rise at sample {place}")

    @cached_property
    def period(self) -> float:
        """Usual distance of two samples, in seconds."""
        import numpy as np

        return float(np.median(np.diff(self.time)))

    @cached_property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """Times between two samples where others are missing."""
        import numpy as np

        places = np.flatnonzero(np.diff(self.time) > _GAP * self.period)
        return tuple((float(self.time[place]), float(self.time[place + 1])) for place in places)

    def is_whole(self, start: float, end: float) -> bool:
        """Whether no samples are missing between two moments."""
        return all(end <= before or after <= start for before, after in self.gaps)

    @property
    def rate(self) -> float:
        """Samples per second."""
        return 1 / self.period

    def require_rate(self, minimum: float = MINIMUM_RATE) -> None:
        """Refuse a recording that is too coarse.

        Raises:
            TraceError: fewer samples per second than `minimum`.
        """
        if self.rate < minimum * (1 - 1e-6):
            raise TraceError(f"{self.rate:.4g} samples per second are too few: at least {minimum:g} are needed")

    def energy(self, start: float, end: float) -> float:
        """Joules between two moments, by the trapezoidal rule; power between samples is interpolated.

        Raises:
            TraceError: a moment lies outside the recording, or `end` is before `start`; samples are missing between
                them, or the current was beyond the instrument's range.
        """
        if not self.time[0] <= start <= end <= self.time[-1]:
            first, last = float(self.time[0]), float(self.time[-1])
            raise TraceError(f"{start:g} s to {end:g} s is not within the recording of {first:g} s to {last:g} s")
        if not self.is_whole(start, end):
            place, after = next(gap for gap in self.gaps if start < gap[1] and gap[0] < end)
            raise TraceError(f"samples are missing: {after - place:.3g} s without any after {place:g} s")
        if self.clipped is not None:
            self._require_unclipped(start, end)
        return self._until(end) - self._until(start)

    def _require_unclipped(self, start: float, end: float) -> None:
        import numpy as np

        assert self.clipped is not None
        places = np.flatnonzero(self.clipped & (self.time >= start - self.period) & (self.time <= end + self.period))
        if len(places):
            raise TraceError(
                f"the current was beyond the instrument's range at {float(self.time[places[0]]):g} s: the energy would "
                "come out too small; take a smaller resistor or gain"
            )

    @cached_property
    def _cumulative(self) -> npt.NDArray[Any]:
        import numpy as np

        pieces = np.diff(self.time) * (self.power[1:] + self.power[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(pieces)])

    def _until(self, moment: float) -> float:
        import numpy as np

        index = min(int(np.searchsorted(self.time, moment, side="right")) - 1, len(self.time) - 2)
        inside = moment - self.time[index]
        slope = (self.power[index + 1] - self.power[index]) / (self.time[index + 1] - self.time[index])
        return float(self._cumulative[index] + inside * (self.power[index] + slope * inside / 2))
