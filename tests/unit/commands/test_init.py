"""`specc init`: a spec to start from, which is itself right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specc.check import check
from specc.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in one that nothing else uses, so that a file written one level up would be seen."""
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


@pytest.mark.parametrize(("argument", "name"), [([], "network"), (["gesture"], "gesture"), (["a.hwspec"], "a")])
def test_the_spec_is_clean_formatted_and_explained(
    argument: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *argument]) == 0
    path = Path(f"{name}.hwspec")
    assert str(path) in capsys.readouterr().out
    result = check(path)
    assert result.diagnostics == ()
    assert result.spec is not None and result.spec.model.name == name
    assert result.spec.targets and result.spec.budgets and result.spec.quantization and result.spec.guidelines
    assert main(["fmt", "--check", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert "starter" not in text and f"specc check {path}" in text
    assert text.count("#") >= 10


def test_a_file_that_exists_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("network.hwspec").write_text("mine\n", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["init"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "specc: network.hwspec exists already; nothing was written\n"
    assert Path("network.hwspec").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize("name", ["../a", "a b", "1a", "", "a/b", "é", "a" * 65])
def test_what_cannot_be_a_name(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["init", name])
    assert end.value.code == 2
    assert "cannot name a model" in capsys.readouterr().err
    assert not list(folder.iterdir()) and not list(folder.parent.glob("*.hwspec"))


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = Path.open

    def denied(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode == "x":
            raise PermissionError(13, "Permission denied")
        return real(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", denied)
    assert main(["init"]) == 1
    assert capsys.readouterr().err == "specc: network.hwspec cannot be written: Permission denied\n"
