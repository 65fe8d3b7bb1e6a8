"""Other ways to predict, for comparison: each is asked about boards it has not seen, as the predictor is.

Every one maps a kernel class, a core and a network to the logarithm of the cycles per multiply-accumulate.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from specc.predict.calibrate import folds
from specc.predict.model import Observation
from specc.predict.results import KERNELS

SEED: Final = 20240101

Baseline = Callable[[Sequence[Observation], Sequence[Observation]], Sequence[float]]


def errors(observations: Sequence[Observation], baseline: Baseline) -> list[tuple[str, float]]:
    """Design and error, as natural logarithm, of every prediction with the whole board left out."""
    found: list[tuple[str, float]] = []
    for left_out, rest in folds(observations, "board"):
        cores = {other.subject.core for other in rest}
        tested = [one for one in left_out if one.subject.core in cores]
        predicted = baseline(rest, tested) if tested else []
        found += [(one.subject.design, value - _rate(one)) for value, one in zip(predicted, tested, strict=True)]
    return found


def mean_of_core(train: Sequence[Observation], test: Sequence[Observation]) -> list[float]:
    """The geometric mean over all results on the same core."""
    return [statistics.mean(_rate(o) for o in train if o.subject.core == one.subject.core) for one in test]


def mean_of_core_and_kernels(train: Sequence[Observation], test: Sequence[Observation]) -> list[float]:
    """The geometric mean over the same core with the same class of kernels, else over the core."""
    found = []
    for one in test:
        same = [o for o in train if o.subject.core == one.subject.core]
        alike = [o for o in same if o.subject.kernels == one.subject.kernels]
        found.append(statistics.mean(_rate(o) for o in alike or same))
    return found


def gradient_boosting(train: Sequence[Observation], test: Sequence[Observation]) -> list[float]:
    """Boosted trees on the same facts."""
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(n_estimators=200, learning_rate=0.05, max_depth=3, random_state=SEED)
    return _learned(model, train, test)


def gaussian_process(train: Sequence[Observation], test: Sequence[Observation]) -> list[float]:
    """A Gaussian process on the same facts, standardised."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kernel = ConstantKernel(1.0) * RBF(3.0) + WhiteKernel(0.05)
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=SEED)
    return _learned(make_pipeline(StandardScaler(), process), train, test)


BASELINES: Final[dict[str, Baseline]] = {
    "mean cycles per multiply-accumulate of the core": mean_of_core,
    "mean of the core with these kernels": mean_of_core_and_kernels,
    "gradient boosting": gradient_boosting,
    "Gaussian process": gaussian_process,
}


def _learned(model: Any, train: Sequence[Observation], test: Sequence[Observation]) -> list[float]:
    cores = sorted({one.subject.core for one in train})
    model.fit(_features(train, cores), [_rate(one) for one in train])
    return [float(value) for value in model.predict(_features(test, cores))]


def _rate(one: Observation) -> float:
    return math.log(one.cycles / one.subject.mix.macs)


def _features(observations: Sequence[Observation], cores: Sequence[str]) -> npt.NDArray[np.float64]:
    """Core and kernels as indicators; size and shares of the network."""
    rows = []
    for one in observations:
        mix = one.subject.mix
        kinds = [*(one.subject.core == core for core in cores), *(one.subject.kernels == kind for kind in KERNELS)]
        shares = [part / mix.macs for part in (mix.conv, mix.depthwise, mix.dense)]
        sizes = [math.log(mix.macs), math.log(mix.outputs / mix.macs), math.log(mix.weights / mix.macs)]
        rows.append([*map(float, kinds), *shares, *sizes])
    return np.array(rows)
