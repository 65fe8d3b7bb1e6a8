"""Tuning on a backend of known costs: the choice, what is kept, and what is done when the linked program is larger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_kernels import TEXT
from test_store import measurement

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.evidence import Figure
from specc.graph.build import build_network
from specc.measure.backend import BackendError, FlashExceededError, Job
from specc.measure.kernel_result import KernelTuning, LayerTrial, ProgramTrial
from specc.measure.kernel_tuning import limit_of
from specc.measure.planning import beside_activations
from specc.measure.result import Measurement
from specc.measure.runner import RunReport, measure
from specc.measure.store import Store
from specc.numerics.quantize import quantize
from specc.source import SourceFile
from specc.spec import Spec
from specc.spec.hardware import Target

ROW = "  | *     | 8    | calibrated |\n"
CONVOLUTIONS_OF_4_BITS = TEXT.replace(
    ROW, ROW + "".join(ROW.replace("*    ", name).replace("8", "4") for name in ("first", "last "))
)
BESIDE = 1000  # bytes of flash and of SRAM that no layer takes
# Cycles at least and at most, bytes of code, bytes of constants.
COSTS = {
    "dsp/conv": (100, 200, 50, 400),
    "dsp/conv_fields": (120, 180, 40, 200),
    "generic/conv": (500, 900, 30, 200),
    "generic/conv_fields": (600, 990, 40, 200),
    "generic/relu": (10, 20, 8, 0),
    "dsp/dense": (60, 90, 20, 100),
    "generic/dense": (70, 90, 10, 100),
}
SAVED_IN_SRAM = 30  # cycles at most


class Board:
    """Cycles and bytes as in COSTS; once it is linked, a program takes `hidden` bytes more."""

    name = "fake"
    version = "1"

    def __init__(self, hidden: int = 0, *, limit: int = 10**9, saved: int = SAVED_IN_SRAM) -> None:
        self.tried = 0
        self.saved = saved
        self.measured: list[Job] = []
        self._hidden, self._limit = hidden, limit

    def supports(self, target: Target) -> bool:
        return target.hardware.core == "cortex-m4"

    def key(self, job: Job) -> str:
        return repr(job.options)

    def _layers(self, job: Job) -> dict[str, LayerTrial]:
        found = {}
        for layer, kernel in job.options.fixed:
            least, most, code, constants = COSTS[kernel]
            most -= self.saved if layer in job.options.in_sram else 0
            cycles = Figure(value=least, low=least, high=most, unit="cycles", evidence="simulated", basis="a test")
            found[layer] = LayerTrial(cycles=cycles, flash=code + constants, constants=constants)
        return found

    def try_kernels(self, job: Job, key: str) -> ProgramTrial:
        self.tried += 1
        layers = self._layers(job)
        ends = [sum(getattr(own.cycles, end) for own in layers.values()) for end in ("low", "high")]
        whole = Figure(value=ends[0], low=ends[0], high=ends[1], unit="cycles", evidence="simulated", basis="a test")
        flash = BESIDE + sum(own.flash for own in layers.values())
        return ProgramTrial(layers=layers, cycles=whole, flash=flash, sram_beside_constants=BESIDE)

    def measure(self, job: Job, key: str) -> Measurement:
        self.measured.append(job)
        layers = self._layers(job)
        flash = BESIDE + self._hidden + sum(own.flash for own in layers.values())
        if flash > self._limit:
            raise FlashExceededError("too large", flash - self._limit)
        sram = BESIDE + sum(own.constants for layer, own in layers.items() if layer in job.options.in_sram)
        found = measurement(key, job.target.name)
        memory = found.memory.model_copy(
            update={
                "flash": Figure.exact(flash, "B", "simulated", "a test"),
                "sram": Figure.exact(sram, "B", "simulated", "a test"),
            }
        )
        return found.model_copy(update={"memory": memory})


def spec(flash: int = 10_000, sram: int = BESIDE, kernels: str = "use tuned") -> Spec:
    sink = Sink()
    budget = f"budget m4 {{ memory flash <= {flash} B, memory sram <= {sram} B }}\nkernels m4 {{ {kernels} }}\n"
    found = load_text(SourceFile("test", CONVOLUTIONS_OF_4_BITS + "schedule m { rows never }\n" + budget), sink)
    assert found is not None, sink.diagnostics
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "specc.db") as store:
        yield store


def run(own: Spec, store: Store, board: object, **options: object) -> RunReport:
    network = quantize(own, build_network(own.model))
    folder = store.path.parent
    return measure(own, network, store, folder, lambda line: None, targets=["m4"], backends=[board], **options)


def tuned(own: Spec, store: Store, board: Board) -> KernelTuning:
    report = run(own, store, board)
    assert not report.failures, report.failures
    found = report.measurements["m4"].kernel_tuning
    assert found is not None
    return found


def chosen(found: KernelTuning) -> dict[str, tuple[str, str]]:
    return {own.layer: (own.kernel, own.place) for own in found.variants if own.chosen}


def test_with_room_every_layer_has_the_fewest_cycles_at_most(store: Store) -> None:
    found = tuned(spec(sram=BESIDE + 10_000), store, Board())
    assert chosen(found) == {
        "first": ("dsp/conv_fields", "sram"),
        "last": ("dsp/conv_fields", "sram"),
        "act": ("generic/relu", "flash"),
        "out": ("dsp/dense", "sram"),
    }
    assert found.proven and found.excess == 0
    assert found.programs == 8  # four kernels, two places
    # 150 + 150 + 20 + 60 cycles at most, 120 + 120 + 10 + 60 at least.
    assert (found.expected.value, found.expected.high) == (310, 380)
    assert (found.untuned.value, found.untuned.high) == (270, 510)


def test_sram_goes_where_it_saves_most_for_what_there_is(store: Store) -> None:
    """In 300 bytes there is room for one narrow convolution and the dense layer: 30 cycles each."""
    found = tuned(spec(sram=BESIDE + 300), store, Board())
    places = [place for _, place in chosen(found).values()]
    assert places.count("sram") == 2
    losers = {(own.layer, own.kernel, own.place): own.why for own in found.variants if not own.chosen}
    (left,) = [name for name in ("first", "last") if chosen(found)[name][1] == "flash"]
    assert losers[left, "dsp/conv_fields", "sram"] == "30 cycles fewer at most, but 200 bytes of SRAM are lacking"
    assert losers["out", "generic/dense", "sram"] == "10 cycles more at least"
    assert losers[left, "generic/conv", "flash"] == "720 cycles more at most"


def test_what_gains_nothing_in_sram_stays_in_flash(store: Store) -> None:
    found = tuned(spec(sram=BESIDE + 10_000), store, Board(saved=0))
    assert {place for _, place in chosen(found).values()} == {"flash"}
    losers = {(own.layer, own.kernel, own.place): own.why for own in found.variants if not own.chosen}
    assert losers["first", "dsp/conv_fields", "sram"] == "as many cycles, 200 bytes of SRAM more"


def test_a_kernel_whose_constants_are_in_its_code_has_no_variant_in_sram(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COSTS, "generic/dense", (70, 90, 110, 0))
    found = tuned(spec(), store, Board())
    assert [own.place for own in found.variants if own.kernel == "generic/dense"] == ["flash"]


def test_a_budget_for_flash_binds(store: Store) -> None:
    """The generic dense layer is 10 bytes smaller, and as fast at most; the generic convolution 10 bytes as well."""
    least = BESIDE + 230 + 230 + 8 + 110
    assert chosen(tuned(spec(flash=least), store, Board())) == {
        "first": ("generic/conv", "flash"),
        "last": ("generic/conv", "flash"),
        "act": ("generic/relu", "flash"),
        "out": ("generic/dense", "flash"),
    }
    one_more = tuned(spec(flash=least + 10), store, Board())
    assert [kernel for kernel, _ in chosen(one_more).values()].count("dsp/conv_fields") == 1


def test_nothing_that_fits_is_said_and_measured(store: Store) -> None:
    board = Board()
    found = tuned(spec(flash=BESIDE), store, board)
    assert found.excess == 230 + 230 + 8 + 110
    assert len(board.measured) == 1


@pytest.mark.parametrize("hard", [False, True])
def test_a_program_that_is_larger_once_it_is_linked_is_chosen_again(store: Store, *, hard: bool) -> None:
    limit = BESIDE + 240 + 240 + 8 + 120
    board = Board(hidden=5, limit=limit if hard else 10**9)
    found = tuned(spec(flash=limit), store, board)
    assert len(board.measured) == 2
    assert found.excess == 0
    assert chosen(found)["out"] == ("generic/dense", "flash")


def test_trials_are_kept_and_others_under_another_budget_are_not_needed(store: Store) -> None:
    board = Board()
    tuned(spec(), store, board)
    tried = board.tried
    report = run(spec(), store, board)
    assert report.reused == ("m4",)
    assert report.measurements["m4"].kernel_tuning is not None
    tuned(spec(flash=BESIDE + 700), store, board)
    assert board.tried == tried
    run(spec(), store, board, fresh=True)
    assert board.tried == 2 * tried


def test_the_same_program_has_the_reasons_of_the_budget_it_is_asked_for(store: Store) -> None:
    board = Board()
    limits = [tuned(spec(flash=flash), store, board).flash_limit for flash in (10_000, 9_000)]
    assert limits == [10_000, 9_000]
    assert len(board.measured) == 1


def test_only_what_is_asked_for_is_tuned(store: Store) -> None:
    board = Board()
    found = tuned(spec(kernels="use smallest, use tuned for out, weights flash"), store, board)
    assert {own.layer for own in found.variants} == {"out"}
    assert dict(board.measured[0].options.fixed)["first"] == "dsp/conv_fields"
    assert {own.place for own in found.variants} == {"flash"}


def test_a_layer_without_constants_may_be_pinned_to_sram(store: Store) -> None:
    found = tuned(spec(sram=BESIDE + 200, kernels="use tuned, weights sram for act"), store, Board())
    assert chosen(found)["act"][0] == "generic/relu"


class Plain:
    """A backend that cannot try kernels."""

    name, version = "plain", "1"

    def supports(self, target: Target) -> bool:
        return True

    def key(self, job: Job) -> str:
        return "key"

    def measure(self, job: Job, key: str) -> Measurement:
        return measurement(key, job.target.name)


def test_a_backend_that_cannot_try_kernels_says_so(store: Store) -> None:
    report = run(spec(), store, Plain())
    assert report.failures == {"m4": "kernels are tuned on virtual boards alone: `use fastest` in the kernels of m4"}


def test_limits_are_the_least_of_chip_and_budgets() -> None:
    own = spec(flash=5_000)
    strict = strictly(own)
    assert limit_of(own, own.target("m4"), "flash") == 5_000
    assert limit_of(strict, own.target("m4"), "flash") == 4_999
    with pytest.raises(BackendError, match="declares no flash"):
        limit_of(own, own.target("h"), "flash")


def strictly(own: Spec) -> Spec:
    """The same budgets with `<` in place of `<=`."""
    budgets = tuple(
        budget.model_copy(update={"items": tuple(item.model_copy(update={"relation": "<"}) for item in budget.items)})
        for budget in own.budgets
    )
    return own.model_copy(update={"budgets": budgets})


def test_constants_that_fill_sram_are_no_reason_to_plan_other_rows(store: Store) -> None:
    result = run(spec(sram=BESIDE + 10_000), store, Board()).measurements["m4"]
    assert result.memory.sram.value == BESIDE + 200 + 200 + 100
    planned = result.model_copy(update={"memory": result.memory.model_copy(update={"planned_activations": 600})})
    assert beside_activations(planned) == BESIDE - 600
    pinned = planned.model_copy(update={"kernel_tuning": None})
    assert beside_activations(pinned) == BESIDE + 500 - 600
