"""Published and predicted figures for a target, and what the project's own measurements teach."""

import functools
from pathlib import Path

import pytest

from specc.check import check
from specc.diagnostics.model import Sink
from specc.elaborate.hardware import load_hardware
from specc.evidence import Evidence, Figure
from specc.graph.network import Network
from specc.guide.candidates import Candidate, candidates, estimated_candidates
from specc.measure.result import Latency, Measurement, MemoryResult, Provenance
from specc.predict.estimates import Estimate, Question, estimates, own_observations
from specc.predict.predictor import Predictor, published_predictor
from specc.predict.results import published
from specc.resources import resource
from specc.spec import Spec
from specc.spec.hardware import Target
from specc.units import quantity


@functools.cache
def keyword_spotter() -> tuple[Spec, Network]:
    checked = check(resource("specs", "kws.hwspec"))
    assert checked.spec is not None and checked.network is not None
    return checked.spec, checked.network


def target(name: str, clock: str = "") -> Target:
    hardware = load_hardware(name, Sink())
    assert hardware is not None
    number, _, unit = clock.partition(" ")
    return Target(name=name, hardware=hardware, clock=quantity(number, unit) if clock else None)


def of(name: str, clock: str = "") -> list[Estimate]:
    spec, network = keyword_spotter()
    return estimates(Question(network, spec.quantization), target(name, clock), published_predictor())


def test_published_results_are_of_this_network_chip_and_clock_with_their_software() -> None:
    found = of("stm32u575")
    assert [one.evidence for one in found[:-1]] == ["published"] * (len(found) - 1)
    by_software = {one.software: one for one in found}
    # MLPerf Tiny v1.1, closed, STMicroelectronics, NUCLEO-U575ZI-Q: 38.6 ms in the performance run.
    latency = by_software["X-CUBE-AI v8.1.0"].figures["latency"]
    assert latency.value == pytest.approx(38.6e-3, rel=0.01)
    assert "tiny_results_v1.1" in latency.basis and "X-CUBE-AI v8.1.0" in latency.basis
    assert all(one.evidence == "predicted" for one in of("stm32u575", "80 MHz"))


def test_the_last_estimate_is_the_prediction_or_its_refusal() -> None:
    assert of("rp2350")[-1].evidence == "predicted"
    refused = of("ra8d1")[-1]
    assert refused.refusal and refused.evidence == "unknown"


def test_memory_is_a_lower_bound() -> None:
    for one in of("rp2350"):
        sram, flash = one.figures["sram"], one.figures["flash"]
        assert sram.value == sram.low and sram.high is None
        assert flash.value == 22_016 + 4 * (9 * 64 + 12)  # weights in 8 bits, biases in 32


def test_another_quantization_is_not_predicted() -> None:
    _, network = keyword_spotter()
    (only,) = estimates(Question(network, None), target("stm32u575"), published_predictor())
    assert "8 bits" in only.refusal


def measurement(name: str, seconds: float, evidence: Evidence) -> Measurement:
    figure = Figure.exact(seconds, "s", evidence)
    latency = Latency(samples=(seconds,), best=figure, p50=seconds, p90=seconds, p95=seconds, p99=seconds)
    size = Figure.exact(1000, "B", evidence)
    blank = dict.fromkeys(
        ("spec_hash", "graph_hash", "code_hash", "compiler", "compiler_flags", "backend", "backend_version"), "test"
    ) | dict.fromkeys(("hardware", "core_model", "host", "taken_at"), "test")
    provenance = Provenance(
        **blank, clock_hz=None, model_assumptions=(), fact_sources={}, seed=1, inputs=1, warmup=0, library_versions={}
    )  # type: ignore[arg-type]
    return Measurement(
        key=name,
        target=name,
        evidence=evidence,
        layers=(),
        total=latency,
        overhead=latency,
        cold=None,
        counters={},
        memory=MemoryResult(flash=size, sram=size, regions={}),
        energy=Figure.unknown("J", "no sensor"),
        output_matches_golden=True,
        provenance=provenance,
    )


def test_only_measurements_on_real_boards_teach() -> None:
    spec, network = keyword_spotter()
    given = {
        "l4r5": measurement("l4r5", 0.2, "measured"),
        "f407": measurement("f407", 0.1, "simulated"),
        "host": measurement("host", 0.001, "measured"),
    }
    (found,) = own_observations(spec, network, given)
    assert found.cycles == pytest.approx(0.2 * 120e6)
    assert (found.subject.core, found.subject.software) == ("cortex-m4", "specc")


def test_own_measurements_make_their_software_predictable() -> None:
    spec, network = keyword_spotter()
    slow = own_observations(spec, network, {"l4r5": measurement("l4r5", 0.4, "measured")})
    taught = Predictor.train(published(), slow)
    assert "specc" in taught.software_families and "specc" not in published_predictor().software_families
    own = Question(network, spec.quantization, taught.kernels_of("specc"), "specc")
    others = Question(network, spec.quantization, "portable")
    slower, usual = (estimates(asked, target("rp2350"), taught)[-1].figures["latency"].value for asked in (own, others))
    assert slower and usual and slower > usual


def test_targets_that_were_not_measured_become_marked_candidates() -> None:
    spec, network = keyword_spotter()
    measured = candidates(spec, {"f407": measurement("f407", 0.1, "simulated")})
    found = estimated_candidates(spec, network, measured, published_predictor())
    assert {one.target for one in found} == {"l4r5", "g474", "nrf52840"}  # not the host, of which nothing is known
    by_target: dict[str, Candidate] = {one.target: one for one in found}
    assert by_target["l4r5"].evidence == "published" and by_target["l4r5"].name.startswith("l4r5 (published, ")
    assert by_target["g474"].evidence == "predicted" and by_target["g474"].name == "g474 (predicted)"
    bound, value = by_target["g474"].bound("latency"), by_target["g474"].figures["latency"].value
    assert bound is not None and value is not None and bound > value


def test_the_store_is_optional(tmp_path: Path) -> None:
    assert own_observations(*keyword_spotter(), {}) == []
