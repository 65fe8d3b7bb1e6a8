"""How well the whole predictor does, its intervals with it, on results that no part of it has seen.

`specc.predict.calibrate` leaves results out of a fit whose deviations all results have set. Here some are set aside
first, and all else, deviations and widths of intervals included, is learned from the rest: whole boards, all results of
one submitter, or the rounds of MLPerf Tiny after a date.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from specc.predict.calibrate import folds
from specc.predict.model import NEXT, Observation
from specc.predict.predictor import Predictor, observations_of, trainable
from specc.predict.results import Published

ROUNDS: Final = ("v0.5", "v0.7", "v1.0", "v1.1")  # of MLPerf Tiny, in the order of time
# Collections older than any round that is predicted. ST's model zoo is younger than all of them.
OLD_COLLECTIONS: Final = ("TinyMaix", "ESP-NN")


@dataclass(frozen=True)
class Trial:
    """One prediction of a result set aside: its error, as natural logarithm, and whether each interval held it.

    `inside` has an entry for each of `LEVELS`, None where there were too few results for an interval.
    """

    observation: Observation
    error: float
    inside: tuple[bool | None, ...]

    @property
    def percent(self) -> float:
        """Absolute error as a fraction of the measured latency."""
        return abs(math.exp(self.error) - 1)


def boards(observations: Sequence[Observation]) -> list[Trial]:
    """Every design set aside once."""
    return [trial for tested, rest in folds(observations, "board") for trial in trials(tested, rest)]


def submitters(results: Sequence[Published]) -> dict[str, list[Trial]]:
    """Every submitter set aside once, by name; one whose cores nobody else ran has no trial."""
    seen = list(zip(trainable(results), observations_of(results), strict=True))
    found = {}
    for name in dict.fromkeys(one.submitter for one, _ in seen):
        tested = [observation for one, observation in seen if one.submitter == name]
        found[name] = trials(tested, [observation for one, observation in seen if one.submitter != name])
    return {name: of_it for name, of_it in found.items() if of_it}


def rounds(results: Sequence[Published]) -> Iterator[tuple[str, list[Trial]]]:
    """The rounds from the third on, each predicted from what was there before it.

    Asked as users ask: for a software by its name where it is known, whose release is not, else for any.
    """
    for place, later in enumerate(ROUNDS[2:], start=2):
        before = tuple(f"MLPerf Tiny {name}," for name in ROUNDS[:place])
        rest = observations_of([one for one in results if one.collection.startswith((*before, *OLD_COLLECTIONS))])
        known = {one.subject.software for one in rest}
        tested = observations_of([one for one in results if one.collection.startswith(f"MLPerf Tiny {later},")])
        yield later, trials([_as_asked(one, known) for one in tested], rest)


def _as_asked(one: Observation, known: Collection[str]) -> Observation:
    named = one.subject.software in known
    return replace(
        one, subject=replace(one.subject, software=one.subject.software if named else "", newer=NEXT if named else 0)
    )


def trials(tested: Sequence[Observation], rest: Sequence[Observation]) -> list[Trial]:
    """Predict some observations from others; those whose core the others do not know are passed over."""
    cores = {one.subject.core for one in rest}
    tested = [one for one in tested if one.subject.core in cores]
    if not tested:
        return []
    predictor = Predictor.of(rest)
    found = []
    for one in tested:
        cycles = math.log(one.cycles)
        value, ends = predictor.interval(one.subject)
        inside = tuple(None if pair is None else pair[0] <= cycles <= pair[1] for pair in ends)
        found.append(Trial(one, value - cycles, inside))
    return found
