"""Repairing a spec file with the fixes that its findings offer, until none is left that helps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.check import CheckResult, check_source
from specc.diagnostics.fixes import applicable, apply, normalised
from specc.diagnostics.model import Diagnostic, Fix, Sink
from specc.source import SourceFile
from specc.syntax.files import Change, split_mark

ROUNDS: Final = 20  # a fix may uncover a finding with another fix; no file needs more than a few rounds
SINGLE_TRIES: Final = 50  # checks of the whole file with one fix more


@dataclass(frozen=True)
class Repaired(Change):
    """A file before and after its fixes. `result` is what is left to be found in `after`."""

    applied: tuple[Fix, ...]
    result: CheckResult


@dataclass(frozen=True)
class _State:
    raw: str
    source: SourceFile
    result: CheckResult
    applied: tuple[Fix, ...] = ()

    def fixes(self, unsafe: bool) -> list[Fix]:
        return applicable(self.result.diagnostics, self.source, unsafe=unsafe)

    def with_fixes(self, fixes: list[Fix]) -> _State:
        raw = apply(self.raw, fixes)
        source = SourceFile(self.source.name, normalised(raw), self.source.path)
        return _State(raw, source, check_source(source), (*self.applied, *fixes))


def repair(path: Path, *, unsafe: bool = False) -> Repaired:
    """Work out the repaired text of a file; nothing is written. `unsafe`: with fixes that may change the meaning."""
    from specc.syntax.files import read

    sink = Sink()
    source = read(path, sink)
    if source is None:
        return Repaired(path, b"", b"", (), CheckResult(None, None, tuple(sink), ()))
    before = path.read_bytes()
    mark, raw = split_mark(before)
    source = SourceFile(source.name, normalised(raw), path)
    state = _repaired(_State(raw, source, check_source(source)), unsafe)
    return Repaired(path, before, mark + state.raw.encode(), state.applied, state.result)


def _repaired(start: _State, unsafe: bool) -> _State:
    """The last state without a new error; where all fixes together bring one, fix after fix."""
    best = state = start
    for _ in range(ROUNDS):
        fixes = state.fixes(unsafe)
        if not fixes:
            break
        state = state.with_fixes(fixes)
        if not _brings_errors(start.result, state.result):
            best = state
    tries = SINGLE_TRIES
    fixes = best.fixes(unsafe)
    while fixes and tries > 0:
        tries -= 1
        state = best.with_fixes([fixes.pop(0)])
        if not _brings_errors(start.result, state.result):
            best, fixes = state, state.fixes(unsafe)
    return best


def _brings_errors(before: CheckResult, after: CheckResult) -> bool:
    """Whether there are errors that were not there before. What only now could be proven is not new."""
    known = Counter(_identity(d) for d in before.diagnostics if d.severity == "error")
    found = Counter(_identity(d) for d in after.diagnostics if d.severity == "error")
    return any(before.network is not None or code[1] in "01" for code, _ in found - known)


def _identity(diagnostic: Diagnostic) -> tuple[str, str]:
    """What stays of a finding when the lines around it change."""
    return diagnostic.code, diagnostic.primary.span.text if diagnostic.primary else diagnostic.message
