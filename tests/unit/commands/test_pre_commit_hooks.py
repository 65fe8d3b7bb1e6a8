"""The hooks that other projects get from this repository call commands that exist, on the files they are meant for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from specc.cli import main

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
HOOKS = [dict(re.findall(r"^[- ] (\w+): (.+)$", block, re.M)) for block in re.split(r"(?m)^(?=- id:)", TEXT) if block]


def test_both_hooks_are_there() -> None:
    assert [hook["id"] for hook in HOOKS] == ["specc-check", "specc-fmt"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_command_on_spec_files(hook: dict[str, str], tmp_path: Path) -> None:
    assert hook["language"] == "python"
    assert hook["types"] == "[text]"
    pattern = re.compile(hook["files"])
    assert pattern.search("specs/a.hwspec") and not pattern.search("a.hwspec.txt") and not pattern.search("ahwspec")
    program, *arguments = shlex.split(hook["entry"])
    assert program == "specc"
    good, bad = tmp_path / "good.hwspec", tmp_path / "bad.hwspec"
    good.write_text("hwspec 1\nmodel m {\n  input x 8\n  dense d { units 2 }\n}\n", encoding="utf-8")
    bad.write_text("hwspec 1\nmodel m {\n", encoding="utf-8")
    assert main([*arguments, str(good)]) == 0
    assert main([*arguments, str(good), str(bad)]) == 1
