"""Tuning a spec's table: search on few inputs, confirmation on many others, tighter limits where that fails."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from specc.graph.network import Network
from specc.measure.precision import DEFAULT_ITERATIONS, study_key
from specc.measure.store import Store
from specc.numerics.quantize import CALIBRATION_INPUTS, QuantizationError
from specc.precision.contract import Judgement
from specc.spec import Spec
from specc.spec.model import QuantizationTable
from specc.tune.errors import TuneError
from specc.tune.evaluation import Evaluation
from specc.tune.limits import Loads, accuracy_limits, limits_anything
from specc.tune.objective import Objective
from specc.tune.problem import TableProblem, by_container, within_accumulators
from specc.tune.proofs import Proofs
from specc.tune.result import Narrower, Obstacle, OnFront, Tuned, Unrepaired
from specc.tune.search import Found, Point, search
from specc.tune.space import Space, Variable, space_of

Progress = Callable[[str], None]

MARGIN: Final = 0.1
EVALUATIONS: Final = 400
ROUNDS: Final = 12
FRONT: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # limits of the front, over those of the harness
_TIGHTEN: Final = 0.9  # what a limit is multiplied by whose confirmation fails
_JUST_BELOW: Final = 1 - 1e-9
_MULTIPLY_ACCUMULATES: Final = 300e6  # of a table's evaluation: seconds, for small networks and for large ones
_FEWEST, _MOST = 100, 2000  # iterations of a table's evaluation
_KEEP_SECONDS: Final = 5.0
_AS_WRITTEN: Final[Point] = ()  # stands in the log for the spec's own table, which need not be in the space


@dataclass(frozen=True)
class Options:
    """What a user may ask for. `iterations` None: as the size of the network suggests."""

    margin: float = MARGIN
    keep_steps: bool = False
    iterations: int | None = None
    evaluations: int = EVALUATIONS
    front: bool = False
    accumulators: bool = False


def tune(
    spec: Spec, network: Network, store: Store, *, objective: Objective, options: Options, progress: Progress
) -> Tuned:
    """The cheapest table that keeps the harness's limits on precision and what the checker proves.

    What has been evaluated is kept in the store; interrupted, the next call goes on there.

    Raises:
        TuneError: there is nothing to tune, or nothing to hold it against.
        QuantizationError: the network cannot be computed at all.
        DataError: a data set cannot be read.
        StoreError: the store cannot be used.
    """
    return _Tuner(spec, network, store, objective=objective, options=options, progress=progress).run()


class _Tuner:
    def __init__(
        self, spec: Spec, network: Network, store: Store, *, objective: Objective, options: Options, progress: Progress
    ) -> None:
        self._spec, self._network, self._store = spec, network, store
        self._objective, self._options, self._progress = objective, options, progress
        self._reason = _not_evaluable(spec)
        self._slack: dict[tuple[str, str], float] = {}
        if options.accumulators and objective.by_layers is not None:
            raise TuneError(f"--accumulators: they are no part of what is measured for {objective.name}")
        space = _space(spec, network, options, self._reason)
        self._proofs = Proofs(spec, network, space.table((0,) * len(space.levels)))
        space = within_accumulators(space, self._proofs)
        if objective.container:
            if not all(row.uniform for row in space.original.rows):
                raise TuneError(f"--objective {objective.name}: how other formats are packed is not known")
            space = by_container(space, objective.container)
        self._space = space
        judged = not self._reason and limits_anything(spec.harness)
        self._iterations = (options.iterations or _iterations(spec, network)) if judged else 0
        self._evaluation = None if self._reason else Evaluation(spec, network, self._iterations)
        self._log = _Log(store, self._key())
        reach = self._evaluation.reach if self._evaluation else None
        self._problem = TableProblem(
            space, objective, self._proofs, self._evaluate, self._log.known, self._limit, reach
        )

    def run(self) -> Tuned:
        try:
            return self._run()
        finally:
            self._log.keep()

    def _run(self) -> Tuned:
        found, rounds = self._searched(), 1
        confirmation: list[Judgement] = []
        evaluation = self._evaluation
        while found.best is not None and evaluation is not None:
            confirmation = evaluation.confirm(self._space.table(found.best), self._note_confirming)
            # A limit that even full precision is not shown to keep cannot be reached by tightening it.
            failed = [own for own in confirmation if own.outcome != "pass" and not evaluation.out_of_reach(own)]
            if not failed or rounds == ROUNDS:
                break
            self._tighten(found.best, [(own.subject, own.statistic) for own in failed])
            found, rounds = self._searched(), rounds + 1
        best = found.best
        return Tuned(
            table=self._space.table(best) if best is not None else None,
            cost=self._objective.measure(self._space.table(best)) if best is not None else None,
            cost_before=self._objective.measure(self._space.original),
            by_layers=self._by_layers(best),
            bound=self._problem.objective_of(found.bound) if found.bound is not None else None,
            tables=self._space.tables,
            evaluated=found.evaluations,
            contradictions=found.contradictions,
            iterations=self._iterations,
            confirmation=tuple(confirmation),
            confirmed_on=evaluation.confirming_iterations if evaluation and confirmation else 0,
            divisions=evaluation.divisions if evaluation else (),
            rounds=rounds,
            narrower=tuple(self._narrower(best)) if best is not None else (),
            obstacles=() if best is not None else tuple(self._obstacles(rounds)),
            beyond_repair=tuple(Unrepaired(own.code, own.message) for own in self._proofs.beyond_repair()),
            not_evaluated=self._reason,
            front=tuple(self._front()) if self._options.front and not self._reason else (),
            load=_largest(self._problem.loads(best)) if best is not None else None,
            load_before=self._load_before(),
        )

    def _tighten(self, point: Point, failed: list[tuple[str, str]]) -> None:
        """Lower limits that a confirmation broke, at least so far that the same table is not found again. Where not
        even the widest table would keep them then, the statistic is too coarse to tell tables apart (an accuracy on few
        inputs), and the table is cut off with all below it."""
        loads, widest = self._problem.loads(point) or {}, self._problem.loads(self._problem.top) or {}
        for key in failed:
            limit = self._limit(key) * _TIGHTEN
            limit = min(limit, loads[key] * _JUST_BELOW) if loads.get(key) else limit
            if widest.get(key, 0.0) <= limit:
                self._slack[key] = limit
            else:
                self._problem.refuted.add(point)

    def _by_layers(self, best: Point | None) -> int | None:
        if best is None or self._objective.by_layers is None:
            return None
        return self._problem.objective_of(self._problem.cost(best))

    # ---- evaluation ----

    def _searched(self) -> Found:
        return search(self._problem, evaluations=self._options.evaluations)

    def _limit(self, key: tuple[str, str]) -> float:
        return self._slack.get(key, 1 - self._options.margin)

    def _evaluate(self, table: QuantizationTable) -> Loads:
        if self._evaluation is None:
            return {}
        self._progress(f"table {len(self._log.known) + 1}: {_widths_text(table)}")
        found = self._evaluation.loads(table)
        self._log.keep_now_and_then()
        return found

    def _load_before(self) -> float | None:
        """The load of the table as it is written, on the inputs of the search."""
        known = self._log.known
        if _AS_WRITTEN not in known:
            try:
                known[_AS_WRITTEN] = self._evaluate(self._space.original)
            except QuantizationError:
                known[_AS_WRITTEN] = None
        return _largest(known[_AS_WRITTEN])

    def _note_confirming(self, done: int, total: int) -> None:
        self._progress(f"confirming on fresh inputs: {done:,} of {total:,} iterations")

    def _key(self) -> str:
        if self._reason:
            return ""
        space = [(own.layer, own.field, [vars(level) for level in own.settings]) for own in self._space.variables]
        original = self._space.original.model_dump(mode="json")
        return study_key(
            self._spec,
            self._network,
            tune=space,
            quantization=original,
            iterations_of_each=self._iterations,
            accuracy=[item.model_dump(mode="json") for item in accuracy_limits(self._spec)],
            divisions=[vars(own) for own in self._evaluation.divisions] if self._evaluation else [],
        )

    # ---- explanation ----

    def _narrower(self, best: Point) -> list[Narrower]:
        """What a level less in each row would break, or would bring."""
        found = []
        for index, variable in enumerate(self._space.variables):
            if variable.field == "accumulator":
                found += _narrower_accumulator(variable, best[index])
                continue
            if best[index] == 0:
                continue
            lower = (*best[:index], best[index] - 1, *best[index + 1 :])
            bits = variable.settings[lower[index]].bits
            loads = self._problem.loads(lower)
            if loads is None:
                statement = f"with {bits} bits it cannot be computed"
            elif self._problem.is_refuted(lower):
                statement = f"with {bits} bits it lies below a table whose confirmation failed"
            else:
                key = max(loads, key=lambda own: loads[own] / self._limit(own))
                share = loads[key] / self._limit(key)
                what = f"{_subject(key)} would be at {loads[key]:.0%} of its limit"
                allowed = f"; {self._limit(key):.0%} are allowed" if share > 1 else ""
                statement = f"with {bits} bits, {what}{allowed}"
            found.append(Narrower(variable.layer, statement))
        return found

    def _obstacles(self, rounds: int) -> list[Obstacle]:
        problem, top = self._problem, self._problem.top
        loads = problem.loads(top)
        if loads is None:
            return [Obstacle("the widest table cannot be computed", "a coarser step, or accumulators of up to 32 bits")]
        found = []
        for key, load in loads.items():
            if load <= self._limit(key):
                continue
            found.append(
                Obstacle(
                    f"even in the widest table {_subject(key)} is at {load:.3g} times its limit",
                    f"a limit {load / (1 - self._options.margin):.3g} times as large, or {self._help()}",
                )
            )
        if found:
            return found
        problem.judged = False
        free = self._searched()
        problem.judged = True
        if free.best is None:
            return [Obstacle(f"{rounds} searches found no table within the limits", "more evaluations")]
        table = self._space.table(free.best)
        cost = f"{self._problem.objective_of(self._problem.cost(free.best)):,} {self._objective.unit}"
        alone = f"precision alone takes {_widths_text(table)}: {cost}"
        unfit = [f"sums of `{name}` are not proven to fit its accumulator" for name in self._proofs.overflows(table)]
        return [
            Obstacle(text, alone) for text in (*(own.message for own in self._proofs.broken(table)), *sorted(unfit))
        ]

    def _help(self) -> str:
        """What lowers a load that the widest table has."""
        if self._options.keep_steps:
            return "finer steps (leave out --keep-steps)"
        if any(variable.row.calibrated for variable in self._space.variables):
            return f"stated ranges: what lies beyond those of the {CALIBRATION_INPUTS} calibration inputs saturates"
        return "wider ranges"

    def _front(self) -> list[OnFront]:
        found = []
        for factor in FRONT:
            self._progress(f"front: {factor:g} times the limits")
            own = search(self._problem, evaluations=self._options.evaluations, limit=factor)
            if own.best is None:
                continue
            loads = self._problem.loads(own.best) or {}
            found.append(
                OnFront(
                    factor=factor,
                    cost=self._problem.objective_of(self._problem.cost(own.best)),
                    bound=self._problem.objective_of(own.bound) if own.bound is not None else None,
                    load=max(loads.values(), default=0.0),
                    widths=widths(self._space.table(own.best)),
                )
            )
        return found


class _Log:
    """What was evaluated, kept in the store."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key_text = store, key
        self.known: dict[Point, Loads | None] = {}
        self._kept, self._time = 0, time.monotonic()
        stored = store.checkpoints(key).get(0) if key else None
        if stored is not None:
            try:
                self.known = {tuple(point): _read(loads) for point, loads in json.loads(stored[1])}
            except (ValueError, TypeError):
                self.known = {}  # damaged: it is worked out again
        self._kept = len(self.known)

    def keep_now_and_then(self) -> None:
        """Store what is new, unless that was done a moment ago."""
        if time.monotonic() - self._time > _KEEP_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Store what is new."""
        if self._key_text and len(self.known) > self._kept:
            entries = [
                (point, None if loads is None else [(*key, load) for key, load in loads.items()])
                for point, loads in self.known.items()
            ]
            self._store.put_checkpoint(self._key_text, 0, 0, json.dumps(entries).encode())
            self._kept, self._time = len(self.known), time.monotonic()


def _read(loads: list[tuple[str, str, float]] | None) -> Loads | None:
    return None if loads is None else {(subject, statistic): load for subject, statistic, load in loads}


def _narrower_accumulator(variable: Variable, level: int) -> list[Narrower]:
    if level + 1 == len(variable.settings):
        return []
    bits = variable.settings[level + 1].bits
    return [Narrower(variable.layer, f"its sums are not proven to fit an accumulator of {bits} bits")]


def _space(spec: Spec, network: Network, options: Options, reason: str) -> Space:
    if spec.model.file is not None and spec.model.file.content.quantized:
        raise TuneError(f"{spec.model.file.path} holds codes, and decides by itself how wide numbers are")
    try:
        keep_steps = options.keep_steps or bool(reason)
        space = space_of(spec, network, keep_steps=keep_steps, accumulators=options.accumulators)
    except ValueError as error:
        raise TuneError(str(error)) from error
    if not space.variables:
        raise TuneError("no row of the quantization table has a width that could change")
    if reason and any(len(own.settings) > 1 and own.field != "accumulator" for own in space.variables):
        raise TuneError(f"{reason}: nothing says how few bits a calibrated row needs")
    return space


def _not_evaluable(spec: Spec) -> str:
    """Why precision cannot be held against anything, or "" if it can."""
    gradients = limits_anything(spec.harness)
    if not gradients and not accuracy_limits(spec):
        return (
            "the harness limits neither gradients nor the output (`gradient variance <= 5 %`), no budget the accuracy"
        )
    if spec.model.file is None and spec.model.weights is None:
        return "the model has no weights (`weights seed 1`, or a file)"
    if gradients and spec.model.input.distribution is None and (spec.harness is None or spec.harness.data is None):
        return "nothing says what inputs arrive (`input … { distribution normal 0.5 }`, or `data` in the harness)"
    return ""


def _iterations(spec: Spec, network: Network) -> int:
    macs = sum(layer.macs for layer in network.layers)
    asked = spec.harness.iterations if spec.harness else DEFAULT_ITERATIONS
    return min(asked, max(_FEWEST, min(_MOST, math.floor(_MULTIPLY_ACCUMULATES / max(1, macs)))))


def widths(table: QuantizationTable) -> dict[str, int]:
    """Bits of each row, guard bits included."""
    return {row.layer: row.bits + row.guard for row in table.rows}


def _widths_text(table: QuantizationTable) -> str:
    return ", ".join(f"{name} {bits}" for name, bits in widths(table).items())


def _largest(loads: Loads | None) -> float | None:
    """The largest load that is finite; None where there is none."""
    return max(filter(math.isfinite, (loads or {}).values()), default=None)


def _subject(key: tuple[str, str]) -> str:
    subject, statistic = key
    if statistic == "accuracy":
        return f"the share of `{subject}` that is sorted wrong"
    return "the error of the output" if subject == "output" else f"the {statistic} of `{subject}`'s gradient"
