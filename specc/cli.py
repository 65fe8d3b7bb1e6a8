"""The command line. Thin: every command imports what it needs when it runs, so that `specc check` starts fast."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from specc import __version__

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.measure.verify import Verified

EXIT_OK = 0
EXIT_FAILED = 1  # errors in a spec, a failed contract, a target that could not be measured
EXIT_USAGE = 2
EXIT_UNDECIDED = 3  # no contract fails, but at least one has no verdict
EXIT_INTERRUPTED = 130

_EPILOG = """\
examples:
  specc check specs/kws.hwspec             find contradictions; runs nothing
  specc verify specs/kws.hwspec            measure every target, judge every budget
  specc report specs/kws.hwspec            write the guidelines as PDF and HTML under build/
  specc explain E3101                      what a diagnostic means and how to repair it

exit codes: 0 all is well, 1 an error or a failed contract, 2 wrong usage, 3 a contract has no verdict
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("specc: interrupted; everything measured so far is stored", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, a pager) has gone: nothing is left to say, and the interpreter must not try at exit.
        sys.stderr.close()
        return EXIT_OK
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="specc",
        description="Declare what a small neural network must do on which hardware; check it, measure it, explain it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"specc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    check = commands.add_parser("check", help="parse, validate and prove what can be proven; runs nothing")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .hwspec file")
    check.add_argument("--format", choices=("text", "json"), default="text", help="how findings are printed")
    check.set_defaults(run=_check)

    measure = commands.add_parser("measure", help="build and measure on every target that can be reached; store")
    _add_measuring_options(measure)
    measure.set_defaults(run=_measure)

    verify = commands.add_parser("verify", help="measure what is stale, judge every budget")
    _add_measuring_options(verify)
    verify.add_argument("--format", choices=("text", "json"), default="text", help="how verdicts are printed")
    verify.set_defaults(run=_verify)

    report = commands.add_parser("report", help="verify, explain, learn, write the guidelines document")
    _add_measuring_options(report)
    report.add_argument("--output", type=Path, metavar="DIR", help="folder for the documents (default: build/<spec>/)")
    report.add_argument("--html-only", action="store_true", help="write no PDF")
    report.add_argument("--no-gate", action="store_true", help="exit 0 once the documents are written")
    report.set_defaults(run=_report)

    targets = commands.add_parser("targets", help="list the hardware library")
    targets.add_argument("--format", choices=("text", "json"), default="text", help="how the list is printed")
    targets.set_defaults(run=_targets)

    explain = commands.add_parser("explain", help="what a diagnostic code means and how to repair it")
    explain.add_argument("code", metavar="CODE", help="for example E3101")
    explain.set_defaults(run=_explain)
    return parser


def _add_measuring_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument(
        "--build", type=Path, default=Path("build"), metavar="DIR", help="build folder and result store"
    )
    parser.add_argument("--target", action="append", metavar="NAME", help="only this target (may be repeated)")
    parser.add_argument("--fresh", action="store_true", help="measure again even where a stored result is current")


def _check(options: argparse.Namespace) -> int:
    from specc.check import check

    results = [check(path) for path in options.files]
    if options.format == "json":
        from specc.diagnostics.render_json import render as render_json

        print(render_json([diagnostic for result in results for diagnostic in result.diagnostics]))
    else:
        for path, result in zip(options.files, results, strict=True):
            _print_findings(path, result, always_summarise=True)
    return EXIT_FAILED if any(result.has_errors for result in results) else EXIT_OK


def _print_findings(path: Path, result: CheckResult, *, always_summarise: bool) -> None:
    from specc.diagnostics.render_text import render, summary

    if result.diagnostics or always_summarise:
        text = render(result.diagnostics, colour=_use_colour(sys.stdout))
        print(text + ("\n" if text else "") + summary(result.diagnostics, str(path)))


