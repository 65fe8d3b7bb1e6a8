"""The look of every figure: typeface, colours, sizes; and how a figure becomes an image in a document."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from markupsafe import Markup

from specc.report import fonts
from specc.report.tables import identifier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# M. Okabe, K. Ito, "Color Universal Design" (2008): eight colours that stay distinct with any colour vision. The order
# below also falls from dark to light and back in steps that survive a grey print.
INK: Final = "#1a1a1a"
MUTED: Final = "#6b6b6b"
HAIRLINE: Final = "#c9c9c9"
BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
YELLOW: Final = "#F0E442"
PALE: Final = "#DDDDDD"

WIDTH: Final = 6.54  # inches: the text block of a page, 166 mm
SIZE: Final = 8.0  # points

_OUTLINED: Final[ContextVar[bool]] = ContextVar("outlined", default=False)


@dataclass(frozen=True)
class Image:
    """A finished figure: an SVG, what it shows in words, and the finding it is there for."""

    form: ClassVar = "image"
    name: str
    svg: bytes
    alternative: str
    caption: str

    @property
    def view_box(self) -> str:
        """The rectangle that is drawn in, as SVG writes it."""
        found = re.search(r'<svg [^>]*viewBox="([^"]*)"', self.svg.decode())
        assert found is not None
        return found[1]

    @property
    def content(self) -> Markup:
        """The drawing alone, to be set within a page: its text is in the typeface of the page.

        Only what it refers to itself keeps its identifier; that holds the figure's name, so it is unique on the page.
        """
        inside = self.svg.decode().partition("<svg ")[2].partition(">")[2].rpartition("</svg>")[0]
        inside = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", inside, flags=re.DOTALL)
        inside = re.sub(r'<g id="[^"]*"', "<g", inside)
        inside = re.sub(r">\n\s*<", "><", _without_bare_groups(inside))
        return Markup(inside.replace(f"'{fonts.TEXT}'", f"'{fonts.PAGE_TEXT}'"))


def _without_bare_groups(drawing: str) -> str:
    """Groups without an attribute go, what is in them stays: a page is laid out element by element."""
    kept: list[bool] = []  # of every group that is open: whether its tags stay

    def tag(found: re.Match[str]) -> str:
        if found[0] == "</g>":
            return found[0] if kept.pop() else ""
        attributes = found[0] not in ("<g>", "<g/>")
        if not found[0].endswith("/>"):
            kept.append(attributes)
        return found[0] if attributes else ""

    return re.sub(r"</?g\b[^>]*>", tag, drawing)


@contextmanager
def outlined() -> Iterator[None]:
    """Figures made meanwhile have outlines in place of text: a file of its own looks the same wherever it is opened."""
    token = _OUTLINED.set(True)
    try:
        yield
    finally:
        _OUTLINED.reset(token)


@contextmanager
def figure(height: float, **layout: Any) -> Iterator[Canvas]:
    """A canvas of the width of the text block, `height` inches high, in the document's style."""
    import matplotlib
    from matplotlib.figure import Figure as Canvas
    from matplotlib.font_manager import fontManager

    if all(entry.name != fonts.TEXT for entry in fontManager.ttflist):
        fontManager.addfont(str(fonts.path(fonts.TEXT)))
    settings: Any = {
        "font.family": [fonts.TEXT],
        "font.size": SIZE,
        "text.color": INK,
        "text.parse_math": False,  # a name may hold dollar signs
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.labelsize": SIZE,
        "axes.unicode_minus": True,
        "xtick.labelsize": SIZE,
        "ytick.labelsize": SIZE,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.width": 0.5,
        "ytick.major.width": 0.5,
        "xtick.minor.width": 0.3,
        "legend.frameon": False,
        "legend.fontsize": SIZE,
        "hatch.linewidth": 0.4,
        "svg.fonttype": "path" if _OUTLINED.get() else "none",
    }
    with matplotlib.rc_context(settings):
        yield Canvas(figsize=(WIDTH, height), layout="constrained", **layout)


def image(canvas: Canvas, name: str, alternative: str, caption: str) -> Image:
    """Turn a canvas into an image. To be called while its `figure` context is open. The name becomes an identifier."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):  # the same identifiers every time, others in every figure
        # Unlike `savefig`, this does not draw everything once before, to nowhere, for the layout.
        metadata = {"Date": None, "Creator": None}
        FigureCanvasSVG(canvas).print_svg(buffer, metadata=metadata)  # type: ignore[no-untyped-call]
    return Image(identifier(name), buffer.getvalue(), alternative, caption)


def plain(text: str, longest: int = 28) -> str:
    """A name as it can be drawn: control characters and unknown glyphs replaced, shortened in the middle."""
    known = fonts.characters(fonts.TEXT)
    shown = "".join(
        character if ord(character) in known and unicodedata.category(character)[0] != "C" else "\u00b7"
        for character in text
    )
    if len(shown) <= longest:
        return shown
    tail = longest // 2 - 1
    return f"{shown[: longest - tail - 1]}\u2026{shown[-tail:]}"


def quiet(axes: Axes) -> None:
    """Horizontal rows: no vertical axis line and no tick marks, a hairline grid for reading values."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=HAIRLINE, linewidth=0.4)
    axes.set_axisbelow(True)
