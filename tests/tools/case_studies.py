"""Write the figures of `docs/cases/`: one small file for each case study, and the tables of the page.

    specc report specs/cases/keyword_spotting.hwspec --document guidelines --document data --output build/cases
    python tests/tools/case_studies.py build/cases/kws.json keyword_spotting

takes what the page shows from the document's data (`docs/documents.md`) into `docs/cases/keyword_spotting.json`, and
sets every table of `docs/cases/README.md` anew from the files there. Without arguments it only sets the tables.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from specc.evidence import Figure
from specc.report.numbers import figure_text

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "cases"
# A table of the page follows a comment that names its case, and is replaced whole.
_TABLE: Final = re.compile(r"(<!-- candidates of (?P<name>[a-z_]+) -->\n\n)(?:\|[^\n]*\n)*")


def digest(data: dict[str, Any]) -> dict[str, Any]:
    """What the page shows, from the data of a report: the network, and every candidate's figures and verdicts."""
    estimated = {one["target"]: one for one in data["estimated"]}
    hardware = {target["name"]: target["hardware"] for target in data["spec"]["targets"]}
    candidates = []
    for standing in data["recommendation"]["standings"]:
        name = standing["target"]
        if name in data["measurements"]:
            measurement = data["measurements"][name]
            said, figures = name, {"latency": measurement["total"]["best"], "energy": measurement["energy"]}
        else:
            said, figures = estimated[name]["name"], estimated[name]["figures"]
        candidates.append(
            {
                "target": name,
                "name": said,
                "title": hardware[name]["title"],
                "core": hardware[name]["core"],
                "status": standing["status"],
                "fails": [v["label"] for v in data["verdicts"] if v["target"] == name and v["outcome"] == "fail"],
                "latency": figures["latency"],
                "energy": figures["energy"],
            }
        )
    return {
        "format_version": 1,
        "network": {key: data["network"][key] for key in ("name", "macs", "parameters")},
        "chosen": data["recommendation"]["target"],
        "answer_of_the_tree": data["tree"]["answer"],
        "candidates": candidates,
    }


def candidates_table(case: dict[str, Any]) -> str:
    """Every candidate, best first, as a Markdown table."""
    columns = ("candidate", "hardware", "core", "latency, median", "energy", "evidence", "contracts")
    rows = []
    for one in case["candidates"]:
        latency, energy = Figure.model_validate(one["latency"]), Figure.model_validate(one["energy"])
        evidence = dict.fromkeys(f.evidence for f in (latency, energy) if f.value is not None)
        verdict = f"fails {', '.join(one['fails'])}" if one["fails"] else one["status"]
        rows.append(
            (
                one["name"], one["title"], one["core"], figure_text(latency), figure_text(energy), ", ".join(evidence),
                verdict,
            )
        )  # fmt: skip
    lines = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n" for cells in lines)


def filled(page: str) -> str:
    """The page with every table set anew from the files beside it."""

    def replaced(match: re.Match[str]) -> str:
        stored = FOLDER / f"{match['name']}.json"
        if not stored.is_file():  # a case whose report has not been taken over yet
            return match[0]
        return match[1] + candidates_table(json.loads(stored.read_text(encoding="utf-8")))

    return _TABLE.sub(replaced, page)


def main(arguments: list[str]) -> None:
    """Take the data of a report over, if it is given, and set the tables of the page."""
    if arguments:
        source, name = arguments
        case = digest(json.loads(Path(source).read_text(encoding="utf-8")))
        (FOLDER / f"{name}.json").write_text(json.dumps(case, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = FOLDER / "README.md"
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
