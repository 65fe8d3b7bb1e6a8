"""`specc predict`: hardware that is not at hand, from published results."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.commands.checked import print_refused
from specc.commands.checking import print_findings
from specc.commands.console import EXIT_FAILED, EXIT_OK, Progress, add_command, fail, usage

if TYPE_CHECKING:
    from specc.graph.network import Network
    from specc.predict.predictor import Predictor
    from specc.predict.results import Kernels
    from specc.spec import Spec
    from specc.spec.hardware import Target

_DESCRIPTION = """\
Latency and energy of a network on hardware that is not at hand: published results of the same network, and predictions
from published results of others, with intervals of 95 %. Nothing is built and nothing runs.
"""
_EPILOG = """\
examples:
  specc predict specs/kws.hwspec                          all hardware that specc knows, the best first
  specc predict specs/kws.hwspec --targets rp2350 l4r5    these: names of the library, or targets of the spec
  specc predict specs/kws.hwspec --software X-CUBE-AI --why
  specc predict specs/kws.hwspec --json

How far predictions are off, and how the score is made: docs/predictor.md.
"""


def add_commands(commands: Any) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "predict",
        "latency and energy on hardware that is not at hand, from published results",
        _EPILOG,
        description=_DESCRIPTION,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument(
        "--targets", nargs="+", default=["all"], metavar="NAME", help="hardware of the library, or targets of the spec"
    )
    parser.add_argument(
        "--kernels", choices=("tuned", "portable", "reference"), help="kernels of the software (default: tuned)"
    )
    parser.add_argument("--software", metavar="NAME", help="predict for this software alone, for example X-CUBE-AI")
    parser.add_argument("--why", action="store_true", help="print every deduction of every score")
    parser.add_argument("--json", action="store_true", help="print every figure with its basis, for programs")
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="folder of the result store")
    parser.set_defaults(run=_predict)


def _predict(options: argparse.Namespace) -> int:
    from specc.check import check
    from specc.guide.candidates import requirement
    from specc.measure.store import StoreError, store_path
    from specc.predict.estimates import Question
    from specc.report.predictions import best_of_each, predictions_json, predictions_text, rated

    checked = check(options.file)
    if not checked.can_be_measured or checked.spec is None or checked.network is None:
        print_findings(options.file, checked, sys.stderr, always_summarise=True)
        print_refused(options.file, checked, "json" if options.json else "text")
        return EXIT_FAILED
    targets = _targets(options.targets, checked.spec)
    try:
        with Progress(sys.stderr) as progress:
            progress.show("learning from published results")
            predictor = _trained(checked.spec, checked.network, store_path(options.build))
    except StoreError as error:
        return fail(str(error))
    kernels: Kernels = options.kernels or "tuned"
    if options.software:
        kernels = _kernels(predictor, options.software, options.kernels)
    question = Question(checked.network, checked.spec.quantization, kernels, options.software or "")
    found = rated(question, targets, predictor, requirement(checked.spec))
    if options.targets == ["all"] and not options.json:
        found = best_of_each(found)
    if options.json:
        print(json.dumps(predictions_json(found, question), indent=2))
    else:
        print(predictions_text(found, question, why=options.why))
    return EXIT_OK


def _targets(names: list[str], spec: Spec) -> list[Target]:
    """Targets by name: those of the spec, at their clocks, before hardware of the library."""
    from difflib import get_close_matches

    from specc.diagnostics.model import Sink
    from specc.elaborate.hardware import library_names, load_hardware
    from specc.spec.hardware import Target

    own = {target.name: target for target in spec.targets}
    library = library_names()
    chosen = library if names == ["all"] else list(dict.fromkeys(names))
    found = []
    for name in chosen:
        if name in own and names != ["all"]:
            found.append(own[name])
        elif name in library:
            hardware = load_hardware(name, Sink())
            assert hardware is not None, f"the library's {name} does not read"
            found.append(Target(name=name, hardware=hardware))
        else:
            near = get_close_matches(name, [*own, *library], n=3, cutoff=0.6)
            hint = f"; did you mean {', '.join(near)}?" if near else "; `specc targets` lists the library"
            usage(f"--targets: there is no hardware {name[:60]}{hint}")
    return found


def _trained(spec: Spec, network: Network, store: Path) -> Predictor:
    """The predictor, taught by published results and by what the store holds about this spec."""
    from specc.measure.provenance import spec_hash
    from specc.measure.store import Store
    from specc.predict.estimates import own_observations
    from specc.predict.predictor import Predictor, published_predictor
    from specc.predict.results import published

    measurements = {}
    if store.is_file():
        with Store(store) as opened:
            hashed = spec_hash(spec)
            for target in spec.targets:
                if (measurement := opened.latest(target.name, hashed)) is not None:
                    measurements[target.name] = measurement
    own = own_observations(spec, network, measurements)
    return Predictor.train(published(), own) if own else published_predictor()


def _kernels(predictor: Predictor, software: str, asked: str | None) -> Kernels:
    known = predictor.software_families
    if software not in known:
        usage(f"--software: no published result of {software[:60]}; known: {', '.join(known)}")
    kernels = predictor.kernels_of(software)
    if asked not in (None, kernels):
        usage(f"--kernels {asked}: {software} runs {kernels} kernels")
    return kernels
