"""Figures set within a page use its typeface and share no identifier; in files of their own they are outlines."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from invented_results import kws_inputs

from specc.report import fonts, style
from specc.report.figures.variation import percentiles, runs


def drawn(name: str, label: str = "AVE <b>&amp; 'IBM'") -> style.Image:
    with style.figure(1.0) as canvas:
        axes = canvas.add_subplot()
        axes.plot([0, 1], [0, 1], "o")
        axes.barh(0, 1, hatch="////")
        axes.set_title(label)
        return style.image(canvas, name, "What it shows.", "What it finds.")


def test_text_is_text_in_the_typeface_of_the_page() -> None:
    image = drawn("one")
    root = ET.fromstring(f'<svg xmlns:xlink="http://www.w3.org/1999/xlink">{image.content}</svg>')
    texts = {element.text: element.get("style", "") for element in root.iter() if element.tag == "text"}
    assert "AVE <b>&amp; 'IBM'" in texts
    assert all(fonts.PAGE_TEXT in look for look in texts.values())
    assert "<style" not in image.content and "<metadata" not in image.content


def test_figures_on_one_page_share_no_identifier_and_find_their_own() -> None:
    one, other = drawn("one"), drawn("other")
    names = [re.findall(r'\bid="([^"]+)"', image.content) for image in (one, other)]
    assert all(names)
    assert not set(names[0]) & set(names[1])
    for image, own in zip((one, other), names, strict=True):
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', image.content))
        assert used and used <= set(own)


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert drawn("one").svg == drawn("one").svg


def test_a_figure_of_its_own_needs_no_typeface() -> None:
    with style.outlined():
        image = drawn("one")
    assert not [element for element in ET.fromstring(image.svg).iter() if element.tag.endswith("}text")]
    assert b"font" not in image.svg
    assert b"<text" in drawn("one").svg


def test_a_page_gets_all_that_is_drawn_in_its_order_but_no_group_that_says_nothing() -> None:
    image = drawn("one")

    def leaves(svg: str | bytes) -> list[tuple[str, str]]:
        found = [(e.tag.rpartition("}")[2], e.get("d") or e.text or "") for e in ET.fromstring(svg).iter()]
        return [(tag, text) for tag, text in found if tag in ("path", "use", "text", "rect")]

    page = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink">{image.content}</svg>'
    assert leaves(page) == leaves(image.svg)
    assert all(group.attrib for group in ET.fromstring(page).iter("g"))


def test_every_run_is_a_dot_and_all_are_one_element() -> None:
    host = next(m for m in kws_inputs().measurements.values() if m.evidence == "measured")
    image = runs(host)
    assert image is not None
    (dots,) = [e for e in ET.fromstring(image.svg).iter() if "linecap: round" in e.get("style", "")]
    strokes = re.findall(r"M (\S+) (\S+)\s+L \1 \2\s", dots.get("d", ""))  # a stroke from a place to the same place
    assert len(strokes) == len(host.total.samples) == dots.get("d", "").count("M")
    across, up = ([float(stroke[axis]) for stroke in strokes] for axis in (0, 1))
    assert across == sorted(across)
    samples = host.total.samples
    lowest_first = sorted(range(len(samples)), key=lambda run: samples[run])
    heights = [-up[run] for run in lowest_first]
    assert heights == sorted(heights)


def test_a_wide_spread_is_told_in_plain_numbers() -> None:
    host = next(m for m in kws_inputs().measurements.values() if m.evidence == "measured")
    spread = tuple(sample * (9 if run % 20 == 0 else 1) for run, sample in enumerate(host.total.samples))
    wide = host.model_copy(update={"total": host.total.model_copy(update={"samples": spread})})
    image = percentiles([wide])
    assert image is not None
    labels = [element.text or "" for element in ET.fromstring(image.svg).iter() if element.tag.endswith("}text")]
    assert "latency, ms (logarithmic)" in labels
    assert {"2", "5", "10", "20"} & set(labels) and not [label for label in labels if "$" in label]
