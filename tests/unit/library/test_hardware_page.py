"""docs/hardware.md shows the library as it is. SPECC_UPDATE_DOCS=1 rewrites the excerpts: read the difference."""

import os
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from specc.check.instruction_model import instruction_model
from specc.cli import main
from specc.elaborate.hardware import library_names
from specc.spec.hardware import Core, Hardware

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "hardware.md"
BLOCK = re.compile(
    r"(?P<head><!-- (?P<kind>output of|from) (?P<subject>.+?) -->\n```\w+\n)(?P<text>.*?)(?P<end>^```$)", re.M | re.S
)


def test_excerpts_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    def current(match: re.Match[str]) -> str:
        if match["kind"] == "from":
            text = (ROOT / match["subject"]).read_text(encoding="utf-8")
        else:
            assert main(shlex.split(match["subject"])[1:]) == 0
            text = capsys.readouterr().out
        return match["head"] + text + match["end"]

    page = PAGE.read_text(encoding="utf-8")
    expected = BLOCK.sub(current, page)
    if os.environ.get("SPECC_UPDATE_DOCS") == "1":
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected
    assert len(BLOCK.findall(page)) >= 4


def test_the_list_is_complete() -> None:
    listed = re.findall(r"^(\w+) ", PAGE.read_text(encoding="utf-8"), re.M)
    assert {*library_names()} <= {*listed}


@pytest.mark.parametrize("core", get_args(Core))
def test_every_core_stands_in_the_table_as_the_checker_treats_it(core: Core) -> None:
    rows = re.findall(r"^\| (`.+`) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    bounds = [bound for cores, bound in rows if f"`{core}`" in cores.split(", ")]
    assert len(bounds) == 1
    judged = instruction_model(Hardware(name="h", title="H", core=core)) is not None
    assert bounds[0].startswith("none") == (not judged)


def test_every_fact_of_the_language_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    own = {*Hardware.model_fields} - {"spans", "name", "core_source", "active_power_clock"}
    missing = {field for field in own if not re.search(rf"^\| .*`{field}\b.*\| .+ \|$", page, re.M)}
    assert missing == set()
