"""The documentation tells the truth: excerpts are in the files they come from, outputs are what the commands print."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
GAP = "..."  # a line of its own in an excerpt: something is left out here

MARKED_BLOCK = re.compile(
    r"^<!-- (?P<kind>from|output of) (?P<subject>.+?) -->\n```\w*\n(?P<text>.*?)^```$", re.M | re.S
)
MARKER = re.compile(r"^<!-- (from|output of) ", re.M)
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)[^)]*\)")


def marked_blocks() -> list[tuple[str, str, str, str]]:
    return [
        (page.name, match["kind"], match["subject"], match["text"])
        for page in PAGES
        for match in MARKED_BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


@cache
def output_of(command: str) -> str:
    program, subcommand, *rest = shlex.split(command)
    assert program == "specc" and subcommand in ("check", "explain", "predict", "targets", "--version", "--help"), (
        f"{command}: only commands that run nothing can be repeated here"
    )
    done = subprocess.run(
        [sys.executable, "-m", "specc", subcommand, *rest], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def missing_part(excerpt: str, whole: str) -> str | None:
    """The first part of the excerpt, between gaps, that does not follow in the whole; None if all of it does."""
    whole_lines = [line.rstrip() for line in whole.splitlines()]
    parts = [part for part in re.split(rf"^{re.escape(GAP)}\n", excerpt, flags=re.M) if part.strip()]
    start = 0
    for part in parts:
        lines = [line.rstrip() for line in part.strip("\n").splitlines()]
        for position in range(start, len(whole_lines) - len(lines) + 1):
            if whole_lines[position : position + len(lines)] == lines:
                start = position + len(lines)
                break
        else:
            return part
    return None


@pytest.mark.parametrize(("page", "kind", "subject", "text"), marked_blocks())
def test_an_excerpt_is_what_it_says(page: str, kind: str, subject: str, text: str) -> None:
    whole = (ROOT / subject).read_text(encoding="utf-8") if kind == "from" else output_of(subject)
    assert missing_part(text, whole) is None, f"{page}: this is not {kind} {subject}:\n{text}\nbut there is:\n{whole}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_marker_stands_before_a_code_block(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(MARKER.findall(text)) == len(MARKED_BLOCK.findall(text))


def test_the_readme_shows_a_spec_and_a_diagnostic() -> None:
    kinds = [(kind, subject) for page, kind, subject, _ in marked_blocks() if page == "README.md"]
    assert ("from", "specs/edge_cnn.hwspec") in kinds
    assert ("output of", "specc check specs/edge_cnn.hwspec") in kinds


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_images_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_the_command_table_lists_the_commands_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `specc (\w+)", readme, re.M))
    usage = output_of("specc --help")
    assert listed == set(re.findall(r"^    (\w+)(?: |$)", usage, re.M))


@pytest.mark.parametrize(
    ("excerpt", "missing"),
    [("b\nc\n", False), ("a\n...\nd\n", False), ("c\n...\na\n", True), ("a\nc\n", True), ("b\nx\n", True)],
)
def test_parts_must_follow_each_other(excerpt: str, missing: bool) -> None:
    assert (missing_part(excerpt, "a\nb\nc\nd\n") is not None) == missing
