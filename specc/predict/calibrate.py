"""How far predictions are off where they were not trained, and intervals that hold as often as they say.

Whatever shares a chip design (or a network) with a result is left out when that result is predicted: the rows of one
board by every submitter go together. Intervals are split-conformal on these errors, each divided by the deviation that
the model states (normalised scores; Lei et al., Distribution-Free Predictive Inference for Regression, JASA 2018,
section 5.2, on cross-validated errors as in Barber et al., Predictive Inference with the Jackknife+, Annals of
Statistics 2021). The unit that is exchangeable is the design, not the row: each design weighs the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from specc.predict.model import Model, Observation, fit

# What is new to the predictor: the board, the network, both, or only that these two come together.
Novelty = Literal["board", "network", "both", "pairing"]
NOVELTIES: Final[tuple[Novelty, ...]] = ("board", "network", "both", "pairing")
LEVELS: Final = (0.8, 0.95)


@dataclass(frozen=True)
class Miss:
    """The error of one prediction of something left out, as natural logarithm, and the deviation the model stated."""

    observation: Observation
    group: str  # what counts as one: the design, or the network where only that is new
    error: float
    deviation: float

    @property
    def percent(self) -> float:
        """Absolute error as a fraction of the measured latency."""
        return abs(math.exp(self.error) - 1)

    @property
    def score(self) -> float:
        return abs(self.error) / self.deviation


def misses(observations: Sequence[Observation], novelty: Novelty, model: Model | None = None) -> list[Miss]:
    """Predict every observation from those that do not share its design, its network, either or both (`novelty`).

    An observation whose core then is no longer known is passed over: it would be refused. So is one whose design
    is not, where the design is meant to be known. `model` is their fit.
    """
    model = model or fit(observations)
    linear = model.linear
    # The observations are jointly normal, so what some of them say of the others needs no new fit (Rasmussen and
    # Williams, Gaussian Processes for Machine Learning, section 5.4.2, for many left out at once). The deviations of
    # the priors, and where the costs are linearised, are those of the fit to all; `specc.predict.validation` fits
    # anew instead.
    joint = np.linalg.inv((linear.rows * linear.prior) @ linear.rows.T + np.diag(linear.noise))
    said = joint @ linear.target
    found = []
    for left_out, rest in folds(observations, novelty):
        tested = _answerable(left_out, rest, novelty)
        if not tested:
            continue
        kept, asked = ({id(one) for one in some} for some in (rest, tested))
        gone = [row for row, one in enumerate(observations) if id(one) not in kept]
        covariance = np.linalg.inv(joint[np.ix_(gone, gone)])
        for row, error, variance in zip(gone, -covariance @ said[gone], np.diag(covariance), strict=True):
            one = observations[row]
            if id(one) in asked:
                group = one.network if novelty == "network" else one.subject.design
                found.append(Miss(one, group, float(error), math.sqrt(variance)))
    return found


def _answerable(tested: Sequence[Observation], rest: Sequence[Observation], novelty: Novelty) -> list[Observation]:
    """Those that would not be refused by what is left to train on."""
    cores, designs = ({getattr(other.subject, name) for other in rest} for name in ("core", "design"))
    return [
        one
        for one in tested
        if one.subject.core in cores and (novelty in ("board", "both") or one.subject.design in designs)
    ]


def novelty_of(observations: Sequence[Observation], design: str, network: str) -> Novelty:
    """What is new to a predictor that saw these, of a design and a network; empty: unknown ones."""
    known = any(one.network == network for one in observations)
    if any(one.subject.design == design for one in observations):
        return "pairing" if known else "network"
    return "board" if known else "both"


def folds(
    observations: Sequence[Observation], novelty: Novelty
) -> Iterator[tuple[list[Observation], list[Observation]]]:
    """What is left out together, and what then is left to train on."""
    keys: dict[Novelty, Callable[[Observation], tuple[Hashable, ...]]] = {
        "board": lambda one: (one.subject.design,),
        "network": lambda one: (one.network,),
        "both": lambda one: (one.subject.design, one.network),
        "pairing": lambda one: (one.subject.design, one.network),
    }
    key = keys[novelty]
    shares = all if novelty == "pairing" else any
    for value in dict.fromkeys(map(key, observations)):
        left_out = [one for one in observations if key(one) == value]
        rest = [one for one in observations if not shares(a == b for a, b in zip(key(one), value, strict=True))]
        yield left_out, rest


def multiple(found: Sequence[Miss], level: float) -> float | None:
    """By how many of its stated deviations a prediction must be widened to hold at a level.

    None where there are too few groups for the level: with G of them, none above G / (G + 1) can be promised.
    """
    sizes: dict[str, int] = {}
    for miss in found:
        sizes[miss.group] = sizes.get(miss.group, 0) + 1
    needed = level * (len(sizes) + 1)
    reached = 0.0
    for miss in sorted(found, key=lambda one: one.score):
        reached += 1 / sizes[miss.group]
        if reached >= needed - 1e-9:
            return miss.score
    return None
