"""The two typefaces of every document: IBM Plex Sans and IBM Plex Mono (SIL Open Font License 1.1).

They come as Python packages, so a document looks the same on every machine. The sans is a variable font (weight axis).
"""

from __future__ import annotations

import base64
import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TEXT: Final = "IBM Plex Sans"
MONO: Final = "IBM Plex Mono"
PAGE_TEXT: Final = "Specc Text"  # what a page calls the text face it brings along
_FILES: Final = {
    TEXT: ("fontpkg_ibm_plex_sans", "IBMPlexSans[wdth,wght].ttf"),
    MONO: ("fontpkg_ibm_plex_mono", "IBMPlexMono-Regular.ttf"),
}


def path(family: str) -> Path:
    """The font file of a family.

    Raises:
        FileNotFoundError: the package that ships it is not installed.
    """
    package, name = _FILES[family]
    found = find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the Python package {package}, which ships the typeface {family}, is not installed")
    return Path(found.origin).parent / "files" / name


@cache
def characters(family: str) -> frozenset[int]:
    """Code points that a family can show."""
    from fontTools.ttLib import TTFont

    with TTFont(path(family), lazy=True) as font:
        return frozenset(font.getBestCmap())


def embedded(family: str, text: str) -> str:
    """A family as a `data:` URI (WOFF2), reduced to the characters of a text."""
    return _subset(family, frozenset(map(ord, text)) & characters(family))


@cache
def _subset(family: str, codes: frozenset[int]) -> str:
    from fontTools import subset

    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["kern", "liga", "ccmp", "mark", "mkmk", "zero"]
    options.drop_tables += ["meta"]  # design languages; fontTools cannot subset it
    options.recalc_timestamp = False  # the same text gives the same bytes
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(codes))
    buffer = io.BytesIO()
    with subset.load_font(str(path(family)), options) as font:
        subsetter.subset(font)
        subset.save_font(font, buffer, options)
    return "data:font/woff2;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
