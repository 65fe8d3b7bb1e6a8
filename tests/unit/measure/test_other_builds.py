"""What a kernels section asks of a backend that does not build so is an error, before a stored result is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_kernels import TEXT

from specc.check import check_source
from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.graph.build import build_network
from specc.measure.backend import BackendError
from specc.measure.flash import flash
from specc.measure.runner import measure
from specc.measure.store import Store
from specc.numerics.quantize import quantize
from specc.source import SourceFile

TUNED = "kernels are tuned on virtual boards alone: `use fastest` in the kernels of "


@pytest.mark.parametrize(
    ("target", "said", "problem"),
    [
        ("h", "use generic for first", "the program for this computer is not built with kernels chosen by layer"),
        ("h", "weights sram for first", "the program for this computer is not built with weights in SRAM"),
        ("h", "use tuned", f"{TUNED}h"),
        ("m4", "use generic", "the program of a serial board is not built with generic kernels"),
        ("m4", "use smallest for last", "the program of a serial board is not built with kernels chosen by layer"),
        ("m4", "use tuned", f"{TUNED}m4"),
        ("npu", "use generic", "what Vela compiles is not built with generic kernels"),
    ],
)
def test_measuring_says_so(tmp_path: Path, target: str, said: str, problem: str) -> None:
    sink = Sink()
    text = f"{TEXT}target npu {{ use ethos_u55_128 }}\nkernels {target} {{ {said} }}\n"
    spec = load_text(SourceFile("test", text), sink)
    assert spec is not None, sink.diagnostics
    network = quantize(spec, build_network(spec.model))
    ports = {"m4": "/dev/null"} if target == "m4" else {}
    with Store(tmp_path / "specc.db") as store:
        report = measure(spec, network, store, tmp_path, lambda line: None, targets=[target], ports=ports)
    assert report.failures == {target: problem}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("use generic", "a serial board is not built with generic kernels"),
        ("use tuned", "kernels are tuned on virtual"),
    ],
)
def test_flashing_says_so(tmp_path: Path, said: str, problem: str) -> None:
    checked = check_source(SourceFile("test", f"{TEXT}kernels m4 {{ {said} }}\n"))
    assert checked.spec is not None
    with pytest.raises(BackendError, match=problem):
        flash(checked, "m4", None, tmp_path, lambda line: None)
