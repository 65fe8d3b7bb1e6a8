"""Setting pages: one self-contained HTML page, and the same page as a PDF."""

from __future__ import annotations

import gc
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup, escape

from specc.report import fonts
from specc.report.inputs import ReportError, ReportInputs
from specc.resources import resource

PANGO_HELP: Final = (
    "the PDF needs the system's Pango libraries (Debian, Ubuntu: "
    "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)"
)

# Where the typefaces go: no text of a spec reads like this, as markup in texts is escaped.
_PLACES: Final = {"text": Markup("<text face>"), "mono": Markup("<mono face>")}


def newest(inputs: ReportInputs) -> datetime:
    """When the newest result was taken: the date of a document. The epoch where nothing was measured."""
    taken = [datetime.fromisoformat(m.provenance.taken_at) for m in inputs.measurements.values()]
    aware = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in taken]
    return max(aware, default=datetime.fromtimestamp(0, UTC))


def render(context: dict[str, Any], template: str = "page.html", style: str = "style.css") -> str:
    """A page of HTML, with fonts and figures inside."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    folder = resource("templates", "document")
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=visible
    )
    environment.filters["code"] = code
    rules = Markup((folder / style).read_text(encoding="utf-8"))
    page = environment.get_template(template).render(**context, style=rules, fonts=_PLACES)
    for name, family in (("text", fonts.TEXT), ("mono", fonts.MONO)):
        page = page.replace(_PLACES[name], fonts.embedded(family, page), 1)
    return page


def visible(value: Any) -> Any:
    """Spell out characters that would be invisible or reorder the text around them (controls, bidirectional marks)."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(
        f"\u27e8U+{ord(character):04X}\u27e9"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in "\n\t"
        else character
        for character in value
    )


def code(text: str) -> Markup:
    """What stands between backquotes in a sentence, set as code; everything is escaped."""
    return Markup(re.sub(r"`([^`]+)`", r'<span class="code">\1</span>', str(escape(visible(text)))))


def file_name(name: str) -> str:
    """A name that is safe as part of a file name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64].strip("_") or "network"


def to_pdf(page: str, date: datetime) -> bytes:
    """A page as a tagged PDF (PDF/UA-1) with bookmarks.

    Raises:
        ReportError: Pango is missing, or the page asks for something outside itself.
    """
    with _source_date(date):
        try:
            from weasyprint import HTML
            from weasyprint.urls import FatalURLFetchingError, URLFetcher
        except OSError as error:
            raise ReportError(PANGO_HELP) from error
        fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)
        document = HTML(string=page, url_fetcher=fetcher)
        try:
            result: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=b"specc")
        except FatalURLFetchingError as error:
            raise ReportError(f"the document asks for something outside itself: {error}") from error
        return result


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: laying out keeps nearly all it makes, and looking through it costs a quarter."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def _source_date(date: datetime) -> Iterator[None]:
    """SOURCE_DATE_EPOCH for the libraries that honour it (font subsetting writes dates), restored afterwards."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(date.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
