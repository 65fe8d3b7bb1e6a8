"""The inferences in a trace: where they are, what each took, and how it splits over the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specc.evidence import Figure
from specc.measure.energy.trace import Trace, TraceError
from specc.measure.statistics import CONFIDENCE, bootstrap_median, percentile

if TYPE_CHECKING:
    import numpy.typing as npt

Window = tuple[float, float]


@dataclass(frozen=True)
class InferenceEnergy:
    """What a trace says of one inference."""

    total: Figure  # joules, idle floor included
    layers: dict[str, Figure]  # joules
    idle_watts: float | None  # median power outside of inferences
    inferences: int


def marked_windows(trace: Trace) -> list[Window]:
    """The times during which the digital line is high, less those that the recording's ends or missing samples cut.

    An edge lies somewhere between two samples; it is put in the middle.

    Raises:
        TraceError: no line was recorded, it never rises and falls, or samples are missing wherever it does.
    """
    import numpy as np

    if trace.mark is None:
        raise TraceError("the recording has no digital line that marks inferences")
    level = np.asarray(trace.mark, dtype=np.int8)
    edges = np.flatnonzero(np.diff(level))
    middles = (trace.time[edges] + trace.time[edges + 1]) / 2
    rises = level[edges + 1] == 1
    starts, ends = middles[rises], middles[~rises]
    if len(starts):
        ends = ends[ends > starts[0]]
    windows = [(float(start), float(end)) for start, end in zip(starts, ends, strict=False)]
    if not windows:
        raise TraceError("the digital line never rises and falls again: no whole inference was recorded")
    whole = [window for window in windows if trace.is_whole(*window)]
    if not whole:
        raise TraceError("samples are missing in every inference that was recorded")
    return whole


def attribute(
    trace: Trace, windows: Sequence[Window], shares: dict[str, float], inferences_per_window: int = 1
) -> InferenceEnergy:
    """Energy of one inference, and of its layers.

    Args:
        trace: power over time.
        windows: start and end of each inference, or of each run of several.
        shares: duration of each layer as a share of an inference, in order of execution. Used where a window is one
            inference; empty: nothing is split.
        inferences_per_window: inferences that follow each other within a window.

    Raises:
        TraceError: there is no window, or one lies outside of the recording.
    """
    if not windows or inferences_per_window < 1:
        raise TraceError("there is no inference to take energy from")
    energies = [trace.energy(start, end) / inferences_per_window for start, end in windows]
    idle = _idle(trace, windows)
    duration = sum(end - start for start, end in windows) / len(windows)
    active = percentile(energies, 50) * inferences_per_window / duration if duration else 0.0
    # Each of the two edges is known to half a sample; moving it trades active power for idle power.
    alignment = trace.period * abs(active - (idle or 0.0)) / inferences_per_window
    total = _figure(energies, alignment, f"{len(windows)} windows of {inferences_per_window} inferences")
    layers = {}
    if inferences_per_window == 1:
        start_share = 0.0
        for name, share in shares.items():
            parts = [
                trace.energy(start + start_share * (end - start), start + (start_share + share) * (end - start))
                for start, end in windows
            ]
            start_share += share
            slack = trace.period * active
            layers[name] = _figure(parts, slack, "trace split by the layers' measured shares of the time")
    return InferenceEnergy(total, layers, idle, len(windows) * inferences_per_window)


def _figure(energies: list[float], alignment: float, what: str) -> Figure:
    middle = percentile(energies, 50)
    low, high = bootstrap_median(energies) if len(energies) > 1 else (middle, middle)
    interval = f"{CONFIDENCE:.0%} bootstrap interval of the median" if len(energies) > 1 else "one window"
    return Figure(
        value=middle,
        low=max(0.0, low - alignment),
        high=high + alignment,
        unit="J",
        evidence="measured",
        basis=f"{what}; {interval}, widened by {alignment:.3g} J of alignment; the instrument's own error not included",
    )


def _idle(trace: Trace, windows: Sequence[Window]) -> float | None:
    import numpy as np

    outside: npt.NDArray[Any] = np.ones(len(trace.time), dtype=bool)
    for start, end in windows:
        outside &= (trace.time < start - trace.period) | (trace.time > end + trace.period)
    return float(np.median(trace.power[outside])) if outside.any() else None
