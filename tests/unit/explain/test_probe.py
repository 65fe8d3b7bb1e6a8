"""What other flags do to kernels, from a network that is not the one that is predicted."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.check import check
from specc.evidence import Figure
from specc.explain.experiment import Trial, run_experiment
from specc.explain.layout import Layout
from specc.explain.probe import compiled_factors, factors
from specc.measure.backend import BuildOptions
from specc.measure.result import LayerResult, Measurement, Provenance
from specc.measure.store import Store
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Hardware, Target
from specc.spec.kernels import KernelRule, Kernels

TARGET = Target(name="t", hardware=Hardware(name="t", title="T", core="cortex-m4"))
TEXT = """hwspec 1
model small {
  input x 10x6x12 { distribution uniform ±1 }
  conv  c { kernel 3x3, filters 12, stride 2x2, padding same, activation relu }
  dwconv w { kernel 3x3, padding same, activation relu }
  conv  p { kernel 1x1, filters 20 }
  dense d { units 7 }
  weights seed 1
}
quantization small {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target t { use stm32f407, clock 168 MHz }
experiments { compile "-Os" "-O0" }
"""


def result(total: float, kernels: dict[str, str], **layers: float) -> Measurement:
    def counted(count: float) -> dict[str, Figure]:
        return {"cycles": Figure.exact(count, "cycles", "simulated")}

    return Measurement.model_construct(
        counters=counted(total),
        layers=tuple(LayerResult.model_construct(name=name, counters=counted(own)) for name, own in layers.items()),
        provenance=Provenance.model_construct(kernels=kernels),
    )


def test_two_layers_of_a_kernel_are_the_bounds_of_others_and_half_as_much_beyond() -> None:
    kernels = {"few": "dsp/conv", "many": "dsp/conv", "pool": "dsp/maxpool"}
    before = result(1000, kernels, few=100, many=400, pool=300, flat=0)
    after = result(2000, kernels, few=400, many=400, pool=600, flat=0)
    found = factors(before, after)
    assert set(found) == {"dsp/conv", "dsp/maxpool", ""}
    conv, outside = found["dsp/conv"], found[""]
    assert (conv.low, conv.value, conv.high) == pytest.approx((1 / 1.5, 2.0, 4 * 1.5))
    assert outside.value == pytest.approx((2000 - 1400) / (1000 - 800))


def test_the_probe_is_built_as_the_target_is() -> None:
    seen: list[tuple[str, str, int, str | None]] = []

    def measured(spec: Spec, network: QuantizedNetwork, options: BuildOptions) -> Measurement:
        target = spec.targets[0]
        seen.append((target.name, target.compile, network.formats["x"].bits, options.kernels))
        return result(10, {})

    generic = Kernels(target="t", rules=(KernelRule(choice="generic"),))
    compiled_factors(TARGET, generic, "-Os", Layout({}, {"a": 16, "b": 16, "c": 8}), measured)
    compiled_factors(TARGET, Kernels(target="t"), "-O3", Layout({}, {"a": 8}), measured)
    assert seen == [
        ("t.probe", "-O2", 16, "generic"),
        ("t.probe", "-Os", 16, "generic"),
        ("t.probe", "-O2", 8, None),
        ("t.probe", "-O3", 8, None),
    ]


def test_where_the_probe_cannot_be_measured_nothing_is_found() -> None:
    assert compiled_factors(TARGET, Kernels(target="t"), "-Os", Layout({}, {}), lambda *_: "no board") == {}


@pytest.mark.slow
def test_predictions_of_flags_are_narrow_and_hold(tmp_path: Path) -> None:
    """Shapes, strides and channels that the probe has not."""
    path = tmp_path / "small.hwspec"
    path.write_text(TEXT, encoding="utf-8")
    with Store(tmp_path / "specc.db") as store:
        found = run_experiment(
            check(path), "t", ("compile",), store=store, build_folder=tmp_path, progress=lambda line: None
        )
    assert [trial.label for trial in found.trials] == ["-Os", "-O0"]
    assert all(trial.held and span(trial) < 12 for trial in found.trials)


def span(trial: Trial) -> float:
    """The upper end of a predicted latency over its lower one."""
    assert trial.predicted is not None and trial.predicted.low and trial.predicted.high
    return trial.predicted.high / trial.predicted.low
