"""Figures set within a page use its typeface and share no identifier; in files of their own they are outlines."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from specc.report import fonts, style


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
