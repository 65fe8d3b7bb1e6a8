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


def misses(observations: Sequence[Observation], novelty: Novelty, whole: Model | None = None) -> list[Miss]:
    """Predict every observation from those that do not share its design, its network, either or both (`novelty`).

    An observation whose core then is no longer known is passed over: it would be refused. So is one whose design
    is not, where the design is meant to be known.
    """
    whole = whole or fit(observations)
    found = []
    for left_out, rest in folds(observations, novelty):
        cores, designs = ({getattr(other.subject, name) for other in rest} for name in ("core", "design"))
        tested = [
            one
            for one in left_out
            if one.subject.core in cores and (novelty in ("board", "both") or one.subject.design in designs)
        ]
        if not tested:
            continue
        model = fit(rest, whole)
        for one in tested:
            value, deviation = model.predict(one.subject)
            group = one.network if novelty == "network" else one.subject.design
            found.append(Miss(one, group, value - math.log(one.cycles), deviation))
    return found


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


def coverage(observations: Sequence[Observation], level: float) -> list[tuple[str, str, float]]:
    """How often the interval of a level holds the latency on a board that neither trained nor calibrated it.

    Returns:
        For each design: its name, its core, and the fraction of its results inside the interval.
    """
    whole = fit(observations)
    found = []
    for left_out, rest in folds(observations, "board"):
        cores = {other.subject.core for other in rest}
        width = multiple(misses(rest, "board", whole), level)
        tested = [one for one in left_out if one.subject.core in cores]
        if width is None or not tested:
            continue
        model = fit(rest, whole)
        inside = 0
        for one in tested:
            value, deviation = model.predict(one.subject)
            inside += abs(value - math.log(one.cycles)) <= width * deviation
        found.append((tested[0].subject.design, tested[0].subject.core, inside / len(tested)))
    return found
