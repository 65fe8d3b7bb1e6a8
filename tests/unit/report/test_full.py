"""The full report and the slides: every kind of figure, captioned, on pages, and honest about what is missing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from hostile import ALL_OF_IT, EACH, hostile_inputs
from invented_results import full_inputs, kws_inputs
from layout import overflowing
from pypdf import PdfReader

from specc.explain.attribution import CAUSES
from specc.explain.working_set import working_sets
from specc.report import style
from specc.report.blocks import Section
from specc.report.document import write_documents
from specc.report.figures.energy import shares
from specc.report.figures.looks import CAUSE_LOOK, ink_on, kind_look
from specc.report.inputs import ReportInputs
from specc.report.kinds import FULL, SLIDES, Kind, compose, page_context
from specc.report.material import Material
from specc.report.pages import render


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write_documents(full_inputs(), folder, ("full", "slides"))
    return folder


@pytest.fixture(scope="module")
def sections() -> list[Section]:
    return compose(Material(full_inputs()), FULL.builders)


@pytest.fixture(scope="module")
def images(sections: list[Section]) -> list[style.Image]:
    return [block for section in sections for block in section.blocks if isinstance(block, style.Image)]


def test_there_are_at_least_fourteen_kinds_of_figure(images: list[style.Image]) -> None:
    names = {image.name for image in images}
    kinds = {
        "limits", "radar", "waterfall-board_a", "layers", "causes", "timeline", "sunburst", "flame", "work",
        "per-mac-board_a", "flash-waits", "percentiles", "runs-host", "baselines", "memory", "tensors", "working-set",
        "energy", "tradeoff", "tree",
    }  # fmt: skip
    missing = kinds - names
    assert missing == {"flash-waits"} - names, "the invented counters have no bounds on flash waits"
    assert len(kinds & names) >= 14
    assert len(names) == len(images), "every figure has a name of its own"


def test_every_figure_is_vector_and_says_what_it_shows(images: list[style.Image]) -> None:
    for image in images:
        root = ET.fromstring(image.svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert "path" in tags
        assert not tags & {"image", "script", "foreignObject"}
        assert image.caption.endswith(".") and len(image.caption) > 40
        assert image.alternative.endswith(".") and len(image.alternative) > 40


def test_neighbouring_causes_are_told_apart_without_colour() -> None:
    def grey(colour: str) -> float:
        """Relative luminance (WCAG 2.2) of a colour."""
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for one, other in pairwise(CAUSES):
        (colour, hatch), (next_colour, next_hatch) = CAUSE_LOOK[one], CAUSE_LOOK[other]
        assert abs(grey(colour) - grey(next_colour)) > 0.02 or hatch != next_hatch, (one, other)
    looks = [kind_look(kind) for kind in ("conv", "dwconv", "dense", "avgpool", "add", "softmax")]
    assert len({hatch for _, hatch in looks[:5]}) == 5, "kinds of operator differ by hatch"
    for colour in {colour for colour, _ in CAUSE_LOOK.values()}:
        ink = 1.0 if ink_on(colour) == "white" else grey(style.INK)
        light, dark = max(ink, grey(colour)), min(ink, grey(colour))
        assert (light + 0.05) / (dark + 0.05) >= 3.0, f"text on {colour}"


@pytest.mark.slow
def test_pages_bookmarks_tags_and_contents(folder: Path) -> None:
    full = PdfReader(folder / "kws-full.pdf")
    assert full.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert full.metadata is not None and full.metadata.title == "Full report for kws"
    assert len(full.pages) >= 25
    titles = [entry.title for entry in full.outline if not isinstance(entry, list)]
    for title in ("Contracts", "Attribution", "Working set", "Every counter", "Raw samples", "The tree as text"):
        assert title in titles
    contents = full.pages[1].extract_text()
    for title in titles:
        (page,) = re.findall(rf"{re.escape(title)}[ .]*?(\d+)(?!\d)", contents) or [""]
        assert title in full.pages[int(page) - 1].extract_text(), title
    last = full.pages[-1].extract_text()
    assert f"{len(full.pages)} / {len(full.pages)}" in last


@pytest.mark.slow
def test_slides_are_wide_and_few(folder: Path) -> None:
    slides = PdfReader(folder / "kws-slides.pdf")
    assert 8 <= len(slides.pages) <= 14
    for page in slides.pages:
        assert page.mediabox.width / page.mediabox.height == pytest.approx(16 / 9, rel=1e-3)
    assert "Choose Invented Test Board A." in slides.pages[0].extract_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full", "slides"])
def test_nothing_overflows_and_links_lead_somewhere(folder: Path, name: str) -> None:
    page = (folder / f"kws-{name}.html").read_text(encoding="utf-8")
    assert overflowing(page) == []
    links = set(re.findall(r'href="#([^"]+)"', page))
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert links <= set(identifiers)
    assert len(identifiers) == len(set(identifiers))
    assert not re.findall(r'(?:src|href)="([a-z]+:)', page)


def test_without_results_sections_are_missing_and_say_why() -> None:
    inputs = kws_inputs()
    bare = ReportInputs(inputs.spec, inputs.network, {}, [], failures={"board_a": "no probe"})
    sections = compose(Material(bare), FULL.builders)
    titles = [section.title for section in sections]
    assert titles[-1] == "Not in this document"
    assert "Attribution" not in titles and "Energy" not in titles
    page = render(page_context(Material(bare), FULL))
    assert "Attribution: no target has counters that tell the causes of its cycles apart." in page
    assert "no probe" in page


def test_the_working_set_is_what_a_layer_touches() -> None:
    """By hand: the first layer of the network reads 49x10, holds 64 filters of 10x4 and 64 biases, writes 25x5x64."""
    quantized = full_inputs().quantized
    assert quantized is not None
    sets = working_sets(quantized)
    input_bytes = quantized.formats["features"].container_bits // 8
    output_bytes = quantized.formats["conv1"].container_bits // 8
    weight_bytes = quantized.numbers["conv1"].weight_container_bits // 8
    assert sets[0].inputs == 49 * 10 * input_bytes
    assert sets[0].output == 25 * 5 * 64 * output_bytes
    assert sets[0].weights == 64 * 10 * 4 * weight_bytes + 64 * 4
    assert sets[0].total == sets[0].inputs + sets[0].output + sets[0].weights


def test_energy_shares_add_up() -> None:
    inputs = full_inputs()
    found = shares(inputs.network, inputs.measurements["board_a"])
    assert sum(found.values()) == pytest.approx(1.0, abs=2e-3)
    assert max(found, key=lambda kind: found[kind]) == "conv"


@pytest.mark.parametrize("kind", [FULL, pytest.param(SLIDES, marks=pytest.mark.slow)], ids=["full", "slides"])
@pytest.mark.parametrize("text", EACH)
def test_hostile_text_is_shown_and_does_nothing(text: str, kind: Kind) -> None:
    context = page_context(Material(hostile_inputs(text)), kind)
    blocks = [block for section in context["sections"] for block in section.blocks]
    for image in (block for block in blocks if isinstance(block, style.Image)):
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(image.svg).iter()}
        assert not tags & {"image", "script", "foreignObject", "a"}
        assert re.fullmatch(r"[A-Za-z0-9._-]+", image.name)
    page = render(context, kind.template, kind.style)
    body = page[page.index("<body>") :]
    assert "<script" not in body and "<img src=x" not in body
    assert "\u202e" not in body
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", body)


@pytest.mark.slow
@pytest.mark.parametrize("text", [ALL_OF_IT])
@pytest.mark.parametrize("kind", [FULL, SLIDES], ids=["full", "slides"])
def test_hostile_text_does_not_overflow(text: str, kind: Kind) -> None:
    page = render(page_context(Material(hostile_inputs(text)), kind), kind.template, kind.style)
    assert overflowing(page) == []


@pytest.mark.slow
def test_equal_inputs_give_equal_bytes(folder: Path, tmp_path: Path) -> None:
    written = write_documents(full_inputs(), tmp_path, ("full", "slides"))
    for path in written:
        assert path.read_bytes() == (folder / path.name).read_bytes()
