"""What a spec accepts is printed with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from invented_results import kws_inputs

from specc.diagnostics.model import Diagnostic, Waived
from specc.report.document import write_documents


def test_reasons_of_waived_and_demoted_findings(tmp_path: Path) -> None:
    demoted = Diagnostic(
        "E4101",
        "too slow",
        None,
        notes=("demoted from an error: the <new> kernel comes",),
        demoted="the <new> kernel comes",
    )
    waived = Waived(Diagnostic("W4105", "no slack is left", None), "only the total binds & counts", None)
    inputs = replace(kws_inputs(), diagnostics=(demoted,), waived=(waived,))
    (path,) = write_documents(inputs, tmp_path, formats=("html",))
    page = path.read_text(encoding="utf-8")
    contracts = page[page.index('<section id="contracts">') : page.index('<section id="hardware">')]
    assert "What the spec accepts" in contracts
    assert "no slack is left" in contracts and "reason: only the total binds &amp; counts" in contracts
    assert "warning: too slow" in contracts and "demoted from an error: the &lt;new&gt; kernel comes" in contracts


def test_nothing_accepted_nothing_said(tmp_path: Path) -> None:
    (path,) = write_documents(kws_inputs(), tmp_path, formats=("html",))
    assert "What the spec accepts" not in path.read_text(encoding="utf-8")
