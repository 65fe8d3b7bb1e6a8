"""The same results as Markdown, CSV, JSON and rules: complete, and harmless in whatever opens them."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hostile import EACH, HOSTILE, hostile_inputs
from hypothesis import given
from hypothesis import strategies as st
from invented_results import full_inputs

from specc.guide.candidates import NAMES
from specc.guide.rules import Condition, rules
from specc.guide.tree import INFEASIBLE, Need, Node
from specc.measure.export import spreadsheet_safe
from specc.report import data, markdown
from specc.report.document import DOCUMENTS, write_documents
from specc.report.inputs import ReportError
from specc.report.markdown import escape
from specc.report.material import Material
from specc.report.tree_text import needs, tree_text


@pytest.fixture(scope="module")
def material() -> Material:
    return Material(full_inputs())


@pytest.fixture(scope="module")
def text(material: Material) -> str:
    return markdown.files(material, "kws")["-guidelines.md"].decode()


def test_markdown_says_what_the_guidelines_say(text: str, material: Material) -> None:
    assert text.startswith("# Hardware guidelines for kws\n\n**Choose Invented Test Board A\\.**")
    for title in ("Contracts", "Hardware compared", "Where the time goes", "Decision tree", "Limits"):
        assert f"\n## {title}\n" in text
    figures = markdown.files(material, "kws")
    linked = re.findall(r"\]\(kws-figures/([^)]+)\)", text)
    assert len(linked) >= 6
    assert {f"-figures/{name}" for name in linked} == set(figures) - {"-guidelines.md"}
    for name in linked:
        ET.fromstring(figures[f"-figures/{name}"])


def rows_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


@pytest.mark.parametrize("hostile", EACH)
def test_hostile_text_stays_text_in_markdown(hostile: str) -> None:
    made = markdown.files(Material(hostile_inputs(hostile)), "kws")
    text = made["-guidelines.md"].decode()
    assert set(re.findall(r"<[^>]*>", text)) <= {"<sup>", "</sup>"}
    assert "](javascript:" not in text and "http://" not in text
    assert "\u202e" not in text and "\x1b" not in text
    tables = re.split(r"\n\n", text)
    for block in tables:
        counts = {cells(row) for row in rows_of(block)}
        assert len(counts) <= 1, block
    assert all(re.fullmatch(r"-figures/[\w-]+\.svg", name) for name in made if name != "-guidelines.md")


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    shown = escape(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[`*_\[\]|~<>]", shown.replace("\\\\", ""))


def test_everything_is_in_the_json(material: Material) -> None:
    made = data.files(material, "kws")
    found = json.loads(made[".json"])
    assert found["recommendation"]["target"] == "board_a"
    assert set(found["measurements"]) == {"board_a", "board_b", "board_c", "board_d", "host"}
    assert len(found["verdicts"]) == len(material.inputs.verdicts)
    assert found["network"]["macs"] == material.inputs.network.macs
    assert found["tree"]["answer"] == material.guide.answer
    verdicts = list(csv.DictReader(io.StringIO(made["-verdicts.csv"].decode())))
    assert [row["outcome"] for row in verdicts] == [v.outcome for v in material.inputs.verdicts]
    results = list(csv.DictReader(io.StringIO(made["-results.csv"].decode())))
    assert {row["target"] for row in results} == set(found["measurements"])


@pytest.mark.parametrize("hostile", EACH)
def test_no_cell_is_a_formula(hostile: str) -> None:
    made = data.files(Material(hostile_inputs(hostile)), "kws")
    json.loads(made[".json"])
    for name, content in made.items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(content.decode(), newline="")):
                for cell in row:
                    assert not cell.startswith(("=", "@", "\t", "\r", "\n")), (name, cell)
                    assert not re.match(r"[+-]\D", cell) or re.match(r"[+-]?(\d|inf|nan)", cell), (name, cell)


def test_numbers_stay_numbers() -> None:
    assert spreadsheet_safe(-1.5) == -1.5
    assert spreadsheet_safe("-1.5") == "'-1.5"
    assert spreadsheet_safe("a=b") == "a=b"


limits = st.floats(min_value=1e-9, max_value=1e9)
DIMENSIONS = ("latency", "energy", "sram")
trees = st.recursive(
    st.builds(
        Node,
        support=st.floats(0, 1),
        label=st.sampled_from(["a", "b"]),
        needs=st.lists(st.builds(Need, st.sampled_from(DIMENSIONS), limits | st.just(math.inf)), max_size=3).map(tuple),
    ),
    lambda inner: st.builds(
        Node,
        support=st.floats(0, 1),
        dimension=st.sampled_from(DIMENSIONS),
        threshold=limits | st.just(math.inf),
        below=inner,
        otherwise=inner,
    ),
    max_leaves=12,
)


def _holds(condition: Condition, requirement: dict[str, float]) -> bool:
    limit = requirement.get(condition.dimension)
    if condition.threshold is None:
        return (limit is not None) == condition.below
    return (limit is not None and limit < condition.threshold) == condition.below


@given(trees, st.dictionaries(st.sampled_from(DIMENSIONS), limits))
def test_at_most_one_rule_holds_and_it_says_what_the_tree_says(tree: Node, requirement: dict[str, float]) -> None:
    holding = [rule.label for rule in rules(tree) if all(_holds(c, requirement) for c in rule.conditions)]
    assert (holding or [INFEASIBLE]) == [tree.predict(requirement)]
    assert len(rules(tree)) == tree.leaves


def test_the_tree_as_text_names_every_leaf_and_all_it_needs(material: Material) -> None:
    guide = material.guide
    assert guide.tree is not None
    text = tree_text(guide)
    assert text.count("take ") == guide.tree.leaves
    assert text.count("?") == guide.tree.leaves - 1
    leaf = guide.tree.path(guide.requirement)[-1]
    assert needs(leaf) in text
    assert all(NAMES[need.dimension] in needs(leaf) for need in leaf.needs)


def test_unknown_documents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="novel"):
        write_documents(full_inputs(), tmp_path, ("novel",))


def test_files_are_named_after_the_network_whatever_it_is_called(tmp_path: Path) -> None:
    inputs = hostile_inputs(HOSTILE["path"])
    written = write_documents(inputs, tmp_path / "out", ("data", "dashboard"))
    assert all(path.resolve().is_relative_to(tmp_path / "out") for path in written)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out"]
    assert not list((tmp_path / "out").rglob("*.unfinished"))


def test_the_command_line_offers_every_document() -> None:
    from specc.commands.measuring import _DOCUMENTS

    assert _DOCUMENTS == DOCUMENTS