def _checked(options: argparse.Namespace) -> CheckResult | None:
    """The checked spec of a measuring command, or None after printing why it cannot be measured."""
    from specc.check import check

    result = check(options.file)
    _print_findings(options.file, result, always_summarise=False)
    if not result.can_be_measured or result.spec is None:
        return None
    known = {target.name for target in result.spec.targets}
    for name in options.target or ():
        if name not in known:
            _usage(f"{options.file} declares no target {name}; it declares {', '.join(sorted(known))}")
    return result


def _verified(options: argparse.Namespace) -> Verified | None:
    """The judged spec of a measuring command, or None after printing why there is none."""
    checked = _checked(options)
    if checked is None:
        return None
    from specc.measure.store import StoreError
    from specc.measure.verify import ScheduleError, verify
    from specc.numerics.quantize import QuantizationError

    with _Progress(sys.stderr) as progress:
        try:
            verified = verify(checked, options.build, progress.show, targets=options.target, fresh=options.fresh)
        except (QuantizationError, ScheduleError, StoreError) as error:
            print(f"specc: {error}", file=sys.stderr)
            return None
    for name, reason in verified.missing.items():
        print(f"specc: target {name}: {reason}", file=sys.stderr)
    return verified


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
    else:
        from specc.report.terminal import verdict_table

        print(verdict_table(verified.verdicts, colour=_use_colour(sys.stdout)))
    return _gate(verified)


def _gate(verified: Verified) -> int:
    outcomes = {verdict.outcome for verdict in verified.verdicts}
    if "fail" in outcomes or verified.failures:
        return EXIT_FAILED
    return EXIT_UNDECIDED if "undecided" in outcomes or not outcomes else EXIT_OK


def _report(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    from specc.report.document import write_guidelines
    from specc.report.inputs import ReportError, ReportInputs

    inputs = ReportInputs(
        spec=verified.spec,
        network=verified.network,
        measurements=verified.measurements,
        verdicts=verified.verdicts,
        quantized=verified.quantized,
        failures=verified.missing,
        diagnostics=verified.diagnostics,
        source_name=str(options.file),
    )
    folder = options.output or options.build / options.file.stem
    try:
        with _Progress(sys.stderr) as progress:
            progress.show("writing the guidelines")
            written = write_guidelines(inputs, folder, ("html",) if options.html_only else ("pdf", "html"))
    except ReportError as error:
        print(f"specc: {error}", file=sys.stderr)
        return EXIT_FAILED
    for path in written:
        print(path)
    return EXIT_OK if options.no_gate else _gate(verified)


def _targets(options: argparse.Namespace) -> int:
    from specc.diagnostics.model import Sink
    from specc.elaborate.hardware import library_names, load_hardware
    from specc.report.terminal import hardware_table

    sink = Sink()
    hardware = [entry for name in library_names() if (entry := load_hardware(name, sink)) is not None]
    if sink.has_errors:
        from specc.diagnostics.render_text import render

        print(render(sink, colour=_use_colour(sys.stderr)), file=sys.stderr)
        return EXIT_FAILED
    if options.format == "json":
        print(json.dumps({"format_version": 1, "hardware": [h.model_dump(mode="json") for h in hardware]}, indent=2))
    else:
        print(hardware_table(hardware))
    return EXIT_OK


def _explain(options: argparse.Namespace) -> int:
    from specc.diagnostics.registry import CODES
    from specc.diagnostics.render_text import explain

    code = options.code.upper()
    if code not in CODES:
        from difflib import get_close_matches

        near = get_close_matches(code, CODES, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        _usage(f"there is no diagnostic {options.code}{hint}")
    print(explain(code))
    return EXIT_OK


def _usage(message: str) -> NoReturn:
    print(f"specc: {message}", file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


def _use_colour(stream: object) -> bool:
    import os

    return hasattr(stream, "isatty") and stream.isatty() and "NO_COLOR" not in os.environ


class _Progress:
    """One line of progress on a terminal, rewritten in place; nothing in a pipe."""

    def __init__(self, stream: object) -> None:
        self._stream = stream
        self._active = hasattr(stream, "isatty") and stream.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._active:
            self._write("\r\x1b[K")

    def show(self, message: str) -> None:
        if self._active:
            self._write(f"\r\x1b[K{message[:100]}")

    def _write(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
