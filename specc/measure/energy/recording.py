"""What a recorder's converter saw of the voltage over a sense resistor, the power that follows, and a file of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specc.measure.energy.csv_file import CLIPPED
from specc.measure.energy.trace import Trace, TraceError
from specc.spec.contract import SenseResistor

if TYPE_CHECKING:
    import numpy.typing as npt

MARK: Final = "D0"  # column of the line that is high during an inference
_CLOCKS_AGREE: Final = 0.03  # share by which the recorder's clock and the computer's may differ without a note
_CLOCK_SECONDS: Final = 2.0  # a shorter recording says nothing about clocks: its frames arrive in bursts


@dataclass(frozen=True)
class Recording:
    """Samples of a recorder, each with its number; where numbers are left out, samples were lost on the way."""

    rate: float  # samples a second, by the recorder's clock
    index: npt.NDArray[Any]  # (samples,), rising
    level: npt.NDArray[Any]  # (samples,), share of the converter's range
    mark: npt.NDArray[Any]  # (samples,), whether an inference was running
    clipped: npt.NDArray[Any]  # (samples,), whether the converter's range was exceeded about then
    seconds: float  # between the arrival of the first and the last of them, by this computer's clock

    @property
    def lost(self) -> int:
        """Samples that never arrived between the first and the last."""
        return int(self.index[-1] - self.index[0]) + 1 - len(self.index)


def power_trace(recording: Recording, sensor: SenseResistor) -> Trace:
    """The power that flows into the board behind the resistor: the resistor's own is not counted.

    Raises:
        TraceError: there are too few samples, or fewer a second than the sensor is declared to take.
    """
    resistor, supply = float(sensor.resistor.base), float(sensor.supply.base)
    current = recording.level * float(sensor.reference.base) / float(sensor.gain.base) / resistor
    largest = float(sensor.reference.base) / float(sensor.gain.base) / resistor
    notes = [
        f"current over {sensor.resistor} with a gain of {sensor.gain}, at most {largest * 1e3:.4g} mA; power is "
        f"current times {sensor.supply} less the resistor's drop; errors of resistor, gain and reference not included"
    ]
    if recording.lost:
        notes.append(f"{recording.lost:,} of {len(recording.index) + recording.lost:,} samples were lost on the way")
    counted = float(recording.index[-1] - recording.index[0]) / recording.rate
    if recording.seconds > _CLOCK_SECONDS and abs(counted / recording.seconds - 1) > _CLOCKS_AGREE:
        notes.append(f"the recorder counted {counted:.4g} s where this computer's clock says {recording.seconds:.4g} s")
    trace = Trace(
        (recording.index - recording.index[0]) / recording.rate,
        current * (supply - current * resistor),
        recording.mark,
        tuple(notes),
        recording.clipped,
    )
    if sensor.required_rate is not None:
        trace.require_rate(float(sensor.required_rate.base))
    return trace


def write_csv(trace: Trace, path: Path) -> None:
    """Write a trace as a file that `read_csv` reads, whole or not at all: time, power, mark and clipped samples.

    Raises:
        TraceError: the file cannot be written.
    """
    import pandas as pd

    columns = {"time (s)": trace.time, "power (W)": trace.power}
    for name, values in ((MARK, trace.mark), (CLIPPED, trace.clipped)):
        if values is not None:
            columns[name] = values.astype(int)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        pd.DataFrame(columns).to_csv(unfinished, index=False, float_format="%.9g")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise TraceError(f"{path}: {error.strerror}") from error
