"""Figures of what commands have stored: rooflines, clocks, and trials as steps."""

from __future__ import annotations

import re

from invented_results import full_inputs, kws_inputs

from specc.evidence import Figure
from specc.explain.experiment import Experiment, Trial
from specc.explain.roofline import place
from specc.explain.rooflines import Roofline
from specc.measure.peaks import Peaks
from specc.report.blocks import Missing
from specc.report.figures.roofline import rooflines
from specc.report.figures.trials import frequency, steps
from specc.report.material import Material
from specc.report.sections.roofline import roofline


def clocked(mhz: int, *, best: bool = False) -> Trial:
    """A target that draws 10 mW at rest and 1 mW for each MHz, and takes ten million cycles."""
    seconds, watts = 1e7 / (mhz * 1e6), 0.010 + 0.001 * mhz
    return Trial(
        axes=() if best else ("clock",),
        labels=() if best else (f"{mhz} MHz",),
        clock_hz=mhz * 1e6,
        latency=Figure.exact(seconds, "s", "simulated"),
        energy=Figure.exact(watts * seconds, "J", "predicted"),
        powers=(watts, watts),
        output_exact=True,
    )


def changed(label: str, seconds: float, high: float, *, exact: bool = True) -> Trial:
    latency = Figure(value=seconds, low=seconds, high=high, unit="s", evidence="simulated")
    return Trial(axes=("compile",), labels=(label,), clock_hz=1e8, latency=latency, output_exact=exact)


BEFORE = changed("", 0.02, 0.04).model_copy(update={"axes": (), "labels": ()})


def experiment(before: Trial, *trials: Trial) -> Experiment:
    return Experiment(target="board_a", before=before, before_key="k", trials=trials)


def test_clocks_are_drawn_with_the_best_named() -> None:
    drawn = frequency(experiment(clocked(100, best=True), clocked(20), clocked(50)))
    assert drawn is not None
    # (10 + f) mW times 10 s/f: least at the highest clock, in energy and in its product with the time
    assert "Least energy for an inference: 100 MHz; least energy-delay product: 100 MHz" in drawn.caption
    assert drawn.alternative == (
        "Energy of an inference by clock: 20 MHz 15.00\u00a0mJ; 50 MHz 12.00\u00a0mJ; 100 MHz 11.00\u00a0mJ."
    )


def test_one_clock_is_no_figure() -> None:
    assert frequency(experiment(clocked(100, best=True))) is None
    assert frequency(experiment(BEFORE, changed("-Os", 0.01, 0.02))) is None


def test_steps_name_the_best_trial_whose_output_is_right() -> None:
    trials = (changed("-Os", 0.016, 0.03), changed("wrong", 0.001, 0.001, exact=False), changed("-O0", 0.05, 0.09))
    drawn = steps(experiment(BEFORE, *trials))
    assert drawn is not None
    assert drawn.caption.startswith("Of 3 trials on board_a the best is -Os: it saves 20\u00a0% of the latency.")
    assert "Cross: the output is wrong." in drawn.caption


def test_steps_that_gain_nothing_say_so_and_name_what_is_surer() -> None:
    drawn = steps(experiment(BEFORE, changed("-Os", 0.02, 0.025), changed("-O0", 0.05, 0.09)))
    assert drawn is not None
    assert drawn.caption.startswith(
        "None of 2 trials makes board_a faster than it is; -Os lowers what an inference may take most, from "
        "40.0\u00a0ms to 25.0\u00a0ms."
    )
    assert steps(experiment(BEFORE, changed("-Os", 0.02, 0.025))) is None


def test_a_roofline_has_a_panel_for_each_target_with_peaks() -> None:
    inputs = full_inputs()
    assert inputs.quantized is not None
    measurement = inputs.measurements["board_a"]
    rates = {"mac": (2e8, "MAC/s"), "sram_read": (4e8, "B/s"), "flash_read": (1e8, "B/s")}
    peaks = Peaks(
        key="k",
        hardware="board_a",
        clock_hz=1.2e8,
        compiler_flags="-O2",
        evidence="measured",
        rates={name: Figure.exact(rate, unit, "measured") for name, (rate, unit) in rates.items()},
    )
    placed = place(measurement, inputs.quantized, peaks)
    drawn = rooflines([Roofline(measurement, peaks, placed, [], ())])
    assert drawn is not None
    longest = max(placed, key=lambda layer: layer.seconds)
    assert drawn.caption.startswith(f"On board_a the longest layer, {longest.layer}, reaches ")
    assert "Peaks are measured." in drawn.caption
    written = set(re.findall(r">([^<>]+)</text>", drawn.svg.decode()))
    assert {"board_a", "peak", "SRAM", "flash"} <= written
    assert {f"bound by {layer.bottleneck}" for layer in placed if layer.macs} <= written


def test_without_peaks_the_document_says_which_command_measures_them() -> None:
    missing = roofline(Material(kws_inputs()))
    assert isinstance(missing, Missing)
    assert "specc roofline" in missing.reason
