"""The tensor map follows the schedule that was measured: rings with their rows, whole tensors elsewhere."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from invented_results import full_inputs

from specc.codegen.generate import plan_arena
from specc.codegen.schedule import scheduled
from specc.graph.row_lives import row_lives
from specc.measure.result import Measurement
from specc.numerics.quantized import QuantizedNetwork
from specc.report.figures.tensors import tensor_map, tensor_maps
from specc.report.inputs import ReportInputs
from specc.units import UNITS, Quantity


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    found = full_inputs()
    spec = found.spec.model_copy(update={"model": found.spec.model.model_copy(update={"rows": "least"})})
    return dataclasses.replace(found, spec=spec)


def by_rows(inputs: ReportInputs) -> QuantizedNetwork:
    assert inputs.quantized is not None
    return scheduled(inputs.spec, inputs.spec.targets[0], inputs.quantized)


def under(result: Measurement, schedule: str) -> Measurement:
    provenance = result.provenance.model_copy(update={"schedule": schedule})
    return result.model_copy(update={"provenance": provenance})


def test_rings_are_drawn_row_by_row(inputs: ReportInputs) -> None:
    network = by_rows(inputs)
    whole, rings = tensor_map(dataclasses.replace(network, execution=None)), tensor_map(network)
    assert whole is not None and rings is not None
    assert f"{plan_arena(network).size:,}" in rings.caption and "In a ring" in rings.caption
    assert "In a ring" not in whole.caption
    rows = sum(
        len(own) for step in network.steps.steps if step.calls for own in row_lives(network.network, step).values()
    )
    assert rows > 20
    assert rings.svg.count(b"<path") - whole.svg.count(b"<path") >= rows // 2
    for tensor, kept in network.rings.items():
        assert f"{kept} row{'s' if kept > 1 else ''} of {tensor} " in rings.alternative


def test_each_schedule_that_was_measured_has_a_map(inputs: ReportInputs) -> None:
    network = by_rows(inputs)
    name, result = next(iter(inputs.measurements.items()))
    own = dataclasses.replace(inputs, measurements={name: under(result, network.schedule)})
    (drawn,) = tensor_maps(own)
    assert "In a ring" in drawn.caption and drawn.name == "tensors"


def test_a_schedule_that_is_not_known_is_not_drawn_as_if_it_were(inputs: ReportInputs) -> None:
    name, result = next(iter(inputs.measurements.items()))
    odd = dataclasses.replace(inputs, measurements={name: under(result, "by rows: of another version")})
    (drawn,) = tensor_maps(odd)
    assert "In a ring" not in drawn.caption


def test_targets_with_other_schedules_are_named() -> None:
    """One target has less SRAM than whole tensors need."""
    found = full_inputs()
    assert found.quantized is not None
    tight, *rest = found.measurements
    sram = plan_arena(found.quantized).size - 1
    hardware = found.spec.target(tight).hardware
    assert hardware.sram is not None
    less = hardware.sram.model_copy(update={"value": Quantity(Fraction(sram), UNITS["B"])})
    small = hardware.model_copy(update={"sram": less})
    targets = tuple(
        target.model_copy(update={"hardware": small}) if target.name == tight else target
        for target in found.spec.targets
    )
    spec = found.spec.model_copy(update={"targets": targets, "budgets": ()})
    results = {
        name: under(result, scheduled(spec, spec.target(name), found.quantized).schedule)
        for name, result in found.measurements.items()
    }
    maps = tensor_maps(dataclasses.replace(found, spec=spec, measurements=results))
    assert [drawn.caption.partition(":")[0] for drawn in maps] == [f"On {tight}", f"On {', '.join(rest)}"]
    assert len({drawn.name for drawn in maps}) == 2
