"""Energy of inferences whose power is known by construction."""

import numpy as np
import pytest

from specc.measure.energy.inferences import attribute, marked_windows
from specc.measure.energy.trace import Trace, TraceError


def recording(rate: float = 10_000, inferences: int = 5) -> Trace:
    """Idle at 1 mW; every 20 ms an inference of 8 ms at 11 mW, of which the first quarter takes 31 mW."""
    time = np.arange(int(0.02 * inferences * rate)) / rate
    inside = (time % 0.02 >= 0.006) & (time % 0.02 < 0.014)
    first = inside & (time % 0.02 < 0.008)
    return Trace(time, np.where(first, 31e-3, np.where(inside, 11e-3, 1e-3)), inside)


ENERGY = 2e-3 * 31e-3 + 6e-3 * 11e-3  # 128 uJ
SHARES = {"first": 0.25, "second": 0.5, "third": 0.25}


def test_energy_of_inferences_and_layers() -> None:
    trace = recording()
    windows = marked_windows(trace)
    assert len(windows) == 5
    result = attribute(trace, windows, SHARES)
    assert result.inferences == 5 and result.idle_watts == pytest.approx(1e-3)
    assert result.total.value == pytest.approx(ENERGY, rel=0.02)
    assert (result.total.low or 0) <= ENERGY <= (result.total.high or 0)
    expected = {"first": 62e-6, "second": 44e-6, "third": 22e-6}
    for name, joules in expected.items():
        figure = result.layers[name]
        assert (figure.low or 0) <= joules <= (figure.high or 0), name
        assert figure.value == pytest.approx(joules, rel=0.06)
    assert sum(figure.value or 0 for figure in result.layers.values()) == pytest.approx(result.total.value)


def test_coarser_samples_widen_the_interval_and_still_hold_the_truth() -> None:
    fine, coarse = (
        attribute(trace, marked_windows(trace), {}).total for trace in (recording(20_000), recording(1_000))
    )
    assert (coarse.high or 0) - (coarse.low or 0) > 5 * ((fine.high or 0) - (fine.low or 0))
    for figure in (fine, coarse):
        assert (figure.low or 0) <= ENERGY <= (figure.high or 0)


def test_inferences_back_to_back_in_one_window() -> None:
    time = np.arange(0, 1, 1e-3)
    trace = Trace(time, np.full(len(time), 0.02))
    result = attribute(trace, [(0.1, 0.6)], SHARES, inferences_per_window=50)
    assert result.total.value == pytest.approx(0.02 * 0.5 / 50)
    assert result.layers == {} and result.inferences == 50


def test_windows_cut_off_by_the_ends_are_left_out() -> None:
    time = np.arange(8) / 1000
    trace = Trace(time, np.ones(8), np.array([1, 1, 0, 0, 1, 0, 1, 1], dtype=bool))
    assert marked_windows(trace) == [(pytest.approx(0.0035), pytest.approx(0.0045))]
    for mark in (None, np.ones(8, dtype=bool), np.zeros(8, dtype=bool), np.arange(8) >= 4):
        with pytest.raises(TraceError):
            marked_windows(Trace(time, np.ones(8), mark))


def test_the_integral_is_exact_for_straight_lines() -> None:
    trace = Trace(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0, 4.0]))  # power = time
    for start, end in ((0, 4), (0.25, 0.5), (0.5, 3.5), (2, 2), (3.9, 4)):
        assert trace.energy(start, end) == pytest.approx((end**2 - start**2) / 2)
    for start, end in ((-1, 2), (2, 5), (3, 2)):
        with pytest.raises(TraceError, match="is not within the recording"):
            trace.energy(start, end)


def test_too_few_samples_a_second() -> None:
    slow = Trace(np.arange(100) / 999, np.ones(100))
    with pytest.raises(TraceError, match="999 samples per second are too few: at least 1000"):
        slow.require_rate()
    Trace(np.arange(100) / 1000, np.ones(100)).require_rate()


def test_no_window_no_energy() -> None:
    with pytest.raises(TraceError, match="no inference"):
        attribute(recording(), [], {})
    with pytest.raises(TraceError, match="not within"):
        attribute(recording(), [(0.05, 99.0)], {})


def without(trace: Trace, start: float, end: float) -> Trace:
    """A recording that lost the samples between two moments."""
    kept = (trace.time < start) | (trace.time > end)
    assert trace.mark is not None
    return Trace(trace.time[kept], trace.power[kept], trace.mark[kept])


@pytest.mark.parametrize(
    ("start", "end"),
    [(0.028, 0.031), (0.024, 0.03), (0.03, 0.036), (0.024, 0.036)],
    ids=["inside", "over the rise", "over the fall", "all of it"],
)
def test_an_inference_with_missing_samples_is_left_out(start: float, end: float) -> None:
    """The second of five: no energy is made up for it, and the others keep theirs."""
    whole, lost = recording(), without(recording(), start, end)
    windows = marked_windows(lost)
    assert windows == [window for window in marked_windows(whole) if not 0.02 < window[0] < 0.04]
    assert attribute(lost, windows, {}).total.value == pytest.approx(attribute(whole, windows, {}).total.value)


def test_two_inferences_that_a_gap_joins_are_left_out() -> None:
    windows = marked_windows(without(recording(), 0.03, 0.048))
    assert [round(start, 3) for start, _ in windows] == [0.006, 0.066, 0.086]


def test_samples_missing_everywhere() -> None:
    with pytest.raises(TraceError, match="missing in every inference"):
        marked_windows(without(recording(inferences=1), 0.008, 0.012))
    with pytest.raises(TraceError, match=r"samples are missing: 0\.004\d* s without any after 0\.007"):
        without(recording(), 0.008, 0.012).energy(0.001, 0.05)


def test_a_current_beyond_the_range_gives_no_energy() -> None:
    trace = recording()
    high = Trace(trace.time, trace.power, trace.mark, clipped=trace.time == 0.027)
    windows = marked_windows(high)
    assert attribute(high, [windows[0], *windows[2:]], {}).inferences == 4
    with pytest.raises(TraceError, match=r"beyond the instrument's range at 0\.027 s"):
        attribute(high, windows, {})
