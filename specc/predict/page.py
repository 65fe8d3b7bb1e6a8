"""`docs/predictor.md`: `python -m specc.predict.page docs/predictor.md` writes what the predictor is worth into it.

The page is prose between which tables stand; each table follows a comment `<!-- table NAME -->` and is replaced whole.
"""

from __future__ import annotations

import functools
import math
import re
import statistics
import sys
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Final

from threadpoolctl import threadpool_limits

from specc.predict.baselines import BASELINES, errors
from specc.predict.calibrate import LEVELS, NOVELTIES, Miss, Novelty, multiple
from specc.predict.model import COSTS, GIVEN, Observation
from specc.predict.power import network_spread, power_per_hertz
from specc.predict.predictor import Predictor, published_predictor
from specc.predict.results import KERNELS
from specc.predict.validation import Trial, boards, rounds, submitters

_NOVELTY: Final[dict[Novelty, str]] = {
    "board": "the board",
    "network": "the network",
    "both": "board and network",
    "pairing": "neither, but the two never came together",
}
_TABLE: Final = re.compile(r"(<!-- table (?P<name>[a-z]+) -->\n\n)(?:\|[^\n]*\n)*")

Table = Callable[[Predictor], str]


def filled(text: str, names: Sequence[str] = ()) -> str:
    """The page with its tables as they are now; with `names`, these alone.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    predictor = published_predictor()
    with threadpool_limits(1):
        return _TABLE.sub(
            lambda found: (
                found[1] + TABLES[found["name"]](predictor) if not names or found["name"] in names else found[0]
            ),
            text,
        )


def errors_table(predictor: Predictor) -> str:
    """How far predictions are off, by what is new to the predictor."""
    rows = []
    for novelty in NOVELTIES:
        found = predictor.misses[novelty]
        widths = [multiple(found, level) for level in LEVELS]
        rows.append(
            (
                _NOVELTY[novelty],
                str(len(found)),
                _percent(statistics.median([miss.percent for miss in found])),
                _percent(_median_of_groups(found)),
                *("none" if width is None else f"{width:.2f}" for width in widths),
            )
        )
    return _table(("new", "results", "median error", "median over boards or networks", "80 %", "95 %"), rows)


def cores_table(predictor: Predictor) -> str:
    """The error on boards that were set aside, and how many lay in their intervals, by core."""
    found = _boards(predictor)
    cores = sorted({trial.observation.subject.core for trial in found})
    rows = [(core, *_trials([t for t in found if t.observation.subject.core == core], _design)) for core in cores]
    header = ("core", "designs", "results", "median error", "within 80 %", "within 95 %")
    return _table(header, [*rows, ("**all**", *_trials(found, _design))])


def rounds_table(predictor: Predictor) -> str:
    """The error on rounds of MLPerf Tiny, predicted from those before them."""
    header = ("round", "boards and software", "results", "median error", "within 80 %", "within 95 %")
    return _table(header, [(name, *_trials(found, _system)) for name, found in rounds(predictor.results)])


def submitters_table(predictor: Predictor) -> str:
    """The error on the results of one submitter, predicted from those of all others."""
    found = submitters(predictor.results)
    rows = [(name, *_trials(of_it, _system)) for name, of_it in sorted(found.items(), key=lambda one: one[0].lower())]
    header = ("submitter", "boards and software", "results", "median error", "within 80 %", "within 95 %")
    return _table(header, [*rows, ("**all**", *_trials([t for of_it in found.values() for t in of_it], _system))])


def _trials(found: Sequence[Trial], group: Callable[[Trial], Hashable]) -> tuple[str, ...]:
    """Groups, results, median error, and the share inside each interval, each group counting the same."""
    groups: dict[Hashable, list[Trial]] = {}
    for trial in found:
        groups.setdefault(group(trial), []).append(trial)
    inside = [
        [
            statistics.mean(map(float, known))
            for trials in groups.values()
            if (known := [held for trial in trials if (held := trial.inside[level]) is not None])
        ]
        for level in range(len(LEVELS))
    ]
    error = statistics.median([trial.percent for trial in found])
    return (str(len(groups)), str(len(found)), _percent(error), *map(_mean, inside))


def _design(trial: Trial) -> Hashable:
    return trial.observation.subject.design


def _system(trial: Trial) -> Hashable:
    return trial.observation.subject.design, trial.observation.subject.software


@functools.cache
def _trials_of_boards(observations: tuple[Observation, ...]) -> list[Trial]:
    return boards(observations)


def _boards(predictor: Predictor) -> list[Trial]:
    return _trials_of_boards(predictor.observations)


def baselines_table(predictor: Predictor) -> str:
    """The predictor beside simpler and less transparent ones, on boards set aside."""
    every = {"this predictor": [(trial.observation.subject.design, trial.error) for trial in _boards(predictor)]}
    every |= {name: errors(predictor.observations, baseline) for name, baseline in BASELINES.items()}
    header = ("predictor", "median over boards", "nine in ten boards are below", "root mean square over boards")
    return _table(header, [(name, *_over_boards(found)) for name, found in every.items()])


def _over_boards(found: Sequence[tuple[str, float]]) -> tuple[str, str, str]:
    boards: dict[str, list[float]] = {}
    for design, error in found:
        boards.setdefault(design, []).append(error)
    medians = [statistics.median(abs(math.exp(error) - 1) for error in errors_) for errors_ in boards.values()]
    square = statistics.mean(statistics.mean(error**2 for error in errors_) for errors_ in boards.values())
    return (
        _percent(statistics.median(medians)),
        _percent(statistics.quantiles(medians, n=10)[-1]),
        f"× {math.exp(math.sqrt(square)):.2f}",
    )


def costs_table(predictor: Predictor) -> str:
    """The fitted costs, of each class of kernels."""
    cost = predictor.model.cost
    rows = [(f"one {name.removesuffix('s')}", *(f"{cost(name, kernels):.2g}" for kernels in KERNELS)) for name in COSTS]
    return _table(("against a convolution's multiply-accumulate", *KERNELS), rows)


def factors_table(predictor: Predictor) -> str:
    """The fitted factors."""
    model = predictor.model

    def known(*effect: str) -> str:
        return f"{model.factor(*effect) or 1.0:.2g}"

    rows = [
        ("cycles of a convolution's multiply-accumulate, tuned kernels, no DSP extension", known("base")),
        ("× with the DSP extension", known("dsp")),
    ]
    rows += [(f"× {name} kernels", known("kernels", name)) for name in KERNELS if name != "tuned"]
    subjects = [one.subject for one in predictor.observations]
    rows += [(f"× {core}", known("core", core)) for core in sorted({one.core for one in subjects})]
    rows += [(f"× {name}", known("software", name)) for name in sorted({one.software for one in subjects})]
    return _table(("what", "factor"), [*rows, ("× a release older than the newest, each", known("progress"))])


def deviations_table(predictor: Predictor) -> str:
    """How far factors of one kind lie apart, as the results say."""
    model = predictor.model
    rows = [
        (name, f"× {math.exp(deviation):.2f}")
        for name, deviation in sorted(model.deviations.items(), key=lambda one: -one[1])
        if name not in GIVEN
    ]
    rows += [
        (f"error, {kernels} kernels", f"× {math.exp(model.noise[tuned]):.2f}")
        for tuned, kernels in ((False, "portable and reference"), (True, "tuned"))
    ]
    return _table(("factors of one kind", "typical distance from 1"), rows)


def power_table(predictor: Predictor) -> str:
    """Published power by design, and how little it depends on the network."""
    rows = [(design, f"{value * 1e12:.3g}") for design, value in sorted(power_per_hertz(predictor.results).items())]
    spread = network_spread(predictor.results)
    rows.append(("median change from one network to another", _percent(statistics.median(spread))))
    rows.append(("95 % of changes are below", _percent(statistics.quantiles(spread, n=20)[-1])))
    return _table(("design", "µW/MHz"), rows)


def results_table(predictor: Predictor) -> str:
    """Where the results come from, and how many train."""
    groups: dict[str, list[str]] = {}
    for one in predictor.results:
        groups.setdefault(one.collection.partition(",")[0], []).append(one.refusal)
    rows = [(name, str(len(all_)), str(all_.count(""))) for name, all_ in groups.items()]
    rows.append(("**all**", str(len(predictor.results)), str(sum(not one.refusal for one in predictor.results))))
    return _table(("collection", "results", "may train"), rows)


def left_table(predictor: Predictor) -> str:
    """Why results do not train."""
    reasons = [one.refusal for one in predictor.results if one.refusal]
    return _table(("reason", "results"), [(reason, str(reasons.count(reason))) for reason in sorted(set(reasons))])


TABLES: Final[dict[str, Table]] = {
    "results": results_table,
    "left": left_table,
    "costs": costs_table,
    "factors": factors_table,
    "deviations": deviations_table,
    "errors": errors_table,
    "rounds": rounds_table,
    "submitters": submitters_table,
    "cores": cores_table,
    "baselines": baselines_table,
    "power": power_table,
}
SLOW: Final = ("rounds", "submitters", "cores", "baselines")  # these train predictors anew


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruled = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ruled, *rows))


def _median_of_groups(found: Sequence[Miss]) -> float:
    groups: dict[str, list[float]] = {}
    for miss in found:
        groups.setdefault(miss.group, []).append(miss.percent)
    return statistics.median(statistics.median(group) for group in groups.values())


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.0f} %"


def _mean(rates: Sequence[float]) -> str:
    return _percent(statistics.mean(rates)) if rates else "none"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m specc.predict.page docs/predictor.md")
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
