"""Samples that are steady, noisy, drifting: what is said about them, and when there are enough."""

import random

import pytest

from specc.measure.sampling import narrow_enough, sample_notes, trend


def normal(count: int, middle: float, spread: float, seed: int = 1) -> list[float]:
    generator = random.Random(seed)
    return [generator.gauss(middle, spread) for _ in range(count)]


def test_steady_samples_need_no_note() -> None:
    assert sample_notes([1e-3] * 100) == ()
    assert sample_notes(normal(400, 1.0, 0.01)) == ()


def test_enough_is_when_the_interval_is_narrow() -> None:
    assert narrow_enough([1.0] * 10)
    assert not narrow_enough([1.0] * 3)  # three samples bound no median at 95 %
    assert not narrow_enough(normal(50, 1.0, 0.2))
    assert narrow_enough(normal(5000, 1.0, 0.2))  # about ±1.96 x 1.25 x 0.2 / sqrt(5000) = ±0.7 %


def test_noise_is_said() -> None:
    samples = [1.0] * 90 + [2.0] * 10
    (noise, outliers) = sample_notes(samples)
    assert noise == "noisy: the 95th percentile is 2.00 times the median"
    assert outliers == "10 of 100 samples are outliers, up to 2.0 times the median; all kept"


def test_one_outlier_among_many_is_said_and_kept() -> None:
    notes = sample_notes([*normal(400, 1.0, 0.01), 7.0])
    assert notes == ("1 of 401 samples are outliers, up to 7.0 times the median; all kept",)


def test_few_samples_of_wide_spread() -> None:
    assert sample_notes([1.0, 1.05, 0.97]) == ("3 samples are too few for an interval of the median",)
    (width, *_) = sample_notes(normal(60, 1.0, 0.1))
    assert width.startswith("after 60 samples the median is known to ±")


def test_throttling_is_a_drift() -> None:
    samples = [1.0 + 0.1 * index / 300 + noise for index, noise in enumerate(normal(300, 0, 0.005))]
    (drift,) = [note for note in sample_notes(samples) if note.startswith("drift")]
    # From the middle of the first third (1/60) to that of the last (5/60): 0.0667 / 1.0167 = 6.6 %, and the noise.
    assert drift in [
        f"drift: the median of the last third is +{share}% from that of the first; the clock may have changed"
        for share in ("6.5", "6.6", "6.7", "6.8")
    ]
    assert any(note.startswith("drift: ") and "-" in note for note in sample_notes(samples[::-1]))


def test_noise_alone_is_no_drift() -> None:
    for seed in range(20):
        assert not any(note.startswith("drift") for note in sample_notes(normal(200, 1.0, 0.05, seed)))


def test_the_trend_statistic_by_hand() -> None:
    # Ten rising samples: every one of the 45 pairs rises; the variance is 10 x 9 x 25 / 18 = 125.
    assert trend(range(10)) == pytest.approx(45 / 125**0.5)
    assert trend([*range(9, -1, -1)]) == pytest.approx(-45 / 125**0.5)
    assert trend([5.0] * 50) == 0
    assert trend(range(7)) == 0  # too few
