"""Commands that build and measure: measure, verify, report, flash."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.commands.checked import measurable
from specc.commands.console import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNDECIDED,
    FORMATS,
    Progress,
    add_command,
    add_targets_options,
    fail,
    print_lines,
    require_target,
    usage,
    use_colour,
)

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.measure.verify import Verified

_DOCUMENTS = ("guidelines", "full", "slides", "dashboard", "markdown", "data")
_REPORT_EPILOG = """\
documents:
  guidelines  which hardware, on what evidence: PDF and HTML; 10 to 15 pages
  full        every table, counter, figure and sample: PDF and HTML
  slides      for a screen, 16:9: PDF and HTML
  dashboard   one HTML file to filter, sort and try budgets in, without a network
  markdown    the guidelines as Markdown, with their figures as SVG
  data        results, verdicts, recommendation and tree as JSON and CSV

examples:
  specc report specs/kws.hwspec
  specc report specs/kws.hwspec --document full --document dashboard
  specc report specs/kws.hwspec --document all --output documents

exit codes: 0 every budget holds, or --no-gate; 1 one fails, 2 wrong usage, 3 one has no verdict
"""

_FLASH_EPILOG = """\
examples:
  specc flash specs/kws.hwspec --target f407
  specc flash specs/kws.hwspec --target f407 --probe 0670FF495451717867

exit codes: 0 written, 1 it could not be written, 2 wrong usage
"""
_MEASURE_EPILOG = """\
examples:
  specc measure specs/kws.hwspec
  specc measure specs/kws.hwspec --target l4r5 --fresh
  specc measure specs/kws.hwspec --target f407 --port f407=/dev/ttyACM0

exit codes: 0 every target was measured, 1 one could not be, 2 wrong usage
"""
_VERIFY_EPILOG = """\
examples:
  specc verify specs/kws.hwspec
  specc verify specs/kws.hwspec --target l4r5 --target f407
  specc verify specs/kws.hwspec --format junit > contracts.xml

