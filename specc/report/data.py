"""Everything a document says as data: one JSON file, and tables as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from specc import __version__
from specc.guide.choose import Choice
from specc.guide.rules import Condition, rules, to_json
from specc.measure.export import export_text, spreadsheet_safe
from specc.report.explanations import explanation_json
from specc.report.material import Material
from specc.report.parts import described
from specc.report.tree_text import tree_text
from specc.spec import Spec

FORMAT_VERSION: Final = 1


def files(material: Material, stem: str) -> dict[str, bytes]:
    """`.json`: everything; `-results.csv`, `-verdicts.csv`, `-rules.csv`, and the tree as `-tree.txt`."""
    inputs, guide = material.inputs, material.guide
    verdicts = [
        (v.target, v.label, v.relation, v.limit, v.unit, v.figure.value, v.figure.low, v.figure.high, v.figure.evidence,
         v.outcome, v.margin, v.reason)
        for v in inputs.verdicts
    ]  # fmt: skip
    made = {
        ".json": json.dumps(everything(material), indent=2, allow_nan=False) + "\n",
        "-results.csv": export_text(material.shown, "csv"),
        "-verdicts.csv": _csv(_VERDICT_COLUMNS, verdicts),
    }
    if guide.tree is not None:
        leaves = [
            (place, c.dimension, _relation(c), c.threshold, c.unit, rule.label, rule.support)
            for place, rule in enumerate(rules(guide.tree), start=1)
            for c in rule.conditions
        ]
        made["-rules.csv"] = _csv(_RULE_COLUMNS, leaves)
        made["-tree.txt"] = f"{tree_text(guide)}\n"
    return {ending: text.encode() for ending, text in made.items()}


_VERDICT_COLUMNS: Final = (
    "target", "contract", "relation", "limit", "unit", "value", "low", "high", "evidence", "outcome", "margin",
    "reason",
)  # fmt: skip
_RULE_COLUMNS: Final = ("rule", "limit_of", "relation", "threshold", "unit", "take", "support")


def _relation(condition: Condition) -> str:
    if condition.threshold is None:
        return "limited" if condition.below else "not limited"
    return "<" if condition.below else ">="


def everything(material: Material) -> dict[str, Any]:
    """Plain data: spec, results, verdicts, recommendation, tree, findings."""
    inputs = material.inputs
    return {
        "format_version": FORMAT_VERSION,
        "generator": f"specc {__version__}",
        "source": inputs.source_name,
        "spec": inputs.spec.model_dump(mode="json"),
        "network": {
            "name": inputs.network.name,
            "macs": inputs.network.macs,
            "parameters": inputs.network.parameters,
            "layers": [
                {"name": layer.name, "kind": layer.kind, "output_shape": layer.output_shape, "macs": layer.macs,
                 "parameters": layer.parameters}
                for layer in inputs.network.layers
            ],
        },
        "measurements": {name: m.model_dump(mode="json") for name, m in inputs.measurements.items()},
        "explanations": {
            m.target: explanation_json(m, inputs.spec.target(m.target), inputs.network) for m in material.shown
        },
        "not_measured": inputs.failures,
        "verdicts": [verdict.model_dump(mode="json") for verdict in inputs.verdicts],
        "estimated": [
            {"target": one.target, "name": one.name,
             "figures": {name: figure.model_dump(mode="json") for name, figure in one.figures.items()}}
            for one in material.estimated
        ],
        "recommendation": _recommendation(inputs.spec, material.choice),
        "tree": to_json(material.guide),
        "findings": [
            {"code": d.code, "severity": d.severity, "message": d.message, "notes": list(d.notes)}
            for d in inputs.diagnostics
        ],
        "waived": [
            {"code": w.diagnostic.code, "message": w.diagnostic.message, "reason": w.reason} for w in inputs.waived
        ],
    }  # fmt: skip


def _recommendation(spec: Spec, choice: Choice) -> dict[str, Any]:
    return {
        "target": choice.chosen.target if choice.chosen else None,
        "part": described(spec.target(choice.chosen.target)) if choice.chosen else None,
        "status": choice.chosen.status if choice.chosen else None,
        "preference": list(choice.preference),
        "deciding": choice.deciding,
        "standings": [
            {"target": s.target, "status": s.status, "passed": s.passed, "failed": s.failed, "undecided": s.undecided}
            for s in choice.standings
        ],
    }


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([spreadsheet_safe(cell) for cell in row] for row in rows)
    return text.getvalue()
