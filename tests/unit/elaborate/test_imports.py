"""Imports: what may be read, what may not, and where what is wrong is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load
from specc.elaborate.imports import DEPTH_LIMIT
from specc.spec import Spec
from specc.syntax.files import SIZE_LIMIT

MODEL = "model m {\n  input x 8\n  dense d { units 4 }\n}\n"
TARGET = "target t { use stm32f407 }\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".hwspec")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("hwspec 1\n" + text, encoding="utf-8")


def outcome(path: Path) -> tuple[Spec | None, list[tuple[str, str]]]:
    sink = Sink()
    spec = load(path, sink)
    return spec, [(d.code, d.primary.span.source.name if d.primary else "") for d in sink]


def test_a_file_in_a_sister_folder(project: Path) -> None:
    write(project, specs__main=f'import "../shared/t.hwspec"\n{MODEL}', shared__t=TARGET)
    spec, found = outcome(project / "specs" / "main.hwspec")
    assert not found
    assert spec is not None
    assert [target.name for target in spec.targets] == ["t"]
    place = spec.targets[0].span()
    assert place is not None
    assert place.source.path == (project / "shared" / "t.hwspec").resolve()


def test_without_a_project_only_the_own_folder(tmp_path: Path) -> None:
    write(tmp_path, specs__main=f'import "../t.hwspec"\n{MODEL}', t=TARGET)
    assert outcome(tmp_path / "specs" / "main.hwspec")[1] == [("E1021", str(tmp_path / "specs" / "main.hwspec"))]


def test_a_diamond_is_read_once(project: Path) -> None:
    write(
        project,
        main=f'import "a.hwspec"\nimport "b.hwspec"\nimport "./a.hwspec"\n{MODEL}',
        a='import "t.hwspec"\n',
        b='import "t.hwspec"\n',
        t=TARGET,
    )
    spec, found = outcome(project / "main.hwspec")
    assert not found
    assert spec is not None and len(spec.targets) == 1


def test_a_file_that_imports_itself_through_a_link(project: Path) -> None:
    write(project, main=f'import "link.hwspec"\n{MODEL}')
    (project / "link.hwspec").symlink_to("main.hwspec")
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1022"]


@pytest.mark.parametrize("kind", ["file", "folder", "chain"])
def test_links_do_not_lead_out(project: Path, kind: str) -> None:
    outside = project.parent / "outside"
    write(outside, secret=TARGET)
    write(project, main='import "in/secret.hwspec"\n' + MODEL)
    if kind == "folder":
        (project / "in").symlink_to(outside)
    else:
        (project / "in").mkdir()
        target = outside / "secret.hwspec"
        if kind == "chain":
            (project / "hop.hwspec").symlink_to(target)
            target = project / "hop.hwspec"
        (project / "in" / "secret.hwspec").symlink_to(target)
    spec, found = outcome(project / "main.hwspec")
    assert spec is None
    assert found == [("E1021", str(project / "main.hwspec"))]


def test_nothing_is_said_about_files_outside(project: Path) -> None:
    """Whether a file outside exists makes no difference."""
    write(project.parent, there=TARGET)
    messages = []
    for name in ("there", "nowhere"):
        write(project, main=f'import "../{name}.hwspec"\n{MODEL}')
        sink = Sink()
        load(project / "main.hwspec", sink)
        messages.append([d.message.replace(name, "") for d in sink])
    assert messages[0] == messages[1]


def test_a_pipe_is_not_opened(project: Path) -> None:
    write(project, main=f'import "pipe.hwspec"\n{MODEL}')
    os.mkfifo(project / "pipe.hwspec")
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1021"]


def test_a_circle_of_links(project: Path) -> None:
    write(project, main=f'import "a.hwspec"\n{MODEL}')
    (project / "a.hwspec").symlink_to("b.hwspec")
    (project / "b.hwspec").symlink_to("a.hwspec")
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1021"]


def test_depth_is_bounded(project: Path) -> None:
    depth = DEPTH_LIMIT + 1
    for level in range(depth):
        write(project, **{f"f{level}": f'import "f{level + 1}.hwspec"\n'})
    write(project, **{f"f{depth}": TARGET})
    write(project, main=f'import "f1.hwspec"\n{MODEL}')
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1021"]
    write(project, main=f'import "f2.hwspec"\n{MODEL}')
    assert outcome(project / "main.hwspec")[1] == []


def test_size_is_bounded_together(project: Path) -> None:
    half = "# " + "x" * (SIZE_LIMIT // 2) + "\n"
    write(project, main=f'import "a.hwspec"\nimport "b.hwspec"\n{MODEL}', a=half, b=half)
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1021"]


def test_errors_stand_in_their_own_file(project: Path) -> None:
    write(
        project, main=f'import "t.hwspec"\n{MODEL}budget t {{ latency total <= 1 s }}\n', t="target t { use stm32f4 }\n"
    )
    _, found = outcome(project / "main.hwspec")
    assert found == [("E1011", str(project / "t.hwspec"))]


def test_the_edition_of_an_imported_file(project: Path) -> None:
    write(project, main=f'import "t.hwspec"\n{MODEL}')
    (project / "t.hwspec").write_text("hwspec 2\n" + TARGET, encoding="utf-8")
    assert outcome(project / "main.hwspec")[1] == [("E1002", str(project / "t.hwspec"))]


def test_parameters_come_along(project: Path) -> None:
    write(project, main=f'import "t.hwspec"\n{MODEL.replace("4", "$width")}', t="let width = 7\nlet unused = 1\n")
    spec, found = outcome(project / "main.hwspec")
    assert not found
    assert spec is not None and spec.model.layers[0].units == 7


def test_a_data_set_inside_and_outside(project: Path) -> None:
    (project / "digits.npz").write_bytes(b"")
    write(project, main=f'{MODEL}dataset digits from "digits.npz"\n')
    spec, found = outcome(project / "main.hwspec")
    assert not found
    assert spec is not None and spec.datasets[0].path == "digits.npz"
    assert spec.datasets[0].location == project / "digits.npz"
    (project / "digits.npz").unlink()
    (project / "digits.npz").symlink_to("/etc/hostname")
    assert [code for code, _ in outcome(project / "main.hwspec")[1]] == ["E1021"]