exit codes: 0 every budget holds, 1 one fails, 2 wrong usage, 3 one has no verdict
"""


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    flash = add_command(commands, "flash", "build a target's firmware and write it to the board", _FLASH_EPILOG)
    flash.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    flash.add_argument("--target", nargs=1, required=True, metavar="NAME", help="the target that the board is")
    flash.add_argument("--probe", metavar="SERIAL", help="serial number of the debug probe, if several are connected")
    flash.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="build folder")
    flash.set_defaults(run=_flash)

    measure = add_command(
        commands, "measure", "build and measure on every target that can be reached; store", _MEASURE_EPILOG
    )
    _add_measuring_options(measure)
    measure.set_defaults(run=_measure)

    verify = add_command(commands, "verify", "measure what is stale, judge every budget", _VERIFY_EPILOG)
    _add_measuring_options(verify)
    verify.add_argument("--format", choices=FORMATS, default="text", help="how verdicts are printed")
    verify.set_defaults(run=_verify)

    report = add_command(
        commands,
        "report",
        "verify, explain, learn, write the guidelines and other documents",
        _REPORT_EPILOG,
        description="Verify, explain, learn, and write documents from the stored results.",
    )
    _add_measuring_options(report)
    report.add_argument(
        "--document",
        action="append",
        choices=(*_DOCUMENTS, "all"),
        help="what to write, default guidelines (may be repeated)",
    )
    report.add_argument("--output", type=Path, metavar="DIR", help="folder for the documents (default: build/<spec>/)")
    report.add_argument("--html-only", action="store_true", help="write no PDF")
    report.add_argument("--no-gate", action="store_true", help="exit 0 once the documents are written")
    report.set_defaults(run=_report)


def _add_measuring_options(parser: argparse.ArgumentParser) -> None:
    add_targets_options(parser)
    parser.add_argument(
        "--port", action="append", metavar="NAME=PORT", help="measure this target on the board at a serial port"
    )


def _measure(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    from specc.report.terminal import measurement_table

    print(measurement_table(verified.measurements, verified.run.reused))
    return EXIT_FAILED if verified.failures else EXIT_OK


def _verify(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    if options.format == "json":
        print(json.dumps(verified.to_json(), indent=2))
    elif options.format == "text":
        from specc.report.terminal import verdict_table

        print(verdict_table(verified.verdicts, colour=use_colour(sys.stdout)))
    else:
        _print_verdicts(verified, options)
    return _gate(verified)


def _report(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    from specc.explain.experiment import current_experiments
    from specc.explain.rooflines import current_rooflines
    from specc.measure.store import store_path
    from specc.predict.predictor import published_predictor
    from specc.predict.results import published
    from specc.report.document import DOCUMENTS, write_documents
    from specc.report.inputs import ReportError, ReportInputs
    from specc.tune.record import current_tunings

    inputs = ReportInputs(
        spec=verified.spec,
        network=verified.network,
        measurements=verified.measurements,
        verdicts=verified.verdicts,
        quantized=verified.quantized,
        failures=verified.missing,
        diagnostics=verified.diagnostics,
        waived=verified.waived,
        source_name=str(options.file),
        precision=verified.precision,
        predictor=published_predictor() if verified.missing else None,
        published=published(),
        experiments=current_experiments(verified.spec, verified.measurements, store_path(options.build)),
        tunings=current_tunings(verified.spec, verified.network, store_path(options.build)),
        rooflines=current_rooflines(verified.spec, verified.quantized, verified.measurements, options.build),
    )
    folder = options.output or options.build / options.file.stem
    try:
        with Progress(sys.stderr) as progress:
            asked = options.document or ["guidelines"]
            documents = DOCUMENTS if "all" in asked else asked
            formats = ("html",) if options.html_only else ("pdf", "html")
            written = write_documents(inputs, folder, documents, formats, progress.show)
    except ReportError as error:
        return fail(str(error))
    for path in written:
        print(path)
    return EXIT_OK if options.no_gate else _gate(verified)


def _flash(options: argparse.Namespace) -> int:
    checked = _checked(options)
    if checked is None:
        return EXIT_FAILED
    from specc.measure.backend import BackendError
    from specc.measure.flash import flash
    from specc.measure.store import StoreError
    from specc.numerics.quantize import QuantizationError

    with Progress(sys.stderr) as progress:
        try:
            done = flash(checked, options.target[0], options.probe, options.build, progress.show)
        except (BackendError, QuantizationError, StoreError) as error:
            return fail(str(error))
    print(done)
    return EXIT_OK


def _checked(options: argparse.Namespace) -> CheckResult | None:
    """The checked spec of a measuring command, or None after printing why it cannot be measured."""
    return measurable(options.file, options.target or (), getattr(options, "format", "text"))


def _verified(options: argparse.Namespace) -> Verified | None:
    """The judged spec of a measuring command, or None after printing why there is none."""
    checked = _checked(options)
    if checked is None:
        return None
    from specc.measure.store import StoreError
    from specc.measure.verify import verify
    from specc.numerics.quantize import QuantizationError
    from specc.precision.data import DataError
    from specc.report.terminal import finished_line

    ports = _ports(options, {target.name for target in checked.spec.targets} if checked.spec else set())
    with Progress(sys.stderr) as progress:
        try:
            verified = verify(
                checked, options.build, progress.show, targets=options.target, fresh=options.fresh, ports=ports,
                finished=lambda measurement: progress.keep(finished_line(measurement)),
            )  # fmt: skip
        except (DataError, QuantizationError, StoreError) as error:
            print(f"specc: {error}", file=sys.stderr)
            return None
    for name, reason in verified.missing.items():
        print(f"specc: target {name}: {reason}", file=sys.stderr)
    return verified


def _ports(options: argparse.Namespace, known: set[str]) -> dict[str, str]:
    """The serial ports of the command line, by target."""
    ports: dict[str, str] = {}
    for text in options.port or ():
        name, equals, port = text.partition("=")
        if not (name and equals and port):
            usage(f"--port {text}: write NAME=PORT, for example f407=/dev/ttyACM0")
        require_target(name, known, options.file, option=f"--port {text}: ")
        if name in ports or port in ports.values():
            usage(f"--port {text}: the target or the port was given before")
        ports[name] = port
    return ports


def _print_verdicts(verified: Verified, options: argparse.Namespace) -> None:
    """Verdicts in the formats of `specc check`, at the budget lines that were judged."""
    from specc.measure.findings import findings, suite

    if options.format == "junit":
        from specc.diagnostics.render_junit import render as render_junit

        print(render_junit([suite(verified, str(options.file))]))
    else:
        from specc.diagnostics.render import render

        print_lines(render([findings(verified, str(options.file))], options.format))


def _gate(verified: Verified) -> int:
    outcomes = {verdict.outcome for verdict in verified.verdicts}
    if "fail" in outcomes or verified.failures:
        return EXIT_FAILED
    return EXIT_UNDECIDED if "undecided" in outcomes or not outcomes else EXIT_OK
