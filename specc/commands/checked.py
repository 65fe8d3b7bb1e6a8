"""The checked spec of a command that goes on to work with it, or what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from specc.commands.checking import print_findings, print_for_programs
from specc.commands.console import require_target

if TYPE_CHECKING:
    from specc.check import CheckResult


def measurable(file: Path, targets: Sequence[str] = (), form: str = "text") -> CheckResult | None:
    """The checked spec, if it can be measured; what was found is printed either way.

    Args:
        file: the spec.
        targets: names that the command line gives; one that the spec does not declare ends the command.
        form: of the command's output. Where it is for programs, findings go to standard error, and to standard output
            only if nothing else will come: those of a spec that cannot be measured.
    """
    from specc.check import check

    result = check(file)
    print_findings(file, result, sys.stdout if form == "text" else sys.stderr, always_summarise=False)
    if not result.can_be_measured or result.spec is None:
        print_refused(file, result, form)
        return None
    known = {target.name for target in result.spec.targets}
    for name in targets:
        require_target(name, known, file)
    return result


def print_refused(file: Path, result: CheckResult, form: str) -> None:
    """For programs: why nothing else is printed, as `specc check --format` prints it."""
    if form != "text":
        print_for_programs([file], [result], form)
